"""The notes Asterisk keeps by itself, found again for the legs of one call."""

import json
from pathlib import Path

from engine.asterisk.notes import Note, Notes, before, noted, swap


def line(kind: str, at: str, leg: str) -> str:
    return json.dumps(
        {"eventtype": kind, "eventtime": at, "uniqueid": leg, "eventextra": ""},
        separators=(",", ":"),
    )


def write(file: Path, *lines: str) -> None:
    with file.open("a") as opened:
        opened.write("".join(f"{text}\n" for text in lines))


async def test_the_last_conversation_counts(tmp_path: Path) -> None:
    file = tmp_path / "cel.json"
    write(
        file,
        line("BRIDGE_ENTER", "100.001000", "a"),
        line("BRIDGE_ENTER", "100.002999", "b"),
        line("BRIDGE_EXIT", "101.000000", "a"),
        line("BRIDGE_ENTER", "105.500000", "a"),
    )
    notes = Notes(str(file))
    assert await notes.of("a") == Note(joined_ms=105_500)
    assert await notes.of("b") == Note(joined_ms=100_002)
    assert await notes.of("c") == Note()
    write(file, line("BRIDGE_EXIT", "110.000000", "a"), line("CHAN_END", "110.123456", "a"))
    assert await notes.of("a") == Note(105_500, 110_000, 110_123)


async def test_a_leg_is_not_taken_for_another_whose_name_it_begins(tmp_path: Path) -> None:
    file = tmp_path / "cel.json"
    write(file, line("CHAN_END", "1.000000", "call-a1"), line("CHAN_END", "2.000000", "call"))
    assert await Notes(str(file)).of("call") == Note(ended_ms=2000)


async def test_notes_of_before_a_swap_are_still_found(tmp_path: Path) -> None:
    file = tmp_path / "cel.json"
    write(file, line("BRIDGE_ENTER", "1.000000", "a"))
    assert not swap(file, at_bytes=10_000)
    assert swap(file, at_bytes=10)
    assert before(file).exists()
    assert not swap(file, at_bytes=10)
    write(file, line("BRIDGE_EXIT", "2.000000", "a"))
    assert await Notes(str(file)).of("a") == Note(1000, 2000)


async def test_an_asterisk_elsewhere_has_nothing_to_say(tmp_path: Path) -> None:
    assert await Notes("").of("a") == Note()
    assert await Notes(str(tmp_path / "nowhere")).of("a") == Note()


def test_torn_or_strange_lines_change_nothing() -> None:
    note = Note(joined_ms=1)
    whole = line("BRIDGE_EXIT", "2.000000", "a").encode()
    assert noted(note, whole[:-20]) == note
    assert noted(note, line("BRIDGE_EXIT", "yesterday", "a").encode()) == note
    assert noted(note, line("ANSWER", "2.000000", "a").encode()) == note
    assert noted(note, whole) == Note(1, 2000)
