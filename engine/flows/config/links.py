"""What must be true between entries: names that exist, numbers that are used once, one owner.

Each rule is a function that yields its problems. References and numbers are read from what is
written, so they are judged even in an entry that has other mistakes.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from engine.core.inventory import AgentKind
from engine.core.number import NumberType, classify
from engine.core.retention import Kind
from engine.core.tariff import Line
from engine.flows.config.fields import HOME_REGION, full_number, read_contact
from engine.flows.config.files import (
    SECTIONS,
    AgentInFile,
    GroupInFile,
    MerchantInFile,
    ProfileInFile,
    ServiceInFile,
    TariffInFile,
    TrunkInFile,
)
from engine.flows.config.problems import Mark, Problem, closest, quoted
from engine.flows.config.records import Record, Records, references
from engine.flows.config.tree import items_at, place, plain, text_at

NEVER_CALLED = frozenset(
    {NumberType.PREMIUM_RATE, NumberType.SHARED_COST, NumberType.PAGER, NumberType.VOICEMAIL}
)

_OF_NOBODY = ("organisations", "trunks", "retention", "probing")
"""Sections whose entries are no organisation's."""

_OF_ALL = ("organisations", "trunks")
"""Sections whose entries everybody's may name."""

Link = Callable[[Records], Iterator[Problem]]

Holders = Mapping[str, Set[str]]
"""The organisations that have a number (E.164)."""


@dataclass(frozen=True, slots=True)
class Asker:
    """An organisation that changes its own entries; its services may have `numbers` (E.164) alone.

    All other entries must say what those `in_force` do. The operator asks as nobody: what he
    writes is his to answer for.
    """

    organisation: str
    numbers: frozenset[str]
    in_force: Records


def problems_between(records: Records, asker: Asker | None = None) -> Iterator[Problem]:
    """Every problem between entries; who asks is told of no other organisation's entries."""
    yield from _unknown_references(records, asker)
    yield from _foreign_references(records, asker)
    for link in _LINKS:
        yield from link(records)
    if asker is not None:
        yield from _numbers_not_held(records, asker)
        yield from _not_the_askers(records, asker)


def owner(records: Records, record: Record) -> str:
    """The organisation an entry belongs to: the one it names, or the only one there is."""
    named = text_at(record.node, "organisation")
    organisations = list(records.names("organisations"))
    return named or (organisations[0] if len(organisations) == 1 else "")


def holders(records: Records, stocked: Holders) -> Holders:
    """Who has a number: the organisations whose services have it, and those of the stock."""
    found = {e164: set(theirs) for e164, theirs in stocked.items()}
    for record in records.of("services"):
        for _, e164, _ in _numbers_of(record):
            found.setdefault(e164, set()).update(filter(None, [owner(records, record)]))
    return found


def outside_number(records: Records, agent: AgentInFile) -> str:
    """The E.164 number of an agent outside. Raises `PydanticCustomError` if it is none."""
    trunk = records.model(TrunkInFile, agent.trunk or "")
    return full_number(agent.address, trunk.region if trunk else HOME_REGION)


def _unknown_references(records: Records, asker: Asker | None) -> Iterator[Problem]:
    for record in records.all():
        for key, section in references(SECTIONS[record.section]).items():
            known = _known(records, record, section, asker)
            for path, name in _named(record, key):
                if name not in known:
                    message = f"names {quoted(name)}, which is not among the {section}"
                    meant = closest(name, known)
                    yield record.problem(
                        path,
                        "unknown_reference",
                        message,
                        suggestion=meant,
                        name=quoted(name),
                        section=section,
                    )


def _known(records: Records, record: Record, section: str, asker: Asker | None) -> list[str]:
    """What an entry may name; for the asker's own, another organisation's are not there."""
    names = list(records.names(section))
    if section in _OF_ALL or not _is_askers(records, record, asker):
        return names
    mine = owner(records, record)
    return [one.name for one in records.of(section) if owner(records, one) == mine]


def _is_askers(records: Records, record: Record, asker: Asker | None) -> bool:
    return asker is not None and owner(records, record) == asker.organisation


