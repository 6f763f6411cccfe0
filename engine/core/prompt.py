"""What can be said on a call: prompts, what each is about, and their texts.

A `Prompt` is a name and its values: money in integer micro-units beside a `currency`, times in
integer minutes or seconds. `FORMS` is the list of all there are. `key()` names the audio file,
`alternatives()` gives the other ways of saying the same when that very sentence was never made
into audio. The words are `engine.core.phrasing`'s.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.core.spoken import CURRENCIES, MICROS_PER_CENT, MINUTES_SPOKEN_MAX

Value = int | str

SILENCE_AFTER_TARIFF_MS = 3_000


@dataclass(frozen=True, slots=True)
class Form:
    """What a prompt is about: its values in the order of the key.

    `optional` values are left out in this order when the fuller sentence has no audio; a
    `currency` goes with its amount.
    `time_left`: its seconds are how long the money lasts, so a sentence of their own can tell
    them; `rounded`: they are told in whole minutes from one minute on, never more than there is.
    `silence_after_ms` is part of the audio; `spoken` is False for tones and music. What a `secret`
    prompt tells is for one person alone, and in no log.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    time_left: bool = False
    rounded: bool = False
    silence_after_ms: int = 0
    spoken: bool = True
    secret: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        return self.required + self.optional


_FIXED = Form()
_PRICE = ("price_micros", "currency")
_STARTS = ("starts", "after_s")
_BALANCE = Form(optional=("balance_micros", "currency"))
_WARNING = Form(optional=("seconds",), time_left=True)
_TIME_NOW = Form(optional=("seconds",), time_left=True, rounded=True)

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        # before the conversation
        "welcome": _FIXED,
        "tariff": Form(_PRICE + _STARTS, silence_after_ms=SILENCE_AFTER_TARIFF_MS),
        "tariff_first_call": Form(
            ("price_micros", "then_micros", "currency", *_STARTS),
            ("minutes", "days"),
            silence_after_ms=SILENCE_AFTER_TARIFF_MS,
        ),
        "connect_fee": Form(_PRICE),
        "flat_price": Form(_PRICE + _STARTS, silence_after_ms=SILENCE_AFTER_TARIFF_MS),
        "waiting_is_charged": _FIXED,
        "minutes_left": Form(("minutes",)),
        "seconds_left": Form(("seconds",)),
        "please_wait": Form(optional=("minutes",)),
        "waiting_music": Form(spoken=False),
        # refusals
        "balance_too_low": _BALANCE,
        "not_identified": _FIXED,
        "enter_number": _FIXED,
        "enter_pin": _FIXED,
        "pin_wrong": _FIXED,
        "account_blocked": _FIXED,
        "blocked_caller": _FIXED,
        "closed": _FIXED,
        "holiday": _FIXED,
        "all_agents_busy": _FIXED,
        "fault": _FIXED,
        # during the conversation
        "price_change": Form(_PRICE),
        "warning_caller": _WARNING,
        "warning_agent": _WARNING,
        "time_changed_caller": _TIME_NOW,
        "time_changed_agent": _TIME_NOW,
        "topped_up_caller": _TIME_NOW,
        "topped_up_balance": _BALANCE,
        "agent_tone": Form(spoken=False),
        "call_limit_soon": Form(optional=("seconds",)),
        # its end, and after
        "money_ended_caller": _FIXED,
        "money_ended_agent": _FIXED,
        "hold_top_up": Form(optional=("seconds",)),
        "rejoined_caller": _FIXED,
        "rejoined_agent": _FIXED,
        "call_limit_reached": _FIXED,
        "ended_by_operator": _FIXED,
        "agent_lost_trying_next": _FIXED,
        "agent_lost_goodbye": _FIXED,
        "goodbye": _FIXED,
        # to the agent, before he is joined
        "whisper_agent": Form(("returning",), ("seconds", "service"), time_left=True, rounded=True),
        "press_to_accept": _FIXED,
        "whisper_source": Form(optional=("service",)),
        # verification calls
        "verify_greeting": Form(optional=("service",)),
        "verify_press": _FIXED,
        "verify_confirm": _FIXED,
        "code_is": _FIXED,
        "code_digit": Form(("digit",), secret=True),
        "code_pause": Form(spoken=False),
        "code_again": _FIXED,
        "enter_code": _FIXED,
        "code_wrong": _FIXED,
        "number_verified": _FIXED,
        "verify_goodbye": _FIXED,
    }
)

