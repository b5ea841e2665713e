"""What apps did: receipts, how long they are kept, and undoing what was written."""
