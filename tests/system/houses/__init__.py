"""What needs a house of its own: other trunks, and deaths."""
