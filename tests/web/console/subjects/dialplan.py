"""The operator's own dialplan."""

from tests.web.console.house import NOBODY_OF_ORGANISATION, House, Row

HERE = "/console/dialplan"
DRAFT = {"based_on": "1", "file:own.conf": "exten => 4711,1,Hangup(17)\n"}

ROWS = {
    ("GET", HERE): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{HERE}/check"): Row(NOBODY_OF_ORGANISATION, DRAFT),
    ("GET", f"{HERE}/compare"): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{HERE}/apply"): Row(NOBODY_OF_ORGANISATION, DRAFT),
    ("POST", f"{HERE}/restore"): Row(NOBODY_OF_ORGANISATION, {"number": "1"}),
}


async def seed(_house: House) -> None:
    """The files are in a folder, not in the books."""
