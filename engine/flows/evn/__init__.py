"""The itemised bill (EVN, § 65 TKG): what each call of an account in a month cost, and why.

`bill` collects it from the books, `words` says it in German and English, `sheet` writes it as
lines of text or CSV, `pdf` as a document. `register` has the calls of many callers.
"""
