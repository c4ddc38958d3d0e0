"""Schemas, examples and the AsyncAPI document agree with the code, and published contracts do not break."""

import copy
import hashlib
import json
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from holdfast.events import asyncapi
from holdfast.events.balances import BalancesObserved
from holdfast.events.catalog import CATALOG, EventType
from holdfast.events.checks import check
from holdfast.events.codec import decode, encode
from holdfast.events.examples import load_examples
from holdfast.events.responses import ResponseRecorded
from holdfast.events.schemas import FOLDER, load_schema
from holdfast.events.schemas.generating import breaking_changes, to_schema
from holdfast.events.splitting import join_balances, join_response

ASYNCAPI = Path(__file__).parents[2] / "docs" / "asyncapi.json"
EXAMPLES = [(kind, title, data) for kind in CATALOG for title, data in load_examples(kind.name).items()]
each_example = pytest.mark.parametrize(
    ("kind", "data"), [pytest.param(kind, data, id=f"{kind.name}-{title}") for kind, title, data in EXAMPLES]
)
each_event = pytest.mark.parametrize("kind", CATALOG, ids=lambda kind: kind.name)


@each_event
def test_the_committed_schema_is_that_of_the_struct(kind: EventType) -> None:
    assert load_schema(kind.name) == to_schema(kind), "run `make schemas` and look at what changed"


def test_there_is_no_schema_of_an_event_that_does_not_exist() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {kind.name for kind in CATALOG}


@each_event
def test_every_event_has_an_ordinary_and_a_minimal_example_and_one_more(kind: EventType) -> None:
    titles = set(load_examples(kind.name))
    assert {"ordinary", "minimal"} < titles


@each_example
def test_an_example_decodes_passes_the_checks_and_comes_back_unchanged(kind: EventType, data: bytes) -> None:
    message = decode(data, kind.struct)
    check(message)
    assert json.loads(encode(message)) == json.loads(data)
    assert decode(encode(message), kind.struct) == message


@each_example
def test_an_example_is_valid_by_its_schema(kind: EventType, data: bytes) -> None:
    jsonschema_rs.validator_for(load_schema(kind.name), validate_formats=True).validate(json.loads(data))


@each_example
def test_an_example_travels_on_a_subject_of_its_event(kind: EventType, data: bytes) -> None:
    subject = kind.subject_of(decode(data, kind.struct))
    assert subject.startswith(kind.wildcard.removesuffix(">"))


def test_numbers_survive_to_the_last_digit() -> None:
    [kind] = [kind for kind in CATALOG if kind.name == "balances.observed.v1"]
    message = decode(load_examples(kind.name)["extreme_numbers"], kind.struct)
    amounts = [balance.amount for balance in message.balances]  # type: ignore[attr-defined]
    assert amounts == [
        Decimal("12345678901234567890.123456789012345678"),
        Decimal(10) ** 30,
        Decimal("9999999999999999999999999999999999999999.999999999999999999999999999999999999"),
        None,
    ]


def test_the_example_parts_of_a_snapshot_are_one_whole() -> None:
    examples = load_examples("balances.observed.v1")
    whole = join_balances(decode(examples[f"part_{n}_of_2"], BalancesObserved) for n in (2, 1))
    assert [str(balance.amount) for balance in whole.balances] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    check(whole)


def test_the_example_parts_of_a_response_are_one_whole() -> None:
    examples = load_examples("responses.recorded.v1")
    parts = [decode(examples[f"part_{n}_of_2"], ResponseRecorded) for n in (2, 1)]
    whole = join_response(parts, id="0" * 32)
    body = zlib.decompress(whole.body)
    assert (len(body), hashlib.sha256(body).hexdigest()) == (whole.size_bytes, whole.sha256)
    check(whole)


def test_the_asyncapi_document_is_current() -> None:
    assert ASYNCAPI.read_text(encoding="utf-8") == asyncapi.to_text(), "run `make schemas`"


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi.to_document()
    references = list(_references(document))
    assert references
    for reference in references:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_the_asyncapi_document_has_every_event_its_sender_and_its_receivers() -> None:
    document = asyncapi.to_document()
    assert set(document["channels"]) == {kind.name for kind in CATALOG}
    actions = [(one["channel"]["$ref"], one["action"]) for one in document["operations"].values()]
    for kind in CATALOG:
        channel = f"#/channels/{kind.name}"
        assert actions.count((channel, "send")) == 1
        assert actions.count((channel, "receive")) == len(kind.consumers)


@each_example
def test_an_example_is_valid_by_the_asyncapi_document(kind: EventType, data: bytes) -> None:
    schemas = asyncapi.to_document()["components"]["schemas"]
    payload = {"$ref": f"#/components/schemas/{kind.struct.__name__}", "components": {"schemas": schemas}}
    jsonschema_rs.validator_for(payload, validate_formats=True).validate(json.loads(data))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else ())
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


PRICES = load_schema("prices.observed.v1")


def _changed(*path: str, **changes: Any) -> dict[str, Any]:
    schema = copy.deepcopy(PRICES)
    node = schema
    for step in path:
        node = node[step]
    node.update(changes)
    return schema


def test_an_added_optional_field_breaks_nothing() -> None:
    assert breaking_changes(PRICES, _changed("properties", note={"type": "string", "default": ""})) == []


def test_a_reworded_description_breaks_nothing() -> None:
    assert breaking_changes(PRICES, _changed(description="Said otherwise.")) == []


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        (_changed("properties", "fetched_at", type="integer"), "$.fetched_at"),
        (_changed("properties", "provider", pattern="^x$"), "$.provider"),
        (_changed(required=[*PRICES["required"], "raw"]), "$: required"),
        (_changed(required=PRICES["required"][1:]), "$: required"),
        (_changed("$defs", "Price", "properties", "price", type="number"), "$.prices[].price"),
        (_changed("properties", "raw", items={"type": "integer"}), "$.raw[]"),
        (_changed("properties", "fetched_at", anyOf=[{"type": "string"}, {"type": "null"}]), "$.fetched_at"),
    ],
)
def test_any_other_change_breaks(changed: dict[str, Any], where: str) -> None:
    [broken, *_] = breaking_changes(PRICES, changed)
    assert broken.startswith(where)


def test_a_removed_field_breaks() -> None:
    changed = copy.deepcopy(PRICES)
    del changed["$defs"]["Price"]["properties"]["source"]
    assert breaking_changes(PRICES, changed) == ["$.prices[].source: is gone"]
