"""Configuration versions in the ledger's own database."""
