"""Placing probes, and what they show."""
