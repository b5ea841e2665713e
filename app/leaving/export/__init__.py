"""Everything that an account holds, as one zip archive: its memories, and beside them all that is known of the person."""
