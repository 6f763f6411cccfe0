"""Money by hand, and records as files."""
