"""Calls on a real Asterisk with real callers and agents, judged by ear and by the books."""
