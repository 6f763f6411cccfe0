"""Asterisk's description of its own REST interface, as facts that can be compared.

A fact is one line: an operation, one of its parameters, what it must be given, what it answers,
or a property of a model. Text that only explains is left out. What was promised once and is
missing or different later shows as a missing fact; what is new breaks nothing, except a parameter
that became compulsory, which changes the operation's `needs` line.
"""

from collections.abc import Iterable, Mapping
from typing import Any


def facts(resources: Iterable[Mapping[str, Any]]) -> set[str]:
    """Every fact of these resources (parsed `channels.json`, `events.json`, …)."""
    found: set[str] = set()
    for resource in resources:
        for api in resource.get("apis", ()):
            for operation in api["operations"]:
                found |= _operation_facts(api["path"], operation)
        for name, model in resource.get("models", {}).items():
            found |= _model_facts(name, model)
    return found


def _operation_facts(path: str, operation: Mapping[str, Any]) -> set[str]:
    head = f"{operation['httpMethod']} {path}"
    given = operation.get("parameters", ())
    needs = sorted(param["name"] for param in given if param.get("required"))
    found = {f"{head} -> {operation['responseClass']}", f"{head} needs {', '.join(needs)}".strip()}
    for param in given:
        many = " many" if param.get("allowMultiple") else ""
        found.add(f"{head} {param['paramType']} {param['name']}: {param['dataType']}{many}")
    return found


def _model_facts(name: str, model: Mapping[str, Any]) -> set[str]:
    found = {f"model {name}"}
    for prop, details in model["properties"].items():
        always = " always" if details.get("required") else ""
        found.add(f"model {name}.{prop}: {details['type']}{always}")
    return found


def missing(agreed: Iterable[str], found: Iterable[str]) -> list[str]:
    """What was agreed on and is gone or different, in order; empty if only things were added."""
    return sorted(set(agreed) - set(found))
