"""The rig: real SIP callers and agents around an engine, an ear for what they heard, a browser."""
