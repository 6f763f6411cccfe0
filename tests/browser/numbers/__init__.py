"""What people do with numbers, in a real browser."""
