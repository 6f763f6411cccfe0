"""Mails on their way: `rules` says when one is tried again, `sender` brings them to the server."""
