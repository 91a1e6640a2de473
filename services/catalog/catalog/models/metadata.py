"""What all tables belong to."""

from shopkit.tables import new_metadata

metadata = new_metadata()
