"""What a person knows, where it came from, and the mementos through which an app may look at it."""
