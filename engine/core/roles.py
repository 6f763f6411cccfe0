"""Who may do what in the console: roles and their rights, as one table.

A *right* is what one route needs; a *role* is what a person is given. Whose records a right reaches
is another question: a user of an organisation reaches his own, the operator's staff every one.
"""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a user of the console is."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    COORDINATOR = "coordinator"
    AGENT = "agent"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What a page or an act needs. A `write` is good for nothing without its `read`."""

    OWN = "own"
    DESK = "desk"
    CALLS_READ = "calls:read"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    NUMBER_REVEAL = "number:reveal"
    MONEY_READ = "money:read"
    MONEY_WRITE_LIMITED = "money:write:limited"
    MONEY_WRITE = "money:write"
    SERVICES_READ = "services:read"
    SERVICES_WRITE = "services:write"
    NUMBERS_READ = "numbers:read"
    NUMBERS_WRITE = "numbers:write"
    FORWARDING_READ = "forwarding:read"
    FORWARDING_WRITE = "forwarding:write"
    TRACKING_READ = "tracking:read"
    TRACKING_WRITE = "tracking:write"
    VERIFICATION_READ = "verification:read"
    VERIFICATION_WRITE = "verification:write"
    IDENT_READ = "ident:read"
    IDENT_WRITE = "ident:write"
    PICTURES_READ = "pictures:read"
    DIALPLAN_READ = "dialplan:read"
    DIALPLAN_WRITE = "dialplan:write"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    OWNERS_WRITE = "owners:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"
    CALLS_WRITE = "calls:write"
    AGENTS_WRITE = "agents:write"
    STAFF_WRITE = "staff:write"


_ALL = frozenset(Right)
_OWNERS_ALONE = {Right.OWNERS_WRITE, Right.STAFF_WRITE, Right.CASES_READ, Right.CASES_WRITE}
_CAMPAIGNS = {
    Right.OWN,
    Right.FORWARDING_READ,
    Right.FORWARDING_WRITE,
    Right.TRACKING_READ,
    Right.TRACKING_WRITE,
}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OWNER: _ALL,
    Role.ADMIN: _ALL - _OWNERS_ALONE,
    Role.MANAGER: frozenset(
        {
            Right.OWN,
            Right.CALLS_READ,
            Right.CUSTOMERS_READ,
            Right.CUSTOMERS_WRITE,
            Right.NUMBER_REVEAL,
            Right.MONEY_READ,
            Right.MONEY_WRITE_LIMITED,
            Right.SERVICES_READ,
            Right.SERVICES_WRITE,
            Right.NUMBERS_READ,
            Right.NUMBERS_WRITE,
            Right.FORWARDING_READ,
            Right.FORWARDING_WRITE,
            Right.TRACKING_READ,
            Right.VERIFICATION_READ,
            Right.IDENT_READ,
            Right.CALLS_WRITE,
            Right.AGENTS_WRITE,
        }
    ),
    Role.COORDINATOR: frozenset(_CAMPAIGNS),
    Role.AGENT: frozenset({Right.OWN, Right.DESK}),
    Role.AUDITOR: frozenset(
        {Right.OWN}
        | {right for right in Right if right.endswith(":read")}
        - {Right.PICTURES_READ}
        - _OWNERS_ALONE
    ),
}
"""Every role's rights. Owners can do all; nobody else makes owners, lets anybody in without his
second factor, or sees authorities' cases. `staff:write` makes somebody the operator's staff, and is
good for nothing to anybody who is not."""


def may(role: Role, right: Right) -> bool:
    """Whether a role has a right."""
    return right in RIGHTS[role]


def may_appoint(actor: Role, *roles: Role) -> bool:
    """Whether a user may change somebody who has or is to have these roles."""
    needed = Right.OWNERS_WRITE if Role.OWNER in roles else Right.USERS_WRITE
    return may(actor, needed)
