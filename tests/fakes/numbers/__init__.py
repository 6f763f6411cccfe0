"""Numbers and requests about them in memory."""
