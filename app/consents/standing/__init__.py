"""What a person does about apps that are connected: pausing all at once, and looking after those that nobody uses."""
