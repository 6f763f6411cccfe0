"""A proof as a PDF document (A4), with the signed object itself attached to it."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.flows.papers.document import FONT, LINE_MM, Document, printable
from engine.flows.papers.month import HOME_TIMEZONE
from engine.flows.proof.proof import Proof

WIDTHS = (40, 40, 70, 30)
ATTACHED = "proof.json"

_WORDS: dict[str, dict[str, str]] = {
    "de": {
        "title": "Verbindungsnachweis",
        "about": "Anruf {call_id} bei {service}, Rufnummer {number}, Betrag {charge} {currency}",
        "withheld": "unterdrückt",
        "columns": "Zeit|Ereignis|Was|Betrag",
        "signed": "Unterschrift (Ed25519) über die beigefügte Datei; öffentlicher Schlüssel:",
        "arrived": "Anruf kam an",
        "answered": "angenommen",
        "heard": "gehört",
        "joined": "verbunden",
        "balance": "Guthaben bewegt",
        "ended": "beendet",
        "charged": "berechnet",
    },
    "en": {
        "title": "Proof of a call",
        "about": "Call {call_id} to {service}, number {number}, charge {charge} {currency}",
        "withheld": "withheld",
        "columns": "Time|Event|What|Amount",
        "signed": "Signature (Ed25519) over the attached file; public key:",
        "arrived": "call came in",
        "answered": "answered",
        "heard": "heard",
        "joined": "joined",
        "balance": "balance moved",
        "ended": "ended",
        "charged": "charged",
    },
}


def pdf(proof: Proof, lang: str) -> bytes:
    """The document; times are local to `HOME_TIMEZONE`, to the millisecond."""
    words, call = _WORDS[lang], proof["call"]
    document = Document(words["title"], _local(proof["issued_ms"]))
    document.say(words["title"], size=14, bold=True, height_mm=10)
    number = call["e164"] or words["withheld"]
    told = {**call, "number": number, "charge": proof["charge"]}
    document.say(words["about"].format_map(told), height_mm=LINE_MM * 2)
    document.set_font(FONT, size=8)
    with document.table(
        col_widths=WIDTHS, line_height=LINE_MM, borders_layout="HORIZONTAL_LINES"
    ) as table:
        table.row(words["columns"].split("|"))
        for moment in proof["timeline"]:
            table.row([printable(cell) for cell in _cells(moment, words)])
    document.ln(LINE_MM)
    for line in (words["signed"], proof["public_key"], proof["signature"]):
        document.say(line, size=7)
    document.embed_file(bytes=json.dumps(proof).encode(), basename=ATTACHED)
    return bytes(document.output())


def _cells(moment: dict[str, Any], words: dict[str, str]) -> tuple[str, ...]:
    at_ms = moment["at_ms"]
    what = " ".join(filter(None, (moment.get("who"), moment.get("detail"))))
    time = f"{_local(at_ms):%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03}"
    return time, words[moment["happened"]], what, moment.get("amount", "")


def _local(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(HOME_TIMEZONE))
