"""What is reported of tracking calls: sums with shares and comparison, as text, CSV and values."""
