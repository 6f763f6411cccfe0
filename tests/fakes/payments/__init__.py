"""Payment providers on this machine, built from their documentation: for tests and for a demo."""
