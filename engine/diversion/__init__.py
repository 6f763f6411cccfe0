"""What every diverted call has in common, whichever service sends it on."""
