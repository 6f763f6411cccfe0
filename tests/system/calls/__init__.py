"""Calls in one house, played side by side."""
