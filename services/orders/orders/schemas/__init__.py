"""What clients send to orders, and what they get."""
