"""What programs change is in the audit log."""
