"""Credmark's wire format: what we render is what we read; the documented examples are read without loss."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from holdfast.providers.credmark import wire
from holdfast.providers.credmark.wire import RequestError, ShapeError
from holdfast.providers.kit.strict_json import decode
from tests.support import credmark_examples as examples
from tests.support.credmark_examples import exact

texts = st.text(st.characters(codec="utf-8"), max_size=12)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: f"0x{raw.hex()}")
numbers = st.none() | st.decimals(-(10**39), 10**39, allow_nan=False, places=36)
counts = st.integers(0, 10**12)


def tuples(of: st.SearchStrategy[Any], at_most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=at_most).map(tuple)


position = st.builds(wire.Position, token_address=addresses, balance=numbers)
valued = st.builds(wire.ValuedPosition, token_address=addresses, token_price=numbers, balance=numbers, value=numbers)
optional_positions = st.just(UNSET) | tuples(valued)
head = {"chain_id": counts, "accounts": tuples(addresses)}
at_block = {"block_number": counts, "block_timestamp": counts}
of_range = {f"{end}_{what}": counts for end in ("start", "end") for what in ("block_number", "timestamp")}
answers = st.one_of(
    st.builds(wire.Positions, **head, **at_block, positions=tuples(position)),
    st.builds(wire.Value, **head, **at_block, quote_address=addresses, value=numbers, positions=optional_positions),
    st.builds(
        wire.Returns, **head, **at_block, quote_address=addresses, total_return=numbers,
        returns=tuples(
            st.builds(wire.TokenReturn, token_address=addresses, balance=numbers, value=numbers, return_=numbers)
        ),
    ),
    st.builds(
        wire.PositionsHistory, **head, **of_range,
        data=tuples(st.builds(wire.PositionsPoint, **at_block, positions=tuples(position))),
    ),
    st.builds(
        wire.ValueHistory, **head, **of_range, quote_address=addresses,
        data=tuples(st.builds(wire.ValuePoint, **at_block, value=numbers, positions=optional_positions)),
    ),
)  # fmt: skip
failures = st.builds(
    wire.CredmarkFailure, status=st.integers(400, 599), message=texts | tuples(texts), error=texts
)  # fmt: skip
shared = {"tokens": tuples(addresses), "quote_address": addresses, "include_positions": st.booleans()}
seconds = st.integers(0, 4 * 10**9)


@st.composite
def queries(draw: st.DrawFn, historical: bool) -> wire.Query:
    """With at most one of each pair, and a start where there must be one."""
    pairs = [("start_block_number", "start_timestamp"), ("end_block_number", "end_timestamp")] if historical else []
    pairs += [("block_interval", "time_interval")] if historical else [("block_number", "timestamp")]
    chosen = {
        draw(st.sampled_from(pair)): draw(st.integers(1, 10**9))
        for pair in pairs
        if pair[0].startswith("start") or draw(st.booleans())
    }
    return wire.Query(**{name: draw(strategy) for name, strategy in shared.items()}, **chosen)


@given(answers)
def test_a_rendered_answer_reads_back_the_same(value: Any) -> None:
    assert wire.to_struct(decode(wire.to_json(value)), type(value)) == value


@given(failures)
def test_a_rendered_failure_reads_back_the_same(value: wire.CredmarkFailure) -> None:
    assert wire.to_failure(decode(json.dumps(wire.failure_json(value)).encode())) == value


@given(st.booleans().flatmap(lambda historical: st.tuples(st.just(historical), queries(historical))))
def test_a_rendered_query_reads_back_the_same(asked: tuple[bool, wire.Query]) -> None:
    historical, query = asked
    assert wire.parse_query(parse_qsl(wire.to_query(query)), historical=historical) == query


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (examples.RETURNS_TEXT, wire.Returns),
        (json.dumps(examples.POSITIONS_EXAMPLE), wire.Positions),
        (json.dumps(examples.VALUE_EXAMPLE), wire.Value),
        (json.dumps(examples.VALUE_WITH_POSITIONS_EXAMPLE), wire.Value),
        (json.dumps(examples.POSITIONS_HISTORY_EXAMPLE), wire.PositionsHistory),
        (json.dumps(examples.VALUE_HISTORY_EXAMPLE), wire.ValueHistory),
    ],
)
def test_a_documented_example_is_read_without_loss(text: str, kind: Any) -> None:
    read = wire.to_struct(decode(text.encode()), kind)
    assert exact(wire.to_json(read)) == exact(text)
    assert list(exact(wire.to_json(read))) == list(exact(text))


def test_the_documented_total_is_the_sum_of_its_parts_but_for_the_last_digits_of_doubles() -> None:
    read = wire.to_struct(decode(examples.RETURNS_TEXT.encode()), wire.Returns)
    assert read.total_return is not None
    difference = abs(read.total_return - sum((one.return_ or Decimal(0) for one in read.returns), Decimal(0)))
    assert 0 < difference < Decimal("1e-12")


def test_numbers_are_written_with_every_digit_and_unknown_ones_as_null() -> None:
    position = wire.ValuedPosition(token_address="0x", token_price=Decimal("1E-7"), balance=Decimal("1E+3"), value=None)
    assert wire.to_json(position) == b'{"tokenAddress":"0x","tokenPrice":1E-7,"balance":1000,"value":null}'


def test_positions_that_were_not_asked_for_are_absent_not_empty() -> None:
    value = wire.to_struct(examples.VALUE_EXAMPLE | {"value": 0}, wire.Value)
    assert value.positions is UNSET
    assert b"positions" not in wire.to_json(value)


@pytest.mark.parametrize(
    "change", [{"accounts": None}, {"returns": {}}, {"totalReturn": "1"}, {"totalReturn": True}, {"blockNumber": 1.5}]
)
def test_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ShapeError):
        wire.to_struct(decode(json.dumps(examples.RETURNS_EXAMPLE | change).encode()), wire.Returns)


@pytest.mark.parametrize(
    ("pairs", "historical", "message"),
    [
        ("blockNumber=1&timestamp=2", False, "Only one of {blockNumber} or {timestamp} can be set."),
        (
            "startBlockNumber=1&startTimestamp=2", True,
            "Only one of {startBlockNumber} or {startTimestamp} can be set.",
        ),
        ("endBlockNumber=1&endTimestamp=2", True, "Only one of {endBlockNumber} or {endTimestamp} can be set."),
        ("blockInterval=1&timeInterval=2", True, "Only one of {blockInterval} or {timeInterval} can be set."),
        ("endTimestamp=2", True, "Either {startBlockNumber} or {startTimestamp} must be set."),
        ("blockNumber=", False, ("blockNumber must be an integer number",)),
        ("timestamp=1687791095000", False, ("timestamp must be an integer number",)),
        ("startTimestamp=1&timeInterval=0", True, ("timeInterval must not be less than 1",)),
        ("quoteAddress=USD", False, ("Invalid quote address",)),
        ("tokens=0x1", False, ("Invalid token address",)),
        ("includePositions=yes", False, ("includePositions must be a boolean value",)),
    ],
)  # fmt: skip
def test_a_request_that_does_not_fit_says_why(pairs: str, historical: bool, message: Any) -> None:
    with pytest.raises(RequestError) as refused:
        wire.parse_query(parse_qsl(pairs, keep_blank_values=True), historical=historical)
    assert refused.value.message == message


def test_tokens_come_with_commas_or_one_parameter_each_as_the_sdk_sends_them() -> None:
    a, b, c = (f"0x{number:040x}" for number in (1, 2, 3))
    query = wire.parse_query([("tokens", f"{a},{b}"), ("tokens", c)], historical=False)
    assert query.tokens == (a, b, c)


def test_accounts_are_a_list_in_the_path_and_keep_their_spelling() -> None:
    a, b = "0x295B61866dAA53a76CE4b3a927EFAF0059b4a90A", "0x" + "a" * 40
    assert wire.portfolio_path(1, (a, b), "returns") == f"/v1/portfolio/1/{a},{b}/returns"
    assert wire.parse_accounts(f"{a},{b}") == (a, b)
    for wrong in ("", "a", f"{a},", f"{a} ,{b}"):
        with pytest.raises(RequestError) as refused:
            wire.parse_accounts(wrong)
        assert refused.value.message == ("Invalid account address",)


def test_a_currency_is_the_address_of_its_iso_number() -> None:
    assert wire.USD_ADDRESS == "0x0000000000000000000000000000000000000348"
    assert wire.fiat_address("GBP") == "0x000000000000000000000000000000000000033a"
    assert wire.quote_asset(1, "0x00000000000000000000000000000000000003D2") == "iso4217:EUR"
    assert wire.quote_asset(1, "0x" + "E" * 40) == "eip155:1/slip44:60"
    assert wire.quote_asset(137, "0x" + "0" * 37 + "ABC") == "eip155:137/erc20:0x" + "0" * 37 + "abc"


@pytest.mark.parametrize(
    ("asset", "address"),
    [
        ("eip155:1/slip44:60", "0x" + "e" * 40),
        ("eip155:137/slip44:966", "0x" + "e" * 40),
        ("eip155:1/erc20:0x" + "a" * 40, "0x" + "a" * 40),
        ("eip155:1/erc721:0x" + "a" * 40, None),
        ("eip155:1/erc20:0x" + "e" * 40, None),
        ("iso4217:USD", None),
        ("bitpanda:BTC", None),
    ],
)
def test_what_has_an_address_on_this_wire(asset: str, address: str | None) -> None:
    assert wire.token_address(asset) == address
    if address is not None:
        chain_id = int(asset.partition("/")[0].removeprefix("eip155:"))
        assert wire.token_asset(chain_id, address) == asset


@pytest.mark.parametrize("value", [None, [], "x", {}, {"statusCode": "400"}, {"statusCode": True}, {"message": "x"}])
def test_what_is_no_error_is_none(value: object) -> None:
    assert wire.to_failure(value) is None


def test_the_message_of_an_error_is_a_text_or_a_list() -> None:
    for message, text in (("a", "a"), (["a", "b"], "a; b"), (None, ""), ({}, "")):
        failure = wire.to_failure({"statusCode": 400, "message": message, "error": "Bad Request"})
        assert failure is not None
        assert failure.text == text
