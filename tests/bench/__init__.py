"""Measuring: `scripts/bench`."""
