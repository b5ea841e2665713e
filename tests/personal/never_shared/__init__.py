"""What is never shared."""
