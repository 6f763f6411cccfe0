"""Reports of tracking calls."""
