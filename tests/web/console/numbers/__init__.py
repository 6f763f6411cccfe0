"""Numbers, their holders, sources, and authorities' requests in the console."""
