"""The life of the numbers we give to organisations: records and rules, pure.

A *number* here is a DID of our stock, a *holder* the organisation that has it. `life` says what may
happen to a number in which state, `holder` what a holder must prove, `due` what a day brings.
"""
