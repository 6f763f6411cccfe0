"""Tracking calls: a number for each sales channel, forwarded to the dealer."""