def _named(record: Record, key: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The names at a key, with their paths."""
    if text := text_at(record.node, key):
        yield (key,), text
    for n, item in enumerate(items_at(record.node, key)):
        yield (key, n), item.text


def _ownerless(records: Records) -> Iterator[Problem]:
    for record in records.all():
        if record.section in _OF_NOBODY or owner(records, record):
            continue
        message = "must name its organisation, for there is not exactly one"
        yield record.problem(("organisation",), "missing_key", message)


def _unknown_kinds(records: Records) -> Iterator[Problem]:
    for record in records.of("retention"):
        if record.name not in list(Kind):
            message = f"is no kind of record that is kept for a time ({', '.join(Kind)})"
            meant = closest(record.name, Kind)
            kinds = ", ".join(Kind)
            yield record.problem((), "unknown_kind", message, suggestion=meant, kinds=kinds)


def _foreign_references(records: Records, asker: Asker | None) -> Iterator[Problem]:
    """What belongs to one organisation is never used by another."""
    for record in records.all():
        if _is_askers(records, record, asker):
            continue  # to him they are unknown
        mine = owner(records, record)
        for key, section in references(SECTIONS[record.section]).items():
            if section in _OF_ALL:
                continue
            for path, name in _named(record, key):
                other = records.get(section, name)
                theirs = owner(records, other) if other is not None else mine
                if mine and theirs and mine != theirs:
                    message = f"names {quoted(name)}, which belongs to {theirs}, not to {mine}"
                    yield record.problem(
                        path, "other_organisation", message,
                        name=quoted(name), theirs=theirs, mine=mine,
                    )  # fmt: skip


def _numbers_used_twice(records: Records) -> Iterator[Problem]:
    first: dict[str, Mark] = {}
    for record in records.of("services"):
        for path, e164, mark in _numbers_of(record):
            before = first.setdefault(e164, mark)
            if before is not mark:
                message = f"({e164}) is in {before.file}, line {before.line}, too"
                yield record.problem(
                    path, "duplicate_number", message,
                    number=e164, where=before.file, row=str(before.line),
                )  # fmt: skip


def _numbers_of(record: Record) -> Iterator[tuple[tuple[str | int, ...], str, Mark]]:
    region = text_at(record.node, "region") or HOME_REGION
    for n, item in enumerate(items_at(record.node, "numbers")):
        try:
            e164 = full_number(item.text, region)
        except PydanticCustomError:
            continue
        path = ("numbers", n)
        yield path, e164, place(record.node, path) or record.key_mark


def _numbers_not_held(records: Records, asker: Asker) -> Iterator[Problem]:
    for record in records.of("services"):
        if owner(records, record) != asker.organisation:
            continue
        for path, e164, _ in _numbers_of(record):
            if e164 not in asker.numbers:
                message = f"({e164}) is none of the active numbers that {asker.organisation} has"
                yield record.problem(
                    path, "number_not_held", message, number=e164, organisation=asker.organisation
                )


def _not_the_askers(records: Records, asker: Asker) -> Iterator[Problem]:
    """Where something differs that another organisation has, or none; not told is what it is."""
    for section in SECTIONS:
        names = {*asker.in_force.names(section), *records.names(section)}
        for name in sorted(names):
            pairs = [(of, of.get(section, name)) for of in (asker.in_force, records)]
            written = [(owner(of, one), one) for of, one in pairs if one is not None]
            is_his = all(mine == asker.organisation for mine, _ in written)
            if is_his and section not in _OF_NOBODY:
                continue
            last = written[-1][1]
            if len(written) < len(pairs) or plain(written[0][1].node) != plain(last.node):
                message = f"would change what is not {asker.organisation}'s; only the operator can"
                whose = asker.organisation
                yield Problem.at(last.key_mark, "not_yours", "", message, organisation=whose)


def _agents_twice(records: Records) -> Iterator[Problem]:
    for record, group in records.sound(GroupInFile):
        for n, name in enumerate(group.agents):
            if name in group.agents[:n]:
                message = f"names {quoted(name)} a second time"
                yield record.problem(("agents", n), "duplicate_entry", message, name=quoted(name))


def _users_twice(records: Records) -> Iterator[Problem]:
    """Who signs in to the console is one agent, or none."""
    first: dict[str, str] = {}
    for record, agent in records.sound(AgentInFile):
        before = first.setdefault(agent.user.lower(), record.name)
        if agent.user and before != record.name:
            message = f"is agent {before} already"
            yield record.problem(("user",), "duplicate_user", message, agent=before)


def _trunks_at_one_address(records: Records) -> Iterator[Problem]:
    """A call is known to be a trunk's by where it comes from, so no two can be at one place."""
    first: dict[tuple[str, int], str] = {}
    for record, trunk in records.sound(TrunkInFile):
        before = first.setdefault((trunk.host.lower(), trunk.port), record.name)
        if before != record.name:
            message = f"and port are those of trunk {before} too"
            yield record.problem(("host",), "duplicate_address", message, trunk=before)


def _agent_addresses(records: Records) -> Iterator[Problem]:
    own = {e164 for record in records.of("services") for _, e164, _ in _numbers_of(record)}
    for record, agent in records.sound(AgentInFile):
        if agent.kind is AgentKind.PHONE:
            yield from _phone(record, agent)
        else:
            yield from _outside(records, record, agent, own)


def _phone(record: Record, agent: AgentInFile) -> Iterator[Problem]:
    try:
        if agent.address:
            read_contact(agent.address)
    except PydanticCustomError as refusal:
        yield record.refused(("address",), refusal.type, refusal.context or {})
    if agent.trunk is not None:
        message = "is only for agents of the kind outside"
        yield record.problem(("trunk",), "not_for_a_phone", message)


def _outside(
    records: Records, record: Record, agent: AgentInFile, own: set[str]
) -> Iterator[Problem]:
    if agent.trunk is None:
        message = "is missing: an outside number is called through a trunk"
        yield record.problem(("trunk",), "missing_key", message)
    if not agent.address:
        yield record.problem(("address",), "missing_key", "is missing: the number to call")
        return
    try:
        e164 = outside_number(records, agent)
    except PydanticCustomError as refusal:
        yield record.refused(("address",), refusal.type, refusal.context or {})
        return
    kind = classify(e164, None).type
    if kind in NEVER_CALLED:
        named = kind.replace("_", "-").lower()
        message = f"({e164}) is a {named} number, which agents are not called at"
        yield record.problem(("address",), "costly_number", message, number=e164, type=kind)
    if e164 in own:
        message = f"({e164}) is one of the services' own numbers: the call would come back"
        yield record.problem(("address",), "loop", message, number=e164)


def _currencies(records: Records) -> Iterator[Problem]:
    for record, service in records.sound(ServiceInFile):
        tariff = records.model(TariffInFile, service.tariff)
        profile = records.model(ProfileInFile, service.profile)
        if tariff and profile and tariff.currency != profile.currency:
            message = (
                f"is in {tariff.currency}, but profile {service.profile} holds {profile.currency}"
            )
            yield record.problem(
                ("tariff",), "currency_mismatch", message,
                currency=tariff.currency, profile=service.profile, held=profile.currency,
            )  # fmt: skip


def _merchants(records: Records) -> Iterator[Problem]:
    for record, merchant in records.sound(MerchantInFile):
        trunk = records.model(TrunkInFile, merchant.trunk)
        if trunk is not None and trunk.caller_id is None:
            message = f"names trunk {merchant.trunk}, which has no caller_id to call with"
            yield record.problem(("trunk",), "no_caller_id", message, trunk=merchant.trunk)
        if Line.OTHER in merchant.lines:
            message = "must be mobile or landline"
            yield record.problem(("lines",), "not_a_line", message)


def _one_way_of_probing(records: Records) -> Iterator[Problem]:
    for record in list(records.of("probing"))[1:]:
        yield record.problem((), "second_entry", "is one too many: numbers are probed in one way")


_LINKS: tuple[Link, ...] = (
    _ownerless,
    _unknown_kinds,
    _numbers_used_twice,
    _agents_twice,
    _users_twice,
    _trunks_at_one_address,
    _agent_addresses,
    _currencies,
    _merchants,
    _one_way_of_probing,
)
