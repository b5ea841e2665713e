"""What an app may do with memories, mementos, integrations and documents: each once, whoever calls it."""
