"""What the standards demand of a server, sentence by sentence: each is kept, and what it forbids is refused."""
