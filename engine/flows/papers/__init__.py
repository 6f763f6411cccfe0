"""What people file: bills, receipts, statements; their months, their columns, their paper."""
