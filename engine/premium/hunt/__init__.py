"""From the waiting caller to the conversation: an agent is found, briefed, and both are joined."""
