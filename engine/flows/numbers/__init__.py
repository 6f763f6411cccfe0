"""The stock of numbers and who has them: orders, holders, papers, sources, the day's work."""
