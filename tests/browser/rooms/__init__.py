"""Rooms of the console, each by the way people go through it."""
