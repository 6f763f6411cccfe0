"""The monthly statement of a billing profile, for its line owner: what its customers' money did.

`statement` draws it up and refuses one that does not add up, `words` says it in German and
English, `sheet` writes it as text, CSV or plain values, `pdf` as a document; `monthly` makes it by
itself when a month is over.
"""
