"""What an alert's expression finds among scrapes: that part of PromQL which compares gauges.

Whatever else a query asks for is a `NotImplementedError`, so that none is taken for true or false.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import gt, ne
from typing import Any

import promql_parser as promql

from tests.metrics.scrape import Labels, Scrape

Vector = dict[Labels, float]

_COMPARES: Mapping[str, Callable[[float, float], bool]] = {"!=": ne, ">": gt}


def found(query: str, scrapes: Mapping[str, Scrape]) -> Vector:
    """The samples that are left of a query, over the scrapes of engines by their instance."""
    return _value(promql.parse(query), scrapes)


def _value(node: Any, scrapes: Mapping[str, Scrape]) -> Vector:
    match node:
        case promql.VectorSelector() if not node.matchers.matchers:
            return {
                held | {("instance", instance), ("job", "groschen")}: value
                for instance, scrape in scrapes.items()
                for held, value in scrape.samples.get(node.name, {}).items()
            }
        case promql.AggregateExpr() if str(node.op) == "max":
            groups: dict[Labels, list[float]] = {}
            for held, value in _value(node.expr, scrapes).items():
                groups.setdefault(_only(held, node.modifier.labels), []).append(value)
            return {held: max(values) for held, values in groups.items()}
        case promql.BinaryExpr() if str(node.op) == "or":
            return _value(node.rhs, scrapes) | _value(node.lhs, scrapes)
        case promql.BinaryExpr() if str(node.op) in _COMPARES:
            return _compared(node, scrapes)
        case _:
            raise NotImplementedError(f"{type(node).__name__}: {node}")


def _compared(node: Any, scrapes: Mapping[str, Scrape]) -> Vector:
    """The left side's samples that compare so to the number, or to the one that matches each."""
    holds, left = _COMPARES[str(node.op)], _value(node.lhs, scrapes)
    if isinstance(node.rhs, promql.NumberLiteral):
        return {held: value for held, value in left.items() if holds(value, node.rhs.val)}
    if str(node.modifier.card) != "VectorMatchCardinality.ManyToOne":
        raise NotImplementedError(f"the matching of {node}")
    on = node.modifier.matching.labels
    right = {_only(held, on): value for held, value in _value(node.rhs, scrapes).items()}
    return {
        held: value
        for held, value in left.items()
        if _only(held, on) in right and holds(value, right[_only(held, on)])
    }


def _only(held: Labels, names: Sequence[str]) -> Labels:
    return frozenset((name, value) for name, value in held if name in names)
