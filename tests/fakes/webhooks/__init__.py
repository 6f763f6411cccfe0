"""Webhooks in memory."""
