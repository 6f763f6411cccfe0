"""Mails on their way, in SQL: queued with the transaction that makes them true."""
