"""Telling web analytics of tracking calls."""
