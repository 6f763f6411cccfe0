"""Where numbers lead, on the command line."""
