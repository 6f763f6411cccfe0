"""Probes: calls of ours to numbers of ours, which never answer them."""
