"""One module per group of commands; each parses options, calls one function and prints."""
