"""Reading and writing orders, their papers and keys. Statements are built once; functions run
inside a transaction."""
