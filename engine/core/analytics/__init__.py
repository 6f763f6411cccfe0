"""Tracking calls told to web analytics: which program, what of a call, in which words. Pure."""
