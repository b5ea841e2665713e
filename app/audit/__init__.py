"""Who did what to an organization's apps and people."""
