"""Runs the whole shop on one machine: four services, nginx before them, SQLite behind them,
and a payment sandbox beside them."""
