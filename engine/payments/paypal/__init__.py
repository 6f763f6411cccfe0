"""PayPal: the account (`provider`), what is said on the wire, the certificates of its callbacks."""
