"""The OpenAPI document: valid, whole, and with examples that fit it."""

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from engine.ports.operators import Scope
from engine.web.api.document import MEANINGS, document
from engine.web.api.gate import PREFIX, ROUTES
from tests.web.api.conftest import Program

DOCUMENT = document(ROUTES, PREFIX)
OPERATIONS = [
    (f"{method} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_it_is_valid() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"


async def test_it_is_public(program: Program) -> None:
    answer, _ = await program.ask("GET", "/openapi.json", headers={"Authorization": ""})
    assert answer == DOCUMENT


def test_every_route_is_in_it_with_its_scope() -> None:
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        assert operation["security"] == [{"key": [route.scope]}]
        assert operation["operationId"] == route.name
    assert len(OPERATIONS) == len(ROUTES) + 1
    assert set(MEANINGS) == set(Scope)
    names = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


def fits(value: object, schema: dict[str, Any]) -> None:
    whole = {**schema, "components": DOCUMENT["components"]}
    OAS31Validator(whole).validate(value)


@pytest.mark.parametrize(
    ("_name", "operation"), OPERATIONS[:-1], ids=[n for n, _ in OPERATIONS[:-1]]
)
def test_examples_fit_their_schemas(_name: str, operation: dict[str, Any]) -> None:
    contents = [answer["content"] for answer in operation["responses"].values()]
    contents += [operation["requestBody"]["content"]] if "requestBody" in operation else []
    seen = 0
    for content in contents:
        for held in content.values():
            examples = [example["value"] for example in held.get("examples", {}).values()]
            for value in [*examples, *([held["example"]] if "example" in held else [])]:
                fits(value, held["schema"])
                seen += 1
    # A document to be printed has neither schema nor example.
    assert seen >= sum(content != {"application/pdf": {}} for content in contents)


def test_nothing_it_names_is_left_over() -> None:
    text = repr(DOCUMENT)
    for name in DOCUMENT["components"]["schemas"]:
        assert f"#/components/schemas/{name}'" in text, name
