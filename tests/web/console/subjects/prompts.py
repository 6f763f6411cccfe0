"""Prompts."""

import io
import math
import struct
import wave

from engine.core.repertoire import agent_prompts
from tests.web.console.house import NOBODY_OF_ORGANISATION, OTHERS, House, Row

PROMPTS = "/console/prompts"
ONE = f"{PROMPTS}/{{lang}}/{{prompt}}"
READERS = "owner admin manager auditor"


def tone(seconds: float = 1.5, rate_hz: int = 16_000, level: float = 0.3) -> bytes:
    """A WAV file with a tone in it."""
    kept = io.BytesIO()
    count = int(seconds * rate_hz)
    samples = (round(32_767 * level * math.sin(n * 2765 / rate_hz)) for n in range(count))
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return kept.getvalue()


TAKE, FORMER = "5eed", tone(1.0)
"""A former recording of which nobody knows who brought it."""

ROWS = {
    ("GET", PROMPTS): Row(READERS),
    ("GET", ONE): Row(READERS),
    ("GET", f"{ONE}/audio.wav"): Row(READERS),
    ("GET", f"{ONE}/takes/{{take}}/audio.wav"): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{ONE}/takes/{{take}}/bring-back"): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{ONE}/recording"): Row(NOBODY_OF_ORGANISATION, {"file": tone(0.2)}),
    ("POST", f"{ONE}/recording/drop"): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{ONE}/render"): Row(NOBODY_OF_ORGANISATION),
}


async def revive(house: House) -> None:
    """Each named prompt's former recording: files are not in books that are copied."""
    for ids in (house.own, house.foreign):
        if "prompt" not in ids:
            continue
        folder = house.bench.sounds / ids["lang"] / "custom" / "takes" / ids["prompt"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{TAKE}.wav").write_bytes(FORMER)
        ids["take"] = TAKE


async def seed(house: House) -> None:
    """Everybody's prompt, and one that only the others' service says."""
    inventory = house.bench.site.inventory()
    (theirs,) = (one for one in inventory.services if one.organisation == OTHERS)
    house.own |= {"lang": "de", "prompt": "welcome"}
    whisper = next(p for p in agent_prompts(theirs) if p.name == "whisper_agent")
    house.foreign |= {"lang": "de", "prompt": whisper.key()}
