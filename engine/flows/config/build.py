"""From sound entries to the inventory, and the guards' judgement of it."""

from collections.abc import Iterable, Iterator
from typing import Any

from engine.core import guards
from engine.core.inventory import (
    Agent,
    AgentKind,
    BillingProfile,
    CallLimits,
    HuntGroup,
    Inventory,
    Merchant,
    Organisation,
    PlatformFees,
    ProviderTerms,
    Service,
    TopUpAmount,
    Trunk,
)
from engine.core.money import Rounding
from engine.core.probe import ProbePlan
from engine.core.rating import Increment, Rate
from engine.core.retention import Kept
from engine.flows.config.files import (
    AgentInFile,
    GroupInFile,
    KeptInFile,
    MerchantInFile,
    OrganisationInFile,
    ProbingInFile,
    ProfileInFile,
    ServiceInFile,
    TariffInFile,
    TrunkInFile,
)
from engine.flows.config.links import Holders, holders, outside_number, owner
from engine.flows.config.problems import Problem
from engine.flows.config.records import Record, Records
from engine.ports.versions import Unsaid


def inventory(records: Records, version: int) -> Inventory:
    """The inventory of entries that have no problem, neither alone nor between them."""
    return Inventory(
        version=version,
        organisations=tuple(
            Organisation(name=record.name, title=model.title)
            for record, model in records.sound(OrganisationInFile)
        ),
        trunks=tuple(_trunk(*pair) for pair in records.sound(TrunkInFile)),
        agents=tuple(_agent(records, *pair) for pair in records.sound(AgentInFile)),
        groups=tuple(_group(records, *pair) for pair in records.sound(GroupInFile)),
        profiles=tuple(_profile(records, *pair) for pair in records.sound(ProfileInFile)),
        services=tuple(service for _, service in sound_services(records)),
        merchants=tuple(_merchant(records, *pair) for pair in records.sound(MerchantInFile)),
        retention=tuple(
            Kept(record.name, model.months) for record, model in records.sound(KeptInFile)
        ),
        probing=tuple(_probing(*pair) for pair in records.sound(ProbingInFile)),
    )


def sound_services(records: Records) -> Iterator[tuple[Record, Service]]:
    """The services that have no mistake in them, nor in their tariff."""
    for record, model in records.sound(ServiceInFile):
        service = _service(records, record, model)
        if service is not None:
            yield record, service


def breaches(records: Records, stocked: Holders | None) -> Iterator[Problem]:
    """What the guards forbid, placed at the value that breaks them.

    `stocked` are the numbers of the stock that take calls; None: who has a shown number is not
    asked.
    """
    yield from _shown_numbers(records, None if stocked is None else holders(records, stocked))
    for record, model in records.sound(ServiceInFile):
        service = _service(records, record, model)
        tariff = records.get("tariffs", model.tariff)
        if service is None or tariff is None:
            continue
        for breach in guards.check(service, outside=_outside_trunks(records, model)):
            section, _, rest = breach.field.partition(".")
            if section != "tariff":
                yield _breach(record, breach, (breach.field,))
            elif rest != "other" or tariff.has("other"):
                yield _breach(tariff, breach, tuple(rest.split(".")), record.name)


def _shown_numbers(records: Records, had: Holders | None) -> Iterator[Problem]:
    """The numbers that people called are shown, each at its place or at what calls with it."""
    rightful = set[str]()
    for record, trunk in records.sound(TrunkInFile):
        if trunk.caller_id is None:
            continue
        if trunk.caller_id_right is not None:
            rightful.add(trunk.caller_id)
        is_held = had is None or trunk.caller_id_right is not None or trunk.caller_id in had
        for breach in guards.check_caller_id(trunk.caller_id, trunk.region, is_held=is_held):
            yield _breach(record, breach, ("caller_id",))
    for record, probing in records.sound(ProbingInFile):
        proved = probing.number_right is not None or probing.number in rightful
        is_held = had is None or proved or probing.number in had
        shown = probing.number, probing.region
        for breach in guards.check_caller_id(*shown, is_held=is_held, right="number_right"):
            yield _breach(record, breach, ("number",))
    if had is not None:
        yield from _shown_for_others(records, had)


