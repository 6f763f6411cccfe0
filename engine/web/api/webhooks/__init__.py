"""Webhooks on the interface: endpoints, deliveries, and what is told there."""
