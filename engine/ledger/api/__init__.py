"""What the operators' interface keeps beside the journal, and its lists of customers."""
