"""Commands that look things up in the books, or let them go."""
