"""Payment providers in the operator's files: names that there are, options that they know.

Which providers there are, and with what options, is told by whoever reads the files; without that
only their form is checked.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from engine.flows.config.files import ProfileInFile
from engine.flows.config.problems import Problem, closest
from engine.flows.config.records import Record, Records

SECRET = "secret:"  # noqa: S105 - how a secret is named, none itself


class OptionForm(Protocol):
    """An option of a provider: whether it must be given, and whether nobody may read it."""

    @property
    def is_required(self) -> bool: ...

    @property
    def is_secret(self) -> bool: ...


Forms = Mapping[str, Mapping[str, OptionForm]]
"""By provider: its options."""


def provider_problems(records: Records, forms: Forms | None) -> Iterator[Problem]:
    """Every provider or option that there is none of, and every option that is missing."""
    if forms is None:
        return
    for record, profile in records.sound(ProfileInFile):
        for name, options in profile.providers.items():
            form = forms.get(name)
            if form is None:
                message = f"is not a provider; known are {', '.join(sorted(forms))}"
                yield record.problem(
                    ("providers", name), "unknown_provider", message,
                    suggestion=closest(name, forms), of_key=True, known=", ".join(sorted(forms)),
                )  # fmt: skip
            else:
                yield from _option_problems(record, name, options, form)


def _option_problems(
    record: Record, name: str, options: Mapping[str, str], form: Mapping[str, OptionForm]
) -> Iterator[Problem]:
    for option in options:
        if option not in form:
            message = f"is not an option of {name}; known are {', '.join(sorted(form))}"
            yield record.problem(
                ("providers", name, option), "unknown_key", message,
                suggestion=closest(option, form), of_key=True, known=", ".join(sorted(form)),
            )  # fmt: skip
    for option, wanted in form.items():
        if wanted.is_required and option not in options:
            yield record.problem(("providers", name, option), "missing_key", "is missing")
        if wanted.is_secret and not options.get(option, SECRET).startswith(SECRET):
            message = "must name a file of the secrets folder; versions of these files are kept"
            named = f"{SECRET}{name}-{option}".replace("_", "-")
            path = ("providers", name, option)
            yield record.problem(path, "plain_secret", message, suggestion=named)
