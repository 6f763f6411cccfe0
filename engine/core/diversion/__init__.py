"""Calls to our numbers that are sent on to others: their routes, and what is kept of them."""
