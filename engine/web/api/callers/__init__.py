"""Callers over the interface: notes and reports on them, and who is blocked."""
