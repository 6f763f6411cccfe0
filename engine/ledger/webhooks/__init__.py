"""Webhooks in SQL: endpoints, events with the transaction that makes them true, deliveries."""
