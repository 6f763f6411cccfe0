"""Replays that were begun from pages, beside the calls they were about."""
