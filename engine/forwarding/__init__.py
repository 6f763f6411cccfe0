"""Forwarding of US toll-free numbers."""
