"""Users of the console, their sessions and the audit log, on SQL."""
