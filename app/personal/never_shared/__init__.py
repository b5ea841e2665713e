"""What a person never shares, on pages of their own."""
