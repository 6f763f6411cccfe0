"""What a dialplan must hold to before Asterisk sees it. Pure.

The contexts `groschen-…` are ours: nothing of the operator's opens them but `groschen-own`, in
which his files begin, and none of the extensions that a call can come to from there may keep a leg
alive after its deadline. So where a step of his leads must be known ahead, into our contexts only
their beginnings lead, where the deadline is set, and what hands a leg to an engine, or runs what
nobody can judge, is ours alone. Whatever else is only known during a call is not judged.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from engine.asterisk.etc import patterns, text
from engine.asterisk.etc.plan import EXTENSIONS, Context, Plan, Step
from engine.flows.config.problems import Mark, Problem, closest

OURS = "groschen-"
OWN = "groschen-own"
DEADLINES = ("T", "e")
"""Extensions in which a leg would live on when its absolute timeout has come, or on any error."""

_FUNCTION = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\(")
_SET_FUNCTION = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\([^=]*\)\s*=")
_EXTEN = re.compile(r"\$\{EXTEN(?::-?[0-9]{1,3}){0,2}\}")
_RESERVED_NAME = re.compile(r"(?<!\$\{)(?<!\w)_*GROSCHEN_\w*|hangup_handler_\w*", re.IGNORECASE)
_ASSIGNED = re.compile(r"[^=]*")
_OUR_PROGRAM = "${GROSCHEN_AGI}/"
_PROGRAMS = ("agi", "deadagi", "eagi")
_ENGINES_ALONE = ("stasis", "stasisbroadcast", "bridge", "execiftime")
"""What gives a leg to an engine or takes one from it, and what hides another application."""

_PLAYS = ("playback", "background")
_SETS = ("set", "mset")
_GOES = ("goto", "gosub")
_GOES_IF = ("gotoif", "gosubif", "gotoiftime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the dialplan may name: applications, functions, and whether a prompt is there to play
    (None: this machine cannot tell)."""

    applications: frozenset[str]
    functions: frozenset[str]
    has_prompt: Callable[[str], bool | None]


def problems(plan: Plan, known: Known) -> Iterator[Problem]:
    """Everything that is wrong with a plan, in no order."""
    yield from plan.problems
    yield from _reserved(plan)
    for context in plan.contexts.values():
        yield from _missing_contexts(context, plan)
        yield from _priorities(context)
        yield from _extensions(context)
        for step in context.steps:
            yield from _brackets(step)
            yield from _names(step, known)
            yield from _targets(step, plan)
            yield from _prompts(step, known)
            if step.line.mark.file != EXTENSIONS:
                yield from _ours_alone(step)
                yield from _ways_out(step)
    yield from _alive_after_the_end(plan)


# --- sections and extensions -----------------------------------------------------------------


def _reserved(plan: Plan) -> Iterator[Problem]:
    for name, mark in plan.opened:
        ours = name == "general" or (_is_ours(name) and name != OWN)
        if ours and mark.file != EXTENSIONS:
            yield Problem.at(mark, "reserved_section", name, "belongs to the engine")
    for section, name, mark in plan.values:
        if section == "globals" and name.startswith("GROSCHEN_") and mark.file != EXTENSIONS:
            yield Problem.at(mark, "reserved_section", name, "belongs to the engine")


def _missing_contexts(context: Context, plan: Plan) -> Iterator[Problem]:
    for name, mark in context.includes:
        if name not in plan.contexts:
            yield Problem.at(
                mark,
                "missing_context",
                name,
                "is included, and there is no such context",
                suggestion=closest(name, plan.contexts),
            )


def _priorities(context: Context) -> Iterator[Problem]:
    """Each priority and label once, and a first one to begin with."""
    numbers: dict[tuple[str, str], dict[int, Step]] = {}
    labels: set[tuple[str, str, str]] = set()
    for step in context.steps:
        of_exten = numbers.setdefault((step.exten, step.caller), {})
        if step.priority in of_exten:
            there = of_exten[step.priority].line.mark
            message = f"has its priority {step.priority} already ({there.file}:{there.line})"
            yield Problem.at(step.line.mark, "duplicate_priority", step.exten, message)
        label = (step.exten, step.caller, step.label)
        if step.label and label in labels:
            message = f"has its label {step.label} already"
            yield Problem.at(step.line.mark, "duplicate_label", step.exten, message)
        of_exten.setdefault(step.priority, step)
        labels.add(label)
    for (exten, _), steps in numbers.items():
        if 1 not in steps:
            first = steps[min(steps)]
            message = f"begins with priority {first.priority}, and nothing leads there"
            yield Problem.at(first.line.mark, "no_first_priority", exten, message, suggestion="1")


