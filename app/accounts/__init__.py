"""People, the organizations they belong to, and where they are signed in."""
