"""`scripts/run --demo-data`: two businesses with months behind them, people, and live calls."""
