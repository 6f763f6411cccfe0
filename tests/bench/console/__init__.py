"""What a browser waits for."""
