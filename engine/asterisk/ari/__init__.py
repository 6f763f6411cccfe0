"""Asterisk's REST interface: what it offers (generated), requests, the event socket."""
