"""Probes of our numbers, beside the stock."""
