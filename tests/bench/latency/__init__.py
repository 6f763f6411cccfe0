"""What people wait for, timed beside a floor of the same run."""
