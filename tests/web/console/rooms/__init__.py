"""Rooms of pages, each with what is its own."""
