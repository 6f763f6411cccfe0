"""Collectors and the hits that wait for them, in SQL."""
