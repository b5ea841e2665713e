"""The memory server for agents."""
