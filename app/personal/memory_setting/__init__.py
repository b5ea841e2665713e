"""What apps may do with what apps added, on the pages of the apps."""
