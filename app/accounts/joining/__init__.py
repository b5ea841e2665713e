"""Sign-up, and showing that an e-mail address is one's own: by a link that a letter brings."""
