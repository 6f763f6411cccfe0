"""What people at work need: orders to live calls, notes on callers and agents' days."""
