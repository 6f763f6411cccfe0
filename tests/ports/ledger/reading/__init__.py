"""What an operator looks up, on SQLite and PostgreSQL."""
