"""What is measured of calls, and how an engine stands; where it goes is `ports.metrics`."""
