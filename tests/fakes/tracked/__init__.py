"""Tracking calls in memory."""
