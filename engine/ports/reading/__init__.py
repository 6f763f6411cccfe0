"""What an operator looks up in the books: each Protocol one need, all within one organisation.

Every method is one transaction, with the errors of `ports.ledger`. What another organisation has
is not there. Numbers come whole, with `withheld` beside them: `core.masking` says what of them
may be shown.
"""
