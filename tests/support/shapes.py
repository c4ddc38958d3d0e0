"""Shapes of JSON: keys, nesting and types, whatever the values are.

    assert differences(answer, example) == []

The example decides. Every element of a list must have the shape of one of the example's elements, and a list that
has some in the example may not be empty. Where the example has null nothing is known of the type. A path is written
as `data.items[].total.value`.
"""

from collections.abc import Collection, Iterator
from typing import Any


def differences(actual: Any, example: Any, *, nullable: Collection[str] = ()) -> list[str]:
    """What is missing, extra, or of another type, each with its path; `nullable` paths may be null as well."""
    return sorted(set(_differences(actual, example, "", frozenset(nullable))))


def kind_of(value: Any) -> str:
    """The JSON type; whole and other numbers are one, as in JSON."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    kinds = {dict: "object", list: "array", str: "string", int: "number", float: "number"}
    return kinds[type(value)]


def _differences(actual: Any, example: Any, path: str, nullable: frozenset[str]) -> Iterator[str]:
    if example is None or (actual is None and path in nullable):
        return
    if kind_of(actual) != kind_of(example):
        yield f"{path or '(whole)'}: {kind_of(actual)} instead of {kind_of(example)}"
    elif isinstance(example, dict):
        yield from _of_objects(actual, example, path, nullable)
    elif isinstance(example, list):
        yield from _of_lists(actual, example, f"{path}[]", nullable)


def _of_objects(actual: dict[str, Any], example: dict[str, Any], path: str, nullable: frozenset[str]) -> Iterator[str]:
    dot = f"{path}." if path else ""
    for key in example.keys() - actual.keys():
        yield f"{dot}{key}: missing"
    for key in actual.keys() - example.keys():
        yield f"{dot}{key}: not in the example"
    for key in example.keys() & actual.keys():
        yield from _differences(actual[key], example[key], f"{dot}{key}", nullable)


def _of_lists(actual: list[Any], example: list[Any], path: str, nullable: frozenset[str]) -> Iterator[str]:
    if example and not actual:
        yield f"{path}: empty"
    for item in actual if example else ():
        found = [list(_differences(item, one, path, nullable)) for one in example]
        yield from min(found, key=len)
