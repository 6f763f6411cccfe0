"""A finished call as a page shows it, and signed, as proof for a complaint.

`timeline` puts in order what the books know of it, `proof` signs and checks, `pdf` draws.
"""
