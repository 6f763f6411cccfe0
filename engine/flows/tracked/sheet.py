"""A report as plain values, as CSV, and as lines of text."""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import timedelta

from engine.flows.papers.columns import aligned
from engine.flows.tracked.report import Report, Row

FIELDS = tuple(field.name for field in fields(Row))
"""The columns of the CSV."""

_WORDS = {
    "de": {
        "title": "Anrufe vom {first} bis {last}",
        "all": "Gesamt",
        "small": "– bei Erst und Wiederholt: weniger als {least} Erstanrufe in einem Monat, oder "
        "keine ganzen, abgelaufenen Monate",
        "nothing": "Keine Anrufe.",
    },
    "en": {
        "title": "Calls from {first} to {last}",
        "all": "All",
        "small": "– for first and repeat: fewer than {least} first calls in a month, or no whole "
        "months that are over",
        "nothing": "No calls.",
    },
}

_HEADS = {
    "de": ("Quelle", "Zeit", "Anrufe", "Anteil", "angenommen", "verpasst", "Ø Ruf s", "Median",
           "Ø Dauer s", "Median", "Erst", "Wiederholt", "zuvor"),
    "en": ("Source", "Time", "Calls", "Share", "Answered", "Missed", "Avg ring s", "Median",
           "Avg talk s", "Median", "First", "Repeat", "Before"),
}  # fmt: skip


def values(report: Report) -> Mapping[str, object]:
    """The whole report for programs; days as ISO 8601, `to` is not included."""
    wish, compared = report.wish, report.compared
    return {
        "organisation": wish.organisation,
        "from": wish.days.first.isoformat(),
        "to": wish.days.after.isoformat(),
        "compared_from": None if compared is None else compared.first.isoformat(),
        "compared_to": None if compared is None else compared.after.isoformat(),
        "by": wish.bucket.value,
        "source": wish.source,
        "number": wish.number,
        "key_months": report.key_months,
        "callers_least": report.callers_least,
        "total": asdict(report.total),
        "sources": [asdict(row) for row in report.sources],
        "rows": [asdict(row) for row in report.rows],
        "origins": None
        if report.origins is None
        else [
            {
                "source": one.source,
                **asdict(one.origin),
                "calls": one.calls,
                "firsts": one.firsts,
            }
            for one in report.origins
        ],
    }


def csv_text(report: Report) -> str:
    """The rows as CSV (RFC 4180) with a heading: by bucket if one was asked for, else by source.

    A name that a spreadsheet would take for a formula begins with an apostrophe.
    """
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, FIELDS)
    writer.writeheader()
    for row in report.rows or report.sources:
        writer.writerow({**asdict(row), "source": _tame(row.source)})
    return written.getvalue()


def _tame(name: str) -> str:
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name


def text(report: Report, lang: str) -> str:
    """The report as lines of text."""
    words, days = _WORDS[lang], report.wish.days
    title = words["title"].format(first=days.first, last=days.after - timedelta(days=1))
    if not report.total.calls and not report.sources:
        return f"{title}\n{words['nothing']}"
    rows = [
        _HEADS[lang],
        *(_cells(row, row.source) for row in report.rows or report.sources),
        _cells(report.total, words["all"]),
    ]
    numbers = range(2, len(_HEADS[lang]))
    note = words["small"].format(least=report.callers_least)
    return "\n".join([title, "", *aligned(rows, numbers), "", note])


def _cells(row: Row, source: str) -> tuple[str, ...]:
    share = "–" if row.share is None else f"{row.share // 10}.{row.share % 10} %"
    ring, talk = row.ring_median_s, row.talk_median_s
    counts = (row.firsts, row.repeats, row.calls_before)
    return (
        source,
        row.bucket,
        str(row.calls),
        share,
        str(row.answered),
        str(row.missed),
        _seconds(row.ring_mean_ms),
        "–" if ring is None else str(ring),
        _seconds(row.talk_mean_ms),
        "–" if talk is None else str(talk),
        *("–" if count is None else str(count) for count in counts),
    )


def _seconds(mean_ms: int | None) -> str:
    return "–" if mean_ms is None else str((mean_ms + 500) // 1000)
