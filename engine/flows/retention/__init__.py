"""Letting go of what may be kept no longer, once a day and by command."""
