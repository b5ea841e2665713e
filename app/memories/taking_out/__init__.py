"""Everything that a person keeps, as one file."""
