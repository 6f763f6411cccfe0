"""A finished call as a page shows it, and signed, as proof for a complaint.

`timeline` puts in order what the books know of it, `charged` says when what was charged for was
talked, `wording` what prompts say, `proof` signs and checks, `pdf` draws.
"""
