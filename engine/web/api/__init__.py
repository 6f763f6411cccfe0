"""The operators' interface `/api/v1`: accounts, money, numbers and orders, for programs.

`routes` is the table: every path with what it takes, answers and refuses. It serves the requests
(`gate`, `once`) and is what the OpenAPI document is made from (`document`), so the two cannot
differ. The organisation comes from the key; what another organisation has is not there.
"""
