"""How things are named and written in the store.

Everything of one account is under one hash tag (`{acct:<id>}`), so that a script on it touches one
slot of a cluster. An account is one hash: `currency`, `balance`, `seq`, `credited` (all that ever
came in), `closed_until`, and a field `h:<hold id>` for each hold,
`<micros>:<granted_n>:<epoch>:<step>:<meter as JSON>`, whose numbers Lua changes without reading
the JSON. Live calls are fields `<epoch>:<engine>:<account id>:<body>` of a few hashes.
"""

import zlib
from collections.abc import Mapping
from urllib.parse import quote, unquote

import msgspec

from engine.core.account import AccountView, Hold
from engine.core.quota import Meter
from engine.errors import CallerError
from engine.ports.store import AgentState, PauseReason, Reservation, Snapshot
from engine.store.limits import CALL_BUCKETS, counted

AGENTS_KEY = "agents"
ENGINES_KEY = "engines"
GENERATION_KEY = "generation"
HOLD_FIELD = b"h:"

_encoder = msgspec.json.Encoder()
_meters = msgspec.json.Decoder(Meter)


def account_key(account_id: str) -> str:
    """The hash of an account; its name is also the channel of its news."""
    return f"{{acct:{account_id}}}"


def ended_key(account_id: str) -> str:
    """The holds of an account that were ended by a charge, scored by when."""
    return f"{account_key(account_id)}:ended"


def account_keys(account_id: str) -> tuple[str, str]:
    """The keys of every script on an account."""
    return account_key(account_id), ended_key(account_id)


def account_of(channel: bytes) -> str:
    """The account whose news a channel carries."""
    return channel.decode()[len("{acct:") : -1]


def bucket_keys(number: int) -> tuple[str, str]:
    """Where a bucket's live calls are, and those that are finished."""
    return f"{{calls:{number}}}", f"{{calls:{number}}}:finished"


def call_keys(call_id: str) -> tuple[str, str]:
    """The keys of every script on a live call."""
    return bucket_keys(zlib.crc32(call_id.encode()) % CALL_BUCKETS)


def turn_key(group: str) -> str:
    """The counter of a hunt group's turns."""
    return f"turn:{group}"


def line_key(engine: str) -> str:
    """The commands that wait for an engine."""
    return f"commands:{engine}"


def taken_key(command_id: str, engine: str) -> str:
    """Says that an engine has taken a command."""
    return f"command:{command_id}:taken:{engine}"


def outcome_key(command_id: str) -> str:
    """What came of a command."""
    return f"command:{command_id}:outcome"


def limit_key(key: str) -> str:
    """A count of calls; all are in one slot, since one script looks at several."""
    return f"{{limits}}:{key}"


def probe_key(e164: str) -> str:
    """Where it is kept that a probe of a number is awaited, and when it arrived."""
    return f"probe:{e164}"


def meter_text(meter: Meter) -> bytes:
    """A meter as it stands in a hold."""
    return _encoder.encode(meter)


def checked_wish(wish: Reservation) -> Reservation:
    """The wish itself; `CallerError` if its levels fall or cannot be kept."""
    falls = any(later < level for level, later in zip(wish.levels, wish.levels[1:], strict=False))
    if falls or wish.least < 1:
        raise CallerError("levels must not fall, and at least one must be wanted", "levels")
    for level in wish.levels:
        counted(level, "levels")
    counted(wish.epoch, "epoch")
    counted(wish.step, "step")
    return wish


def fields_of(flat: list[bytes]) -> dict[bytes, bytes]:
    """A hash as Lua returns it, field and value in turns."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def account_view(account_id: str, fields: Mapping[bytes, bytes]) -> AccountView:
    """The account as a call sees it, holds in the order of their ids."""
    holds = [
        _hold(name.removeprefix(HOLD_FIELD).decode(), value)
        for name, value in sorted(fields.items())
        if name.startswith(HOLD_FIELD)
    ]
    return AccountView(
        account_id,
        fields[b"currency"].decode(),
        int(fields[b"balance"]),
        int(fields[b"seq"]),
        tuple(holds),
    )


def _hold(hold_id: str, value: bytes) -> Hold:
    micros, granted_n, _epoch, _step, meter = value.split(b":", 4)
    if not meter:
        return Hold(hold_id, int(micros))
    return Hold(hold_id, int(micros), _meters.decode(meter).granted(int(granted_n)))


def name_text(name: str) -> str:
    """A name as it stands in a live call, where colons part the fields."""
    return quote(name, safe="")


def snapshot_texts(snapshot: Snapshot) -> tuple[str, str, bytes]:
    """Epoch, engine, and the rest of a live call, as `save` takes them."""
    account = name_text(snapshot.account_id or "").encode()
    return str(snapshot.epoch), name_text(snapshot.engine), account + b":" + snapshot.body


def snapshot_of(call_id: str, value: bytes) -> Snapshot:
    """A live call as it was written."""
    epoch, engine, account, body = value.split(b":", 3)
    return Snapshot(
        call_id=call_id,
        account_id=unquote(account.decode()) or None,
        engine=unquote(engine.decode()),
        epoch=int(epoch),
        body=body,
    )


def agent_state(name: str, texts: list[bytes]) -> AgentState:
    """An agent as the script tells of him."""
    free, idle_since_ms, paused_ms, reason, claimed_ms, call_id = texts
    return AgentState(
        name,
        free == b"1",
        PauseReason(reason.decode()) if reason else None,
        int(idle_since_ms),
        call_id.decode() or None,
        paused_ms=int(paused_ms),
        claimed_ms=int(claimed_ms),
    )
