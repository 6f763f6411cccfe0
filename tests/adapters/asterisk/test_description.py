"""Asterisk's own description of its interface, what was agreed on, and the code made of it."""

import importlib.machinery
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest

from engine.asterisk.ari.description import facts, missing
from engine.asterisk.process import authorization
from tests.programs import CHECKOUT, asterisk_program
from tests.switchboard import Plant

ROOM = CHECKOUT / "engine" / "asterisk" / "ari"
AGREED = set((ROOM / "api.txt").read_text().splitlines())
RESOURCES = (
    "applications",
    "asterisk",
    "bridges",
    "channels",
    "deviceStates",
    "endpoints",
    "events",
    "mailboxes",
    "playbacks",
    "recordings",
    "sounds",
)


def generator() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader(
        "generate_ari", str(CHECKOUT / "scripts" / "generate-ari")
    )
    spec = importlib.util.spec_from_loader("generate_ari", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def described() -> list[dict[str, object]]:
    folder = asterisk_program().data_dir / "rest-api"
    return [json.loads(p.read_text()) for p in folder.glob("*.json") if p.stem != "resources"]


@pytest.mark.asyncio(loop_scope="session")
async def test_the_running_asterisk_keeps_all_that_was_agreed(shared_plant: Plant) -> None:
    access = shared_plant.asterisk.access
    found: set[str] = set()
    async with aiohttp.ClientSession(headers={"Authorization": authorization(access)}) as session:
        for resource in RESOURCES:
            async with session.get(f"{access.ari_url}/api-docs/{resource}.json") as answer:
                found |= facts([json.loads(await answer.read())])
    assert len(AGREED) > 500
    assert missing(AGREED, found) == []


def test_what_is_added_passes_and_what_is_removed_or_changed_fails() -> None:
    resources = json.loads(json.dumps(described()))
    channels = next(r for r in resources if r["resourcePath"].startswith("/api-docs/channels"))
    channels["models"]["Channel"]["properties"]["mood"] = {"type": "string", "required": True}
    channels["apis"].append({"path": "/channels/{channelId}/sing", "operations": []})
    assert missing(AGREED, facts(resources)) == []
    channels["models"]["Channel"]["properties"]["state"]["type"] = "int"
    del channels["models"]["Channel"]["properties"]["name"]
    operation = channels["apis"][0]["operations"][0]
    operation["parameters"] = [
        {"name": "why", "paramType": "query", "dataType": "string", "required": True}
    ]
    assert missing(AGREED, facts(resources)) == [
        "GET /channels needs",
        "model Channel.name: string always",
        "model Channel.state: string always",
    ]


def test_the_code_is_what_the_generator_writes(tmp_path: Path) -> None:
    module = generator()
    module.ROOM = tmp_path
    module.main(asterisk_program().data_dir / "rest-api")
    for name in ("api.py", "api.txt"):
        assert (tmp_path / name).read_text() == (ROOM / name).read_text()
