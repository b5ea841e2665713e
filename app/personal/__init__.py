"""A person's own pages: what they have allowed, and how to end it."""