def _shown_for_others(records: Records, had: Holders) -> Iterator[Problem]:
    """Who calls through a trunk that shows a number which only others have."""
    calling = [
        *((r, a.trunk) for r, a in records.sound(AgentInFile) if a.kind is AgentKind.OUTSIDE),
        *((r, m.trunk) for r, m in records.sound(MerchantInFile)),
    ]
    for record, name in calling:
        trunk = records.model(TrunkInFile, name or "")
        if trunk is None or trunk.caller_id is None or trunk.caller_id_right is not None:
            continue
        theirs, mine = had.get(trunk.caller_id, set()), owner(records, record)
        if theirs and mine and mine not in theirs:
            for breach in guards.check_holder(trunk.caller_id, trunk.region, mine):
                yield _breach(record, breach, ("trunk",))


def _breach(
    record: Record, breach: guards.Breach, path: tuple[str, ...], service: str = ""
) -> Problem:
    """A breach at its place; one of a tariff is a `service`'s, for each may have its own law."""
    message = breach.message + (f" (service {service})" if service else "")
    values: dict[str, Any] = {**breach.values, **({"service": service} if service else {})}
    return record.problem(path, breach.rule, message, paragraph=breach.paragraph, **values)


def unsaid_at(records: Records, unsaid: Iterable[Unsaid]) -> Iterator[Problem]:
    """What an engine cannot say, placed at the value that asks for it."""
    for one in unsaid:
        record = records.get(one.section, one.entry)
        field = one.field
        if record is not None and isinstance(record.model, ServiceInFile):
            section, _, rest = one.field.partition(".")
            if section == "tariff":
                record, field = records.get("tariffs", record.model.tariff), rest
        if record is not None:
            yield _unsaid(record, field, one)


def _unsaid(record: Record, field: str, one: Unsaid) -> Problem:
    recording, sentence = f"sounds/{one.lang}/custom/{one.key}.wav", one.words or one.key
    values: dict[str, Any] = {"sentence": sentence, "recording": recording, "reason": one.reason}
    begin = "asks for a sentence that callers would not hear:"
    mend = f"mend: the operator runs scripts/sounds --fetch-voice, or records it as {recording}"
    if one.voiceless:
        message = f'{begin} no voice is installed that speaks it: "{sentence}"; {mend}'
        return record.problem((field,), "no_voice", message, **values)
    message = f'{begin} it could not be spoken ({one.reason}): "{sentence}"; {mend}'
    return record.problem((field,), "not_spoken", message, **values)


def _outside_trunks(records: Records, service: ServiceInFile) -> list[Trunk]:
    group = records.model(GroupInFile, service.group)
    agents = [records.model(AgentInFile, name) for name in (group.agents if group else [])]
    names = {agent.trunk for agent in agents if agent and agent.kind is AgentKind.OUTSIDE}
    pairs = records.sound(TrunkInFile)
    return [_trunk(record, model) for record, model in pairs if record.name in names]


def _trunk(record: Record, model: TrunkInFile) -> Trunk:
    return Trunk(
        name=record.name,
        host=model.host,
        port=model.port,
        vouches=model.vouches,
        number_format=model.number_format,
        region=model.region,
        early_media=model.early_media,
        caller_id=model.caller_id or "",
    )


def _agent(records: Records, record: Record, model: AgentInFile) -> Agent:
    outside = model.kind is AgentKind.OUTSIDE
    return Agent(
        name=record.name,
        organisation=owner(records, record),
        kind=model.kind,
        address=outside_number(records, model) if outside else model.address,
        trunk=model.trunk or "",
        lang=model.lang,
        wrap_up_s=model.wrap_up_s,
        user=model.user.lower(),
    )