def _extensions(context: Context) -> Iterator[Problem]:
    seen: set[str] = set()
    for step in context.steps:
        fault = patterns.fault(step.exten) if step.exten not in seen else None
        seen.add(step.exten)
        if fault:
            yield Problem.at(step.line.mark, "pattern", "", fault[0], suggestion=fault[1])


def _alive_after_the_end(plan: Plan) -> Iterator[Problem]:
    """A T or e extension would let a leg live on when its deadline has come."""
    for context in _come_to(plan):
        for step in context.steps:
            caught = [name for name in DEADLINES if patterns.matches(step.exten, name)]
            if caught and step.priority == 1:
                message = f"would keep a call alive after its deadline (extension {caught[0]})"
                yield Problem.at(step.line.mark, "outlives_deadline", step.exten, message)


def _come_to(plan: Plan) -> list[Context]:
    """All contexts that a call can come to from ours, by `include` or by a step."""
    found: dict[str, Context] = {}
    waiting = [name for name in plan.contexts if _is_ours(name)]
    while waiting:
        for context in plan.reached(waiting.pop()):
            if context.name not in found:
                found[context.name] = context
                targets = (_taken_apart(t) for s in context.steps for _, t in _written_targets(s))
                waiting += [where for where, _, _ in targets if where]
    return list(found.values())


def _is_ours(context: str) -> bool:
    return context.lower().startswith(OURS)


# --- one step --------------------------------------------------------------------------------


def _brackets(step: Step) -> Iterator[Problem]:
    at = text.unbalanced(step.call)
    if at is not None:
        place = step.line.at(step.offset + at)
        message = f"has a {step.call[at]} without its counterpart"
        yield Problem.at(place, "unbalanced_bracket", step.application, message)


def _names(step: Step, known: Known) -> Iterator[Problem]:
    """Applications and functions that this Asterisk has."""
    if text.unbalanced(step.call) is not None:
        return
    name = step.application
    if name.lower() not in {each.lower() for each in known.applications}:
        message = "is no application that this Asterisk has loaded"
        meant = closest(name.split(",")[0], known.applications)
        yield Problem.at(step.place, "unknown_application", name, message, suggestion=meant)
    for function, at in _functions(step):
        if function not in known.functions:
            message = "is no function that this Asterisk has loaded"
            meant = closest(function, known.functions)
            yield Problem.at(
                step.within(at), "unknown_function", function, message, suggestion=meant
            )


def _functions(step: Step) -> Iterator[tuple[str, int]]:
    for found in _FUNCTION.finditer(step.arguments):
        yield found[1], found.start(1)
    if step.application.lower() in _SETS:
        for at, part in text.parts(step.arguments, ","):
            if written := _SET_FUNCTION.match(part):
                yield written[1], at + written.start(1)


def _prompts(step: Step, known: Known) -> Iterator[Problem]:
    if step.application.lower() not in _PLAYS:
        return
    (_, files), *_ = text.parts(step.arguments, ",")
    for at, name in text.parts(files, "&"):
        plain = name.strip()
        if plain and text.is_fixed(plain) and known.has_prompt(plain) is False:
            message = "is in no folder of prompts"
            yield Problem.at(step.within(at), "missing_prompt", plain, message)


# --- what only we may do ----------------------------------------------------------------------


