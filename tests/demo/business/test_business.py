"""The made-up business as a stranger sees it: one command, one of its logins, five services."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.programs import CHECKOUT, VAR

SHOWN = {
    "/console": "Sternlicht",
    "/console/evn": "+4930231",
    "/console/statistics": "Sternlicht Blitz",
    "/console/tracked": "Stadtmagazin",
    "/console/tracking/routes": "+49 40 66969020",
    "/console/numbers": "+49 30 23125700",
    "/console/verifications": "Bestellung",
    "/console/keys": "Buchhaltung",
    "/console/webhooks": "127.0.0.1",
    "/console/deliveries": "ping",
    "/console/lists": "neukunden",
    "/console/customers": "Offene Meldungen",
    "/console/profiles/sternlicht": "paysafecard",
    "/console/services/beratung": "Sternlicht",
    "/topup/sternlicht": "PayPal",
}
"""What the owner of a line finds on a page, forwarding apart."""

FORWARDED = {"/console/forwarding": "+1 800-555", "/console/forwarding/calls": "+1212"}


async def test_a_stranger_finds_every_service_at_work(tmp_path: Path) -> None:
    for name in ("asterisk.json", "voices"):
        (tmp_path / name).symlink_to(VAR / name)
    ports = {f"GROSCHEN_{name}_PORT": "0" for name in ("SIP", "AGI", "WEB", "HEALTH")}
    demo = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.demo.business", "--calls", "60"),
        cwd=CHECKOUT,
        env={**os.environ, **ports, "GROSCHEN_VAR": str(tmp_path), "COLUMNS": "200"},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        told = await _told(demo)
        for name, pages in (("sternlicht", SHOWN), ("mondschein", FORWARDED)):
            await _explore(told, name, pages)
    finally:
        demo.send_signal(signal.SIGTERM)
        await demo.communicate()
    assert demo.returncode == 0


async def _told(demo: asyncio.subprocess.Process) -> str:
    """What it says until it serves."""
    assert demo.stderr is not None
    said = ""
    while "Serving: " not in said:
        line = await demo.stderr.readline()
        if not line:
            pytest.fail(said)
        said += line.decode()
    return said


async def _explore(told: str, organisation: str, pages: dict[str, str]) -> None:
    """Sign in as an owner with what was told, and read pages."""
    found = re.search(r"Demo data: (\S+)/console", told)
    assert found is not None, told
    origin, user = found.group(1), f"owner@{organisation}.example"
    login = re.search(rf"{user}\s*│[^│]+│[^│]+│ (\S+)", told)
    assert login is not None, told
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(origin, cookie_jar=jar) as session:
        form = {"name": user, "password": login.group(1)}
        async with session.post(
            "/console/sign-in", data=form, headers={"Origin": origin}
        ) as answer:
            assert answer.status == 200, await answer.text()
        for path, text in pages.items():
            async with session.get(path) as answer:
                page = await answer.text()
                assert answer.status == 200, path
                assert text in page, f"{path}: {page}"
