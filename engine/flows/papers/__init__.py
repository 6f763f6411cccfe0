"""What people file: bills, receipts, statements, on paper that looks alike."""
