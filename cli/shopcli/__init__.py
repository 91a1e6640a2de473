"""The shop from the command line; a client of the public API like any other."""
