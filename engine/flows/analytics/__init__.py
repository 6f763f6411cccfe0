"""Tracking calls told to web analytics: `collecting` sets up who is told, `sender` tells."""
