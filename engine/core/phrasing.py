"""The words of prompts: a catalogue of templates per language, and the filling of them.

A template is a whole sentence with placeholders in braces: values of the prompt under their name
without the unit (`{price}`, `{then}`, `{balance}`, `{minutes}`, `{seconds}`, `{after}`, `{days}`,
`{service}`, `{digit}`), or phrases that several templates share. `parse` checks an operator's file
whole.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

from engine.core.prompt import FORMS, Prompt, Value
from engine.core.spoken import MINUTES_SPOKEN_MAX, SPEAKERS, Speaker
from engine.errors import CallerError

Path = tuple[str | int, ...]
"""Keys and list indices on the way to a text."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A template and the values it is for; a value of None in `when` means: not given.

    `place` is line and column of its text in the file, from 1; both 0 where that is not known.
    """

    when: tuple[tuple[str, Value | None], ...]
    template: str
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All texts of one language: per prompt its variants (the first that fits is taken), and
    phrases that several of them share. Placeholders are value names without their unit."""

    lang: str
    prompts: Mapping[str, tuple[Variant, ...]]
    phrases: Mapping[str, tuple[Variant, ...]]


def text(prompt: Prompt, catalogue: Catalogue) -> str:
    """The words of a prompt; raises `ValueError` if the catalogue has none for these values."""
    values = _values(prompt)

    def word(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise ValueError(f"{catalogue.lang}: {prompt.key()} has no value {{{name}}}")
        return _spoken(name, values, SPEAKERS[catalogue.lang])

    return _BRACES.sub(word, template(prompt, catalogue))


def template(prompt: Prompt, catalogue: Catalogue) -> str:
    """The words of a prompt with its values still in braces; `ValueError` as `text`."""
    return _expanded(catalogue.prompts.get(prompt.name, ()), _values(prompt), catalogue, prompt)


def place(prompt: Prompt, catalogue: Catalogue) -> tuple[int, int]:
    """Where the words of a prompt stand in the catalogue's file; `ValueError` as `text`."""
    variants = catalogue.prompts.get(prompt.name, ())
    return _fitting(variants, _values(prompt), catalogue, prompt).place


def _values(prompt: Prompt) -> Mapping[str, Value]:
    return {placeholder(name): value for name, value in prompt.params}


def placeholder(name: str) -> str:
    """What a value is called in templates: its name without the unit."""
    return name.removesuffix("_micros").removesuffix("_s")


_BRACES = re.compile(r"\{([^{}]*)\}")


def _expanded(
    variants: tuple[Variant, ...],
    values: Mapping[str, Value],
    catalogue: Catalogue,
    prompt: Prompt,
) -> str:
    variant = _fitting(variants, values, catalogue, prompt)

    def phrase(match: re.Match[str]) -> str:
        if match[1] not in catalogue.phrases:
            return match[0]
        return _expanded(catalogue.phrases[match[1]], values, catalogue, prompt)

    return _BRACES.sub(phrase, variant.template)


def _fitting(
    variants: tuple[Variant, ...],
    values: Mapping[str, Value],
    catalogue: Catalogue,
    prompt: Prompt,
) -> Variant:
    """The first variant that fits."""
    for variant in variants:
        if all(values.get(name) == wanted for name, wanted in variant.when):
            return variant
    raise ValueError(f"{catalogue.lang}: no text for {prompt.key()}")


def _spoken(name: str, values: Mapping[str, Value], speaker: Speaker) -> str:
    value = values[name]
    if isinstance(value, str):
        return value
    if name in ("price", "then", "balance"):
        return speaker.money(value, str(values["currency"]))
    if name == "minutes":
        return speaker.minutes(value)
    if name == "days":
        return speaker.counted(value, speaker.day)
    if name == "digit":
        return speaker.number(value)
    if value > 60 * MINUTES_SPOKEN_MAX:
        return speaker.minutes(value // 60)
    return speaker.duration(value)


# --- reading an operator's file --------------------------------------------------------------


class CatalogueError(CallerError):
    """A catalogue that cannot be used; `problems` names every mistake in it at once."""

    code = "catalogue"

    def __init__(self, lang: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"texts of language {lang!r}: " + "; ".join(problems))
        self.problems = problems


def parse(
    lang: str, data: object, placed: Callable[[Path], tuple[int, int]] = lambda _path: (0, 0)
) -> Catalogue:
    """The catalogue in a file's plain data; raises `CatalogueError` with all that is wrong.

    `data` is `{"prompts": {name: text or [{"when": {...}, "text": ...}, ...]}, "phrases": ...}`.
    `placed` tells line and column of the text at a path of keys and indices.
    """
    if lang not in SPEAKERS:
        raise CatalogueError(lang, ("there is no grammar for it",))
    if not isinstance(data, dict) or not set(data) <= {"prompts", "phrases"}:
        raise CatalogueError(lang, ("it holds `prompts` and `phrases` and nothing else",))
    problems: list[str] = []
    catalogue = Catalogue(
        lang,
        _entries("prompts", data.get("prompts"), problems, placed),
        _entries("phrases", data.get("phrases", {}), problems, placed),
    )
    spoken = {name for name, form in FORMS.items() if form.spoken}
    problems += [f"prompts.{name}: missing" for name in sorted(spoken - set(catalogue.prompts))]
    problems += [f"prompts.{name}: unknown" for name in sorted(set(catalogue.prompts) - spoken)]
    if not problems:
        problems = [fault for name in sorted(spoken) for fault in _faults(name, catalogue)]
    if problems:
        raise CatalogueError(lang, tuple(dict.fromkeys(problems)))
    return catalogue


def _entries(
    section: str, data: object, problems: list[str], placed: Callable[[Path], tuple[int, int]]
) -> dict[str, tuple[Variant, ...]]:
    if not isinstance(data, dict):
        problems.append(f"{section}: not a table of names and texts")
        return {}
    return {
        str(name): _variants((section, name), entry, problems, placed)
        for name, entry in data.items()
    }


def _variants(
    keys: Path, entry: object, problems: list[str], placed: Callable[[Path], tuple[int, int]]
) -> tuple[Variant, ...]:
    path = ".".join(map(str, keys))
    rows = entry if isinstance(entry, list) else [{"text": entry}]
    variants = []
    for n, row in enumerate(rows):
        wanted = row.get("when", {}) if isinstance(row, dict) else None
        template = row.get("text") if isinstance(row, dict) else None
        if not isinstance(template, str) or not template.strip() or not isinstance(wanted, dict):
            problems.append(f"{path}: a text, or a list of `text` with `when`, is due here")
            continue
        unknown = set(wanted) - _PLACEHOLDERS
        problems += [f"{path}: `when` knows no {name!r}" for name in sorted(map(str, unknown))]
        at = placed((*keys, n, "text") if rows is entry else keys)
        variants.append(Variant(tuple(wanted.items()), " ".join(template.split()), at))
    return tuple(variants)


def _faults(name: str, catalogue: Catalogue) -> Iterator[str]:
    for specimen in specimens(name):
        try:
            text(specimen, catalogue)
        except ValueError as error:
            yield str(error)
        except RecursionError:
            yield f"{name}: its phrases go round in a circle"


def specimens(name: str) -> Iterator[Prompt]:
    """One prompt for every way its values can differ in kind: given or not, none, one or many."""
    form = FORMS[name]
    for count in range(len(form.optional) + 1):
        for given in combinations(form.optional, count):
            names = form.required + given
            if ("balance_micros" in names) != ("currency" in names) and not form.required:
                continue
            for values in product(*(_SPECIMENS[value] for value in names)):
                yield Prompt.of(name, **dict(zip(names, values, strict=True)))


_PLACEHOLDERS = {placeholder(name) for form in FORMS.values() for name in form.values}
_SPECIMENS: Mapping[str, tuple[Value, ...]] = {
    "price_micros": (0, 1_990_000),
    "then_micros": (0, 2_990_000),
    "balance_micros": (-500_000, 0, 1_500_000),
    "currency": ("EUR",),
    "starts": ("announcement", "conversation"),
    "after_s": (0, 1, 10),
    "minutes": (1, 10),
    "seconds": (1, 15, 60, 120),
    "days": (1, 7),
    "returning": (0, 1),
    "service": ("Auskunft",),
    "digit": tuple(range(10)),
}
