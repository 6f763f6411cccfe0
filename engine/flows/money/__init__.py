"""Money in the flows: accounts, movements, the way from journal to store, and their agreement."""
