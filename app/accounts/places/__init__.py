"""Where, and with what, a person signs in: networks that they know again, and devices by name."""
