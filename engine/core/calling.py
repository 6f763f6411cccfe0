"""Who calls whom, as a trunk signals it: the number dialled, the number its network vouches for.

Pure. RFC 3325 (P-Asserted-Identity), RFC 3323 (Privacy). What is judged of it is each service's.
"""

from engine.core.events import CallArrived
from engine.core.identity import SignalledIdentity, Vouched
from engine.core.inventory import Trunk
from engine.core.number import NumberInfo, is_anonymous, normalise


def called(event: CallArrived, trunk: Trunk) -> str:
    """The number of ours that was dialled: E.164, if the trunk writes it as it writes numbers."""
    return normalise(event.did, trunk.number_format, trunk.region).e164 or event.did


def vouched(identity: SignalledIdentity, trunk: Trunk) -> tuple[NumberInfo, ...]:
    """What the trunk's network vouches for, valid numbers alone; several if it contradicts
    itself."""
    infos = (read_number(value, trunk) for value in _vouched_values(identity, trunk))
    return tuple({info.e164: info for info in infos if info is not None}.values())


def read_number(value: str, trunk: Trunk) -> NumberInfo | None:
    """The valid number in one identity value."""
    info = normalise(value, trunk.number_format, trunk.region)
    return info if info.e164 else None


def is_withheld(identity: SignalledIdentity) -> bool:
    """Whether the caller asked that his number be shown to nobody (RFC 3323, RFC 3325 9.3).

    A From made anonymous says so too (RFC 3323 4.1.1.3), also where Privacy was lost on the way.
    """
    wishes = {wish.strip().lower() for wish in identity.privacy.split(";")}
    if wishes & {"id", "user", "header", "session", "critical"}:
        return True
    if is_anonymous(identity.from_user):
        return True
    return identity.presentation.startswith("prohib")


def _vouched_values(identity: SignalledIdentity, trunk: Trunk) -> tuple[str, ...]:
    if trunk.vouches is Vouched.PAI:
        return identity.asserted
    if trunk.vouches is Vouched.FROM:
        return (identity.from_user,)
    return ()
