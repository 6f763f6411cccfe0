"""A billing profile's sums, added up by the database."""
