"""Payment providers, one file each, behind `ports.payments.Provider`; `registry` names them all.

`http` asks a provider and turns every failure into the house's errors, `options` reads what the
operator wrote for it, `certificates` follows a chain to a root of trust. Each provider's docstring
says what was built from documentation alone and could not be tried against the live system.
"""
