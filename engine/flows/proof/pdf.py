"""A proof as a PDF document (A4), with the signed object itself attached to it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.flows.evn.words import LANGUAGES
from engine.flows.papers.document import FONT, LINE_MM, Document, printable
from engine.flows.papers.month import HOME_TIMEZONE
from engine.flows.proof.proof import Proof
from engine.flows.proof.timeline import Happened
from engine.flows.proof.words import WORDS

WIDTHS = (38, 21, 33, 22, 60, 16)
ALIGNED = ("LEFT", "LEFT", "LEFT", "LEFT", "LEFT", "RIGHT")
ATTACHED = "proof.json"


def pdf(proof: Proof, lang: str) -> bytes:
    """The document; times are local to `HOME_TIMEZONE`, to the millisecond."""
    words, call = WORDS[lang], proof["call"]
    document = Document(words["title"], _local(proof["issued_ms"]))
    document.say(words["title"], size=14, bold=True, height_mm=10)
    number = call["e164"] or words["withheld"]
    charge = _amount(proof["charge"], lang)
    document.say(words["about"].format_map({**call, "number": number, "charge": charge}))
    document.say(words["zone"].format(zone=HOME_TIMEZONE), size=8)
    document.ln(LINE_MM)
    document.set_font(FONT, size=8)
    with document.table(
        col_widths=WIDTHS,
        line_height=LINE_MM,
        borders_layout="HORIZONTAL_LINES",
        text_align=ALIGNED,
    ) as table:
        table.row(words["columns"].split("|"))
        for moment in proof["timeline"]:
            table.row([printable(cell) for cell in _cells(moment, words, lang)])
    document.ln(LINE_MM)
    if charged := proof["charged"]:
        from_at, until_at = _clock(charged[0]["from_ms"]), _clock(charged[-1]["until_ms"])
        count = proof["charged_increments"]
        told = words["increments"].format(count=count, from_at=from_at, until_at=until_at)
        document.say(told, size=8)
    for line in (words["signed"], proof["public_key"], proof["signature"]):
        document.say(line, size=7)
    document.embed_file(bytes=json.dumps(proof).encode(), basename=ATTACHED)
    return bytes(document.output())


def _cells(moment: Mapping[str, Any], words: Mapping[str, str], lang: str) -> tuple[str, ...]:
    at_ms, until_ms = moment["at_ms"], moment.get("until_ms")
    who = moment.get("who", "")
    return (
        f"{_local(at_ms):%Y-%m-%d} {_clock(at_ms)}",
        _clock(until_ms) if until_ms is not None else "",
        words.get(moment.get("fate", ""), words[moment["happened"]]),
        words.get(who, who),
        _what(moment, words, lang),
        _amount(moment.get("amount", ""), lang),
    )


def _what(moment: Mapping[str, Any], words: Mapping[str, str], lang: str) -> str:
    """A prompt's sentence in the reader's language, else what the moment is about in his words."""
    detail: str = moment.get("detail", "")
    if sentences := moment.get("sentences"):
        return str(sentences.get(lang, f"[{detail}]"))
    match moment["happened"]:
        case Happened.ENDED:
            return LANGUAGES[lang].outcomes.get(detail, detail)
        case Happened.BALANCE | Happened.CHARGED:
            return words.get(detail, detail)
    return detail


def _amount(amount: str, lang: str) -> str:
    return amount.replace(".", LANGUAGES[lang].decimal_point)


def _clock(at_ms: int) -> str:
    return f"{_local(at_ms):%H:%M:%S}.{at_ms % 1000:03}"


def _local(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(HOME_TIMEZONE))
