"""What commands change is in the audit log."""
