"""Mails on their way."""
