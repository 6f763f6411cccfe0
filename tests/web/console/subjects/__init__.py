"""What tests know of each subject of the console: `ROWS` and `seed`; see `house.py` beside this."""
