"""Auth: users, credentials, sessions, roles and scopes, and the only private keys of the shop."""
