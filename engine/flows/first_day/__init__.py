"""The first day: what must be there before callers are invited, each step seen for itself."""
