"""Money that comes in: orders are begun, callbacks taken in, providers asked, calls extended."""
