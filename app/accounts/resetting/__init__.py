"""A new password by a link, for who has forgotten theirs; and the look back at what was connected meanwhile."""
