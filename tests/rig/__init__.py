"""The rig: real SIP callers and agents around an engine, and an ear for what they heard."""
