"""SQL. Functions take a connection and know nothing of HTTP."""
