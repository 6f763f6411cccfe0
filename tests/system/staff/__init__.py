"""People at work beside calls: supervisors and agents."""
