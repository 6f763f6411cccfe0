"""Diverted calls: where a number's calls go, and how its holder says so."""
