"""The shape checker sees what is missing, extra, or of another type, at any depth; and nothing else."""

from typing import Any

import pytest

from tests.support.shapes import differences

EXAMPLE = {"data": {"items": [{"value": "1.5", "in": {"n": 1}}, {"value": "2"}], "tags": [], "note": None, "ok": True}}


def changed(**data: Any) -> dict[str, Any]:
    return {"data": EXAMPLE["data"] | data}


@pytest.mark.parametrize(
    "actual",
    [
        EXAMPLE,
        changed(items=[{"value": "other"}]),
        changed(items=[{"value": "", "in": {"n": 2.5}}] * 3),
        changed(tags=["anything", 7], note={"any": "thing"}, ok=False),
    ],
)
def test_values_do_not_matter(actual: Any) -> None:
    assert differences(actual, EXAMPLE) == []


@pytest.mark.parametrize(
    ("actual", "found"),
    [
        ([], ["(whole): array instead of object"]),
        ({}, ["data: missing"]),
        ({**EXAMPLE, "extensions": {}}, ["extensions: not in the example"]),
        (changed(ok=1), ["data.ok: number instead of boolean"]),
        (changed(ok=None), ["data.ok: null instead of boolean"]),
        (changed(items=[]), ["data.items[]: empty"]),
        (changed(items={}), ["data.items: object instead of array"]),
        (changed(items=[{"value": 1.5}]), ["data.items[].value: number instead of string"]),
        (changed(items=[{"value": "1"}, {}]), ["data.items[].value: missing"]),
        (changed(items=[{"value": "1", "in": {"n": "1"}}]), ["data.items[].in.n: string instead of number"]),
    ],
)
def test_each_difference_is_told_with_its_path(actual: Any, found: list[str]) -> None:
    assert differences(actual, EXAMPLE) == found


def test_null_is_allowed_only_where_it_is_said() -> None:
    assert differences(changed(ok=None), EXAMPLE, nullable=["data.ok"]) == []
