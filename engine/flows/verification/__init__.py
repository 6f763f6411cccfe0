"""Verifications at work: asked for, called, checked, ended.

`Verifier` is what an interface speaks to. `Placing` places calls, `Sessions` keeps what
verifications become, `Codes` derives their codes.
"""
