"""The stock of numbers in the ledger's own database."""
