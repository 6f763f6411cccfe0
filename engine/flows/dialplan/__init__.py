"""The operator's own dialplan as the flows see it, and what would happen to a call, in words."""
