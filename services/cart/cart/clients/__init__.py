"""What cart asks of other services."""