def _ours_alone(step: Step) -> Iterator[Problem]:
    """Applications and names that a step of the operator's own may not use."""
    name = step.application.lower()
    is_foreign = name in _PROGRAMS and not step.arguments.strip().startswith(_OUR_PROGRAM)
    if name in _ENGINES_ALONE or is_foreign:
        message = (
            f"asks a program that cannot be judged; {_OUR_PROGRAM}… may be asked"
            if is_foreign
            else "is for the engine's own contexts"
        )
        yield Problem.at(step.place, "reserved_application", step.application, message)
    for found in _RESERVED_NAME.finditer(step.arguments):
        place = step.within(found.start())
        yield Problem.at(place, "reserved_name", found[0], "belongs to the engine")
    assigned = _ASSIGNED.match(step.arguments)
    if name in _SETS and assigned and not text.is_fixed(assigned[0].partition("(")[0]):
        message = "must be a name that is known ahead of the call"
        yield Problem.at(step.within(0), "reserved_name", assigned[0], message)


def _ways_out(step: Step) -> Iterator[Problem]:
    """Where a step of the operator's own leads: it must be known, and miss no deadline."""
    for at, target in _written_targets(step):
        context, exten, priority = _taken_apart(target)
        is_known = text.is_fixed(context + priority)
        if not is_known or not (text.is_fixed(exten) or _EXTEN.fullmatch(exten)):
            message = "leads to where nobody knows ahead of the call (but for ${EXTEN})"
            yield Problem.at(step.within(at), "unknown_target", target, message)
        elif _is_ours(context) and context != OWN and priority != "1":
            message = "leads past the beginning, in which the deadline is set"
            yield Problem.at(step.within(at), "misses_deadline", target, message, suggestion="1")


# --- where a step goes -----------------------------------------------------------------------


def _targets(step: Step, plan: Plan) -> Iterator[Problem]:
    if text.unbalanced(step.call) is not None:
        return
    for at, target in _written_targets(step):
        fault = _lost(target, step, plan)
        if fault:
            what, message, choices = fault
            meant = closest(what, choices)
            yield Problem.at(step.within(at), "missing_target", what, message, suggestion=meant)


def _written_targets(step: Step) -> Iterator[tuple[int, str]]:
    name = step.application.lower()
    if name in _GOES:
        yield 0, step.arguments
    elif name in _GOES_IF:
        _, *branches = text.parts(step.arguments, "?")
        if branches:
            begin = branches[0][0]
            yield from (
                (begin + at, target)
                for at, target in text.parts(step.arguments[begin:], ":")
                if target.strip()
            )
    elif name == "background":
        yield from ((at, f"{where},s,1") for at, where in text.parts(step.arguments, ",")[3:4])


def _lost(target: str, step: Step, plan: Plan) -> tuple[str, str, Iterable[str]] | None:
    """What of a target is not there: itself, why, and what it might have meant."""
    context, exten, priority = _taken_apart(target)
    if context and text.is_fixed(context) and context not in plan.contexts:
        return context, "is no context to go to", plan.contexts
    if not (text.is_fixed(context) and text.is_fixed(exten)):
        return None
    steps = [s for c in plan.reached(context or step.context) for s in c.steps]
    there = [s for s in steps if s.exten == exten or patterns.matches(s.exten, exten)]
    if not exten:
        there = [s for s in steps if s.exten == step.exten]
    elif not there:
        return exten, "is no extension to go to", [s.exten for s in steps]
    if not text.is_fixed(priority):
        return None
    if not priority.isdigit():
        labels = [s.label for s in there if s.label]
        return None if priority in labels else (priority, "is no label to go to", labels)
    numbers = [str(s.priority) for s in there]
    return None if priority in numbers else (priority, "is no priority to go to", ())


def _taken_apart(target: str) -> tuple[str, str, str]:
    """Context, extension and priority of a target, empty where it names none; as Asterisk does it,
    to whom brackets mean nothing here and a fourth part is none."""
    before = target.split("(")[0]
    where = [part.strip() for part in (before if text.is_fixed(before) else target).split(",")]
    context, exten, priority = ["", "", *where[:3]][-3:]
    return context, exten, priority


def place_of(plan: Plan, dialled: str) -> Mark | None:
    """Where the operator's own dialplan takes a number before ours does; None if it does not."""
    for context in plan.reached(OWN):
        begins = [step for step in context.steps if step.priority == 1 and not step.caller]
        taking = [step for step in begins if patterns.matches(step.exten, dialled)]
        if taking:
            return min(taking, key=lambda step: patterns.order(step.exten)).line.mark
    return None