_CHOICES: Mapping[str, tuple[Value, ...]] = {
    "starts": ("announcement", "conversation"),
    "returning": (0, 1),
    "currency": CURRENCIES,
    "digit": tuple(range(10)),
}
_LETTERS: Mapping[str, str] = {
    "price_micros": "p",
    "then_micros": "t",
    "balance_micros": "b",
    "after_s": "a",
    "minutes": "m",
    "seconds": "s",
    "days": "d",
    "digit": "n",
    "returning": "r",
}
_MAY_BE_NEGATIVE = ("balance_micros",)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing to be said, heard or played; equal prompts sound the same. Made by `of`."""

    name: str
    params: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, name: str, **values: Value | None) -> "Prompt":
        """A prompt with its values checked and brought to what can be told.

        None leaves an optional value out. A balance is told in whole cents, rounded down. A time
        left is told in whole minutes from one minute on, and above two hours as "more than".
        `whisper_agent` takes `minutes` in place of `seconds`. Raises `ValueError` for a name, a
        value or a combination that `FORMS` does not know.
        """
        if name not in FORMS:
            raise ValueError(f"there is no prompt {name!r}")
        given = {key: value for key, value in values.items() if value is not None}
        form = FORMS[name]
        if "minutes" in given and "minutes" not in form.values and form.rounded:
            given["seconds"] = 60 * _whole(name, "minutes", given.pop("minutes"))
        _check(name, form, given)
        return cls(name, tuple((key, _told(form, key, given[key])) for key in _in(form, given)))

    @classmethod
    def of_key(cls, key: str) -> "Prompt | None":
        """The prompt of a key; None for what is none. A service's title that the key holds in plain
        letters only is left out."""
        name, *slugs = key.split("-")
        values: dict[str, Value | None] = {}
        places = iter(FORMS[name].values if name in FORMS else ())
        for slug in slugs:
            place = next((place for place in places if _is_slug(place, slug)), None)
            if place is None:
                return None
            values[place] = _value(place, slug)
        try:
            return cls.of(name, **values)
        except ValueError:
            return None

    def key(self) -> str:
        """A file name that stands for this prompt alone: `tariff-p1990000-EUR-conversation-a10`."""
        return "-".join([self.name, *(_slug(name, value) for name, value in self.params)])

    @property
    def shown(self) -> str:
        """What a log may say of it: its key, of a secret one its name alone."""
        return self.name if FORMS[self.name].secret else self.key()

    def get(self, name: str) -> Value | None:
        """A value, or None if the prompt has none of that name."""
        return dict(self.params).get(name)

    def without(self, *names: str) -> "Prompt":
        """The same prompt with these values left out."""
        return replace(self, params=tuple(item for item in self.params if item[0] not in names))

    @property
    def silence_after_ms(self) -> int:
        """Silence that ends the audio and is part of it (§ 110 TKG: 3 s after a price)."""
        return FORMS[self.name].silence_after_ms

    @property
    def spoken(self) -> bool:
        """False for tones and music, which belong to no language."""
        return FORMS[self.name].spoken


def time_left(seconds: int) -> Prompt:
    """How long the money lasts: whole minutes, or the seconds when it is less than one."""
    if seconds >= 60:
        return Prompt.of("minutes_left", minutes=seconds // 60)
    return Prompt.of("seconds_left", seconds=seconds)


def alternatives(prompt: Prompt) -> tuple[tuple[Prompt, ...], ...]:
    """Ways to say the same, best first: the prompt itself, then with less in it.

    Each way is a row of whole sentences. A time left that had to be left out is told by a
    sentence of its own where there is one. Prices are never left out.
    """
    form = FORMS[prompt.name]
    ways: list[tuple[Prompt, ...]] = [(prompt,)]
    shorter: list[tuple[Prompt, ...]] = []
    bare = prompt
    for name in form.optional:
        if bare.get(name) is None or "price_micros" in form.required:
            continue
        bare = bare.without(name, "currency")
        seconds = prompt.get("seconds")
        if form.time_left and isinstance(seconds, int) and bare.get("seconds") is None:
            ways.append((bare, time_left(seconds)))
        shorter.append((bare,))
    return (*ways, *shorter)


# --- values ----------------------------------------------------------------------------------


def _in(form: Form, given: Mapping[str, Value]) -> list[str]:
    return [name for name in form.values if name in given]


def _check(name: str, form: Form, given: Mapping[str, Value]) -> None:
    missing = [value for value in form.required if value not in given]
    unknown = [value for value in given if value not in form.values]
    if missing or unknown:
        raise ValueError(f"prompt {name!r}: missing {missing}, unknown {unknown}")
    if ("balance_micros" in given) != ("currency" in given) and "price_micros" not in given:
        raise ValueError(f"prompt {name!r}: a balance needs its currency")
    for key, value in given.items():
        if key in _CHOICES:
            if value not in _CHOICES[key]:
                raise ValueError(f"prompt {name!r}: {key} is {value!r}, not in {_CHOICES[key]}")
        elif key in _LETTERS and _whole(name, key, value) < 0 and key not in _MAY_BE_NEGATIVE:
            raise ValueError(f"prompt {name!r}: {key} is below zero: {value}")


def _whole(name: str, key: str, value: Value) -> int:
    if not isinstance(value, int):
        raise ValueError(f"prompt {name!r}: {key} is no whole number: {value!r}")
    return value


def _told(form: Form, key: str, value: Value) -> Value:
    """The value as it will be told, so that equal sentences have equal keys."""
    if not isinstance(value, int):
        return value
    if key == "balance_micros":
        return value // MICROS_PER_CENT * MICROS_PER_CENT
    if key == "minutes":
        return min(value, MINUTES_SPOKEN_MAX + 1)
    if key == "seconds" and form.rounded and value >= 60:
        return 60 * min(value // 60, MINUTES_SPOKEN_MAX + 1)
    return value


def _slug(name: str, value: Value) -> str:
    if isinstance(value, int):
        sign = "n" if value < 0 else ""
        return f"{_LETTERS.get(name, '')}{sign}{abs(value)}"
    plain = re.sub(r"[^A-Za-z0-9]+", "_", value)[:40]
    if plain == value:
        return plain
    return f"{plain}_{hashlib.sha256(value.encode()).hexdigest()[:8]}"


_HASHED = re.compile(r"_[0-9a-f]{8}$")


def _is_slug(name: str, slug: str) -> bool:
    if name in _LETTERS:
        return re.fullmatch(rf"{_LETTERS[name]}n?[0-9]{{1,18}}", slug) is not None
    return name not in _CHOICES or slug in _CHOICES[name]


def _value(name: str, slug: str) -> Value | None:
    """The value that `_slug` wrote; None for a text that it had to shorten."""
    if name in _LETTERS:
        number = slug.removeprefix(_LETTERS[name])
        return -int(number[1:]) if number.startswith("n") else int(number)
    return None if _HASHED.search(slug) else slug
