"""Commands on what lives now: calls and agents."""
