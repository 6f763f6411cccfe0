"""Whether Asterisk has what was rendered: its own answers beside the files. Pure.

The dialplan is compared step by step, SIP endpoints by context, address book entry and the address
that a trunk's calls must come from. Names are compared without what is not ASCII, which the manager
connection may lose between two packets.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.asterisk.etc import text
from engine.asterisk.etc.plan import Plan

Answer = Mapping[str, str]
"""The fields of one message of the manager interface."""

_MOST_TOLD = 20
_ADDRESS = re.compile(r"[0-9.:]+")


@dataclass(slots=True)
class Endpoint:
    """A SIP endpoint as it must be; `match` is where its calls come from, empty for a phone."""

    context: str = ""
    aors: str = ""
    match: str = ""


def endpoints(pjsip: str) -> Mapping[str, Endpoint]:
    """The endpoints in a rendered `pjsip.conf`."""
    found: dict[str, Endpoint] = {}
    for name, is_endpoint, values in _sections(pjsip):
        if is_endpoint:
            found[name] = Endpoint(values.get("context", ""), values.get("aors", ""))
        elif values.get("type") == "identify":
            found[values["endpoint"]].match = values["match"]
    return found


def _sections(pjsip: str) -> Iterator[tuple[str, bool, dict[str, str]]]:
    """Each section: its name, whether it is made of the template of legs, its values."""
    section: _Section | None = None
    for line in text.lines("pjsip.conf", pjsip):
        if line.text.startswith("["):
            if section is not None:
                yield section.name, section.is_endpoint, section.values
            name, _, options = line.text[1:].partition("]")
            section = _Section(name, options == "(leg)")
        elif section is not None:
            key, _, value = line.text.partition("=")
            section.values[key.strip()] = value.strip()
    if section is not None:
        yield section.name, section.is_endpoint, section.values


@dataclass(slots=True)
class _Section:
    name: str
    is_endpoint: bool
    values: dict[str, str] = field(default_factory=dict)


def dialplan_differences(plan: Plan, answers: Iterable[Answer]) -> tuple[str, ...]:
    """What of the plan Asterisk does not have, and what it has beside it."""
    told = Counter(_told(answers))
    wanted = Counter(_wanted(plan))
    missing = [f"Asterisk has no {one}" for one in sorted((wanted - told).elements())]
    more = [f"Asterisk has also {one}" for one in sorted((told - wanted).elements())]
    return tuple([*missing, *more][:_MOST_TOLD])


def _wanted(plan: Plan) -> Iterator[str]:
    for context in plan.contexts.values():
        for included, _ in context.includes:
            yield _ascii(f"{context.name}: include {included}")
        for step in context.steps:
            shown = f"{step.application}({step.arguments})"
            yield _shown(context.name, step.exten, str(step.priority), step.label, shown)


def _told(answers: Iterable[Answer]) -> Iterator[str]:
    for answer in answers:
        context = answer.get("Context", "")
        if answer.get("Registrar") != "pbx_config":
            continue
        if included := answer.get("IncludeContext"):
            yield _ascii(f"{context}: include {included}")
        elif exten := answer.get("Extension"):
            label = answer.get("ExtensionLabel") or ""
            shown = f"{answer.get('Application', '')}({answer.get('AppData', '')})"
            yield _shown(context, exten, answer.get("Priority", ""), label, shown)


def _shown(context: str, exten: str, priority: str, label: str, call: str) -> str:
    name = f"({label})" if label else ""
    return _ascii(f"{context}: {exten},{priority}{name},{call}")


def _ascii(words: str) -> str:
    """Words as they surely come over the manager connection."""
    return " ".join(words.encode("ascii", "ignore").decode().split())


def endpoint_differences(
    wanted: Mapping[str, Endpoint], answers: Mapping[str, Sequence[Answer]]
) -> tuple[str, ...]:
    """What of the endpoints Asterisk does not have so; `answers` are its details of each."""
    missing = [f"Asterisk has no endpoint {name}" for name in sorted({*wanted} - {*answers})]
    more = [f"Asterisk has also the endpoint {name}" for name in sorted({*answers} - {*wanted})]
    other = [
        f"endpoint {name}: {difference}"
        for name in sorted({*wanted} & {*answers})
        for difference in _other(wanted[name], answers[name])
    ]
    return tuple([*missing, *more, *other][:_MOST_TOLD])


def _other(wanted: Endpoint, details: Sequence[Answer]) -> Iterator[str]:
    fields: dict[str, str] = {}
    for detail in details:
        if detail.get("Event") == "EndpointDetail":
            fields |= {"context": detail.get("Context", ""), "aors": detail.get("Aors", "")}
        elif detail.get("Event") == "IdentifyDetail":
            fields["match"] = detail.get("Match", "")
    for name in ("context", "aors"):
        if fields.get(name) != getattr(wanted, name):
            yield f"its {name} is {fields.get(name)!r}, not {getattr(wanted, name)!r}"
    if wanted.match and not _is_matched(wanted.match, fields.get("match", "")):
        yield f"its calls come from {fields.get('match', 'nowhere')!r}, not {wanted.match!r}"


def _is_matched(wanted: str, told: str) -> bool:
    """Whether an address is the one told (`192.0.2.1:5060/255.255.255.255`); of a name it is only
    known that it was found."""
    if not _ADDRESS.fullmatch(wanted):
        return bool(told)
    return wanted in {one.strip().split("/")[0] for one in told.split(",")}
