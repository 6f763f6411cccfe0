"""`groschen tracking`."""
