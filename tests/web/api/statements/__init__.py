"""Tracking calls, asked for by programs."""
