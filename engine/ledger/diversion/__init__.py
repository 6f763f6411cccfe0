"""Routes of numbers and forwarded calls, beside the stock."""
