"""`scripts/demo`: one prepaid call on a real Asterisk, shown as it happens.

A caller with some money dials; he hears the minutes he has and the price, is joined with an
agent, both hear the warning, a top-up comes in mid-call, and when the money is used up the
conversation ends. Recordings of both sides and a picture of the call are left behind.
"""

import asyncio
import json
import shutil
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from engine.core.money import format_micros
from tests.demo.script import CALLER, DID, FAST, FULL, Script
from tests.demo.timeline import Timeline
from tests.demo.verdict import Verdict, Witnessed
from tests.rig.house import SOUNDS, VAR, RealHouse

CUT_OFF_ERROR_MS = range(101)
WARNING_ERROR_MOST_MS = 150
NAMES = (
    "welcome", "minutes_left", "seconds_left", "tariff", "please_wait", "whisper_agent",
    "warning_caller", "warning_agent", "topped_up_caller", "agent_tone",
    "money_ended_caller", "money_ended_agent",
)  # fmt: skip


@click.command()
@click.option("--fast", is_flag=True, help="A short balance: under a minute of talk.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    default=VAR / "demo",
    show_default="var/demo",
    help="Where recordings and picture are left.",
)
def main(fast: bool, as_json: bool, keep: Path) -> None:
    """Make one prepaid call for real and show it as it happens.

    \b
    Examples:
      scripts/demo
      scripts/demo --fast --json
    """
    console = Console(stderr=as_json)
    shutil.rmtree(keep, ignore_errors=True)
    keep.mkdir(parents=True)
    result = asyncio.run(_demonstrate(console, FAST if fast else FULL, keep.absolute()))
    _summarise(console, result)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    sys.exit(0 if _holds(result) else 1)


async def _demonstrate(console: Console, script: Script, keep: Path) -> dict[str, object]:
    console.print("Starting two Asterisks, a store, the books and an engine …", style="dim")
    async with RealHouse(keep / "run", [script.service()]) as house:
        await house.start_engine("e1")
        await house.book(CALLER, script.balance_micros)
        verdict = await _call(console, house, script)
        picture = verdict.draw(keep / "call.png")
    result = verdict.as_json(picture)
    result["recordings"] = {
        who: str(shutil.copy(path, keep / f"{who}.wav"))
        for who, path in result["recordings"].items()
    }
    shutil.rmtree(keep / "run")
    return result


async def _call(console: Console, house: RealHouse, script: Script) -> Verdict:
    account = await house.account(CALLER)
    anna = house.world.agent("a1")
    anna.answers(after_s=1.5)
    async with Timeline(console, house, account.account_id, _words()) as timeline:
        timeline.say("caller", f"dials {DID}", "green")
        call = await house.world.call(DID, pai=CALLER, from_user=CALLER)
        leg = await anna.called()
        await call.answered()
        await asyncio.sleep(script.top_up_after_s)
        top_up_at_ms = time.time_ns() // 1_000_000
        timeline.say("money", f"top-up of {format_micros(script.top_up_micros)} EUR", "yellow")
        await house.book(CALLER, script.top_up_micros)
        await call.ended(script.talk_s + 60)
        record = (await house.records(1))[0]
        await asyncio.sleep(0.5)
    console.print("Listening to both recordings …", style="dim")
    catalogue = _catalogue()
    caller = await asyncio.to_thread(Witnessed.listen, call.recording, catalogue, anna.tone_hz)
    agent = await asyncio.to_thread(Witnessed.listen, leg.recording, catalogue, call.tone_hz)
    balance = await house.balance(CALLER)
    return Verdict(caller, agent, record, script, top_up_at_ms, balance)


def _catalogue() -> dict[str, Path]:
    """Every prompt that may be told in such a call, whatever its values: none is left out that
    could be mistaken for another."""
    files = [*(SOUNDS / "de" / "audio").iterdir(), *(SOUNDS / "tones").iterdir()]
    return {file.stem: file for file in files if file.stem.split("-")[0] in NAMES}


def _words() -> dict[str, str]:
    """What is said in each committed file."""
    manifest = (SOUNDS / "de" / "audio" / "manifest.json").read_text()
    words: dict[str, dict[str, str]] = json.loads(manifest)
    return {key: entry["text"] for key, entry in words.items()}


def _holds(result: dict[str, object]) -> bool:
    warnings = result["warning_error_ms"]
    assert isinstance(warnings, dict)
    return result["cut_off_error_ms"] in CUT_OFF_ERROR_MS and all(
        abs(error) <= WARNING_ERROR_MOST_MS for error in warnings.values()
    )


def _summarise(console: Console, result: dict[str, object]) -> None:
    warnings, recordings = result["warning_error_ms"], result["recordings"]
    assert isinstance(warnings, dict)
    assert isinstance(recordings, dict)
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_row("billed", f"{result['billed_seconds']} s = {result['charge']} EUR")
    table.add_row(
        "balance",
        f"{result['balance_before']} + {result['topped_up']} → {result['balance_after']} EUR",
    )
    table.add_row("cut-off", f"{result['cut_off_error_ms']:+} ms after the paid time")
    table.add_row("warning", f"caller {warnings['caller']:+} ms, agent {warnings['agent']:+} ms")
    table.add_row("recordings", f"{recordings['caller']}\n{recordings['agent']}")
    table.add_row("picture", str(result["picture"]))
    console.print(table)


if __name__ == "__main__":
    main()
