"""What the announcement of a price must name by law, and whether its words do.

`duties` is what a service's guard demands of a prompt, `check` names what a catalogue's words lack.
Values are looked for by their placeholders: an amount that is written out is none that is told.
The rest is looked for by words, `_WORDS`; whether a sentence that has them is true, nobody can
tell but who reads it. What an operator's recording says is not known here at all.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from engine.core.guards import Breach
from engine.core.inventory import Service
from engine.core.law import GUARDS, Named, Rule
from engine.core.phrasing import Catalogue, place, template
from engine.core.prompt import Prompt
from engine.core.rating import StartsFrom
from engine.core.repertoire import caller_prompts

_BY_THE_CALL = frozenset({"connect_fee", "flat_price"})
_ANNOUNCED = _BY_THE_CALL | {"tariff", "tariff_first_call", "price_change"}
_BEFORE_ALL = frozenset({"tariff", "tariff_first_call", "flat_price"})
"""The prompts after which charging may start; a connect fee is told before one of them."""

MINUTE, CALL = "the price a minute", "the price of the call"
VAT, START = "that VAT is in the price", "when charging starts"

_WORDS: Mapping[str, Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        lang: {what: re.compile(pattern, re.IGNORECASE) for what, pattern in patterns.items()}
        for lang, patterns in {
            "de": {
                MINUTE: r"\b(pro|je|per|jede|die) Minute\b|\bMinutenpreis",
                CALL: r"\b(pro|je|per|das|dieses|den|diesen|die|diese|jede[ns]?) "
                r"(ganzen? |gesamten? )?(Gespräch|Anruf|Verbindung)\b",
                VAT: r"\b(inkl|einschl|mit\b)\w*\.?( \S+){0,3}? ?(\w*steuer|MwSt|USt)\b"
                r"|(steuern?|MwSt\.?|USt\.?) (ist |sind )?(enthalten|inbegriffen|inklusive)",
                START: r"(?=.*(berechn|abrechn|abgerechn|entgelt|kostenpflicht))"
                r".*(beginn|start|\bab\b|\bsobald\b|\berst\b)",
            },
            "en": {
                MINUTE: r"\b(a|per|each|every) minute\b",
                CALL: r"\b(a|per|each|every|this|the) (whole |entire )?call\b",
                VAT: r"\b(incl|with\b)\w*\.?( \S+){0,3}? ?\b(tax(es)?|VAT)\b"
                r"|\b(tax(es)?|VAT) (is |are )?included\b",
                START: r"(?=.*(charg|bill|\bpay\b)).*(begin|start|\bfrom\b|\bonce\b|\bas soon\b)",
            },
        }.items()
    }
)


def duties(service: Service, prompt: Prompt) -> Mapping[Named, str]:
    """What the law of a service demands that a prompt names, each with its paragraph."""
    guard = GUARDS[service.guard]
    if guard is None or not _amounts(prompt):
        return {}
    kinds = {guard.kind_of(did, service.region) for did in service.dids}
    if guard.announced_on.isdisjoint(kinds):
        return {}
    before_all = prompt.name in _BEFORE_ALL
    return {
        named: paragraph
        for named, paragraph in guard.announced.items()
        if named is not Named.START or before_all
    }


def check(service: Service, catalogue: Catalogue) -> tuple[Breach, ...]:
    """What the words of a service's announcements lack, each prompt's (`prompts.tariff`) once.

    `catalogue` is that of the service's language. Raises KeyError for a guard that is not there.
    """
    found: dict[tuple[str, str], Breach] = {}
    for prompt in caller_prompts(service):
        for named, paragraph in duties(service, prompt).items():
            what = _what(named, prompt)
            if not _told(named, prompt, catalogue):
                field = f"prompts.{prompt.name}"
                values = {"what": what, "text": template(prompt, catalogue)}
                message = f'must tell {what}, but says: "{values["text"]}"'
                at = place(prompt, catalogue)
                breach = Breach(paragraph, field, Rule.ANNOUNCEMENT_WORDS, message, values, at)
                found.setdefault((field, what), breach)
    return tuple(found.values())


def _amounts(prompt: Prompt) -> tuple[str, ...]:
    """The placeholders of what this very call may cost; none where it is free."""
    if prompt.name not in _ANNOUNCED:
        return ()
    costs = [("price", prompt.get("price_micros"))]
    if prompt.get("minutes") is not None:
        costs.append(("then", prompt.get("then_micros")))
    return tuple(name for name, micros in costs if micros)


def _what(named: Named, prompt: Prompt) -> str:
    if named is Named.PRICE:
        return CALL if prompt.name in _BY_THE_CALL else MINUTE
    return VAT if named is Named.VAT else START


def _told(named: Named, prompt: Prompt, catalogue: Catalogue) -> bool:
    words = template(prompt, catalogue)
    if _WORDS[catalogue.lang][_what(named, prompt)].search(words) is None:
        return False
    if named is Named.PRICE:
        return all(f"{{{name}}}" in words for name in _amounts(prompt))
    if named is Named.START:
        late = not prompt.get("after_s") or "{after}" in words
        return late and all(words != template(other, catalogue) for other in _elsewise(prompt))
    return True


def _elsewise(prompt: Prompt) -> Iterator[Prompt]:
    """The prompt of a call that is charged from another moment on, which is told otherwise."""
    values = dict(prompt.params)
    for origin in StartsFrom:
        if origin.value != values["starts"]:
            yield Prompt.of(prompt.name, **{**values, "starts": origin.value})
