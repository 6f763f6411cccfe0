"""Requests to addresses that customers name: bounded, and to public addresses alone."""
