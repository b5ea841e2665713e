"""Another e-mail address for an account: confirmed by its mailbox, and taken back by the old one's within a week."""
