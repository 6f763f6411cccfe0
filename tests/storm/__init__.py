"""Storms of callbacks in which everything dies, again and again: each payment counts once."""
