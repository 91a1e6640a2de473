"""Plays a payment provider: an outside company with its own process and its own books."""
