"""The Asterisk that plays the phone network, and the legs of its calls."""
