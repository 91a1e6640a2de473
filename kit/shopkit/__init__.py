"""The plumbing that every service of the shop shares. It knows no service."""