def _group(records: Records, record: Record, model: GroupInFile) -> HuntGroup:
    return HuntGroup(
        name=record.name,
        organisation=owner(records, record),
        agents=tuple(model.agents),
        strategy=model.strategy,
        ring_timeout_s=model.ring_timeout_s,
        rounds=model.rounds,
    )


def _profile(records: Records, record: Record, model: ProfileInFile) -> BillingProfile:
    return BillingProfile(
        name=record.name,
        organisation=owner(records, record),
        currency=model.currency,
        title=model.title or record.name,
        amounts=tuple(TopUpAmount(pay_micros=a.pay, bonus_micros=a.bonus) for a in model.amounts),
        sites=tuple(dict.fromkeys(model.sites)),
        providers=tuple(
            ProviderTerms(provider=name, options=tuple(options.items()))
            for name, options in model.providers.items()
        ),
        fees=PlatformFees(
            per_month_micros=model.fees.per_month,
            per_call_micros=model.fees.per_call,
            calls_basis_points=model.fees.percent_of_calls,
        ),
    )


def _merchant(records: Records, record: Record, model: MerchantInFile) -> Merchant:
    return Merchant(
        name=record.name,
        organisation=owner(records, record),
        trunk=model.trunk,
        currency=model.currency,
        rate=Rate(
            price_micros=model.per_minute,
            first_price_micros=None,
            first_minutes=None,
            increment=Increment(60, 60),
            connect_fee_micros=model.price,
            rounding=Rounding(model.rounding.digits, model.rounding.mode),
            max_call_minutes=60,
        ),
        title=model.title or "",
        region=model.region,
        countries=tuple(dict.fromkeys(model.countries)),
        lines=tuple(dict.fromkeys(model.lines)),
        modes=tuple(dict.fromkeys(model.modes)),
        languages=tuple(dict.fromkeys(model.languages)),
        on_invalid=model.on_invalid,
        code_digits=model.code_digits,
        tries=model.tries,
        calls=model.calls,
        retry_after_s=model.retry_after_s,
        lifetime_s=model.lifetime_s,
        ring_timeout_s=model.ring_timeout_s,
        limits=CallLimits(**model.limits.model_dump()),
        sites=tuple(dict.fromkeys(model.sites)),
    )


def _probing(record: Record, model: ProbingInFile) -> ProbePlan:
    return ProbePlan(
        name=record.name,
        show_number=model.number,
        **model.model_dump(exclude={"number", "number_right", "region"}),
    )


def _service(records: Records, record: Record, model: ServiceInFile) -> Service | None:
    """The service, None if its tariff has a mistake in it."""
    tariff = records.model(TariffInFile, model.tariff)
    if tariff is None:
        return None
    organisation = owner(records, record)
    offer = tariff.first_call
    # Lists are looked up by name alone, so the owner is part of it: none is shared by accident.
    caller_list = f"{organisation}/{model.caller_list or record.name}" if offer else ""
    return Service(
        name=record.name,
        organisation=organisation,
        dids=tuple(dict.fromkeys(model.numbers)),
        profile=model.profile,
        tariff=tariff.built(),
        group=model.group,
        title=model.title or "",
        lang=model.lang,
        region=model.region,
        guard=model.guard,
        hours=model.hours.built(),
        blocked=tuple(dict.fromkeys(model.blocked)),
        caller_list=caller_list,
        first_call_days=offer.days if offer else None,
        thresholds_s=tuple(sorted(set(model.thresholds_s), reverse=True)),
        slice_s=model.slice_s,
        free_hold_s=model.free_hold_s,
        forced_end_min=model.forced_end_min,
        forced_end_warning_s=model.forced_end_warning_s,
        on_agent_lost=model.on_agent_lost,
        pin_entry=model.pin_entry,
        whisper=model.whisper,
        expected_wait_min=model.expected_wait_min,
        max_wait_s=model.max_wait_s,
    )
