"""Payment providers on this machine, built from what the real ones document.

Each is a small web server on a port of its own: its interface, a page where the payer pays or
leaves, and the callbacks it sends. The tests hold our side against them, the demo shows them.
"""
