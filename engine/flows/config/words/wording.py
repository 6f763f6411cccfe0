"""The words that a configuration's services say, judged by the law of each one's country.

The texts are the operator's: he is told file and line of those that lack something, an organisation
which of its own services says them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from engine.core import announced
from engine.core.guards import Breach
from engine.core.inventory import Inventory, Service
from engine.core.phrasing import Catalogue
from engine.flows.config.build import sound_services
from engine.flows.config.links import Asker
from engine.flows.config.problems import Mark, MistakesError, Problem, in_order
from engine.flows.config.records import Record, Records

Catalogues = Mapping[str, Catalogue]
"""The texts by language."""

Texts = Callable[[], Catalogues]
"""Reads the texts as they are now; may raise `CallerError`, where they cannot be used."""


def lacking(records: Records, asker: Asker | None, catalogues: Catalogues) -> Iterable[Problem]:
    """What the texts of the files' services lack, for whoever wants the files in force."""
    pairs = list(sound_services(records))
    if asker is None:
        return _at_texts((service for _, service in pairs), catalogues)
    own = ((record, one) for record, one in pairs if one.organisation == asker.organisation)
    return _at_services(own, catalogues)


def keep_to_the_law(inventory: Inventory, catalogues: Catalogues) -> None:
    """Let nobody be told less than the law demands: `MistakesError` with all that is lacking."""
    if problems := in_order(_at_texts(inventory.services, catalogues)):
        raise MistakesError(problems, "sounds")


def _at_texts(services: Iterable[Service], catalogues: Catalogues) -> Iterable[Problem]:
    """Each lack at its text, once, however many services say it."""
    first: dict[tuple[str, str, str], Problem] = {}
    for service in services:
        for breach in _breaches(service, catalogues):
            mark = Mark(f"sounds/{service.lang}/prompts.yaml", *breach.place)
            key = (service.lang, breach.field, breach.values["what"])
            if key not in first:
                first[key] = Problem.at(
                    mark,
                    breach.rule,
                    breach.field,
                    f"{breach.message} (service {service.name})",
                    paragraph=breach.paragraph,
                    service=service.name,
                    **breach.values,
                )
    return first.values()


def _at_services(
    services: Iterable[tuple[Record, Service]], catalogues: Catalogues
) -> Iterator[Problem]:
    """Each lack at every service that has it."""
    for record, service in services:
        for breach in _breaches(service, catalogues):
            prompt = breach.field.partition(".")[2]
            message = f"has the announcement {prompt}, which {breach.message}"
            values: dict[str, Any] = {**breach.values, "prompt": prompt}
            yield record.problem((), breach.rule, message, paragraph=breach.paragraph, **values)


def _breaches(service: Service, catalogues: Catalogues) -> tuple[Breach, ...]:
    catalogue = catalogues.get(service.lang)
    # What has no texts at all cannot be said, and is refused for that.
    return () if catalogue is None else announced.check(service, catalogue)
