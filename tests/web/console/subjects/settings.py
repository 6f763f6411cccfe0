"""A user's own settings."""

from tests.web.console.house import ALL, House, Row

ROWS = {
    ("GET", "/console/settings"): Row(ALL),
    ("POST", "/console/settings/look"): Row(ALL, {"lang": "de", "theme": "auto"}),
    ("GET", "/console/settings/password"): Row(ALL),
    ("POST", "/console/settings/password"): Row(ALL, {"old": "wrong"}),
    ("GET", "/console/settings/second-factor"): Row(ALL),
    ("POST", "/console/settings/second-factor"): Row(ALL, {"code": "000000"}),
    ("POST", "/console/settings/second-factor/drop"): Row(ALL, {"password": "wrong", "code": "1"}),
    ("POST", "/console/settings/sessions/end"): Row(ALL),
}


async def seed(house: House) -> None:
    """Nothing is named by a path."""
