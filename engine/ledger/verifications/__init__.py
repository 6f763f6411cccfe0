"""Verifications beside the journal in which proved ones are charged."""
