"""A month of calls, once more under a draft of the configuration."""
