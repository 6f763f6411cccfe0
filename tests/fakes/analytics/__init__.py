"""Collectors and analytics programs as the suite has them."""
