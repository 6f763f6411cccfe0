"""Sound as a telephone carries it: A-law, RTP laid on a tape, recordings, phones that speak."""
