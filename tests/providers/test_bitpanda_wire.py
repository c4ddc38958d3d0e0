"""Bitpanda Custody's wire format: what we render is what we read, and only what was there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from graphql import build_schema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from holdfast.providers.bitpanda import wire
from holdfast.providers.kit.strict_json import decode

texts = st.sampled_from(
    ("", "ETH", "Ethereum", "é\u2028", "0.519577995", wire.NOT_A_NUMBER, "2021-03-02T16:00:00.000Z")
)
absent: st.SearchStrategy[Any] = st.just(UNSET)
nullable = st.none() | texts | absent
plain_amounts = st.builds(wire.Amount, value=nullable, currency=texts | absent, timestamp=nullable)
amounts = st.builds(
    wire.Amount, value=nullable, currency=texts | absent, timestamp=nullable, in_=plain_amounts | absent
)
assets = st.builds(
    wire.Asset,
    symbol=texts | absent,
    display_symbol=nullable,
    name=nullable,
    type=nullable,
    chain=nullable,
    decimal_place=st.none() | absent | st.integers(0, 40),
)
balances = st.builds(
    wire.Balance,
    amount=amounts | st.none() | absent,
    worth=amounts | st.none() | absent,
    available=plain_amounts | st.none() | absent,
    asset=assets | st.none() | absent,
)
items = st.builds(
    wire.Item,
    timestamp=texts,
    total=amounts | st.none() | absent,
    balances=st.none()
    | absent
    | st.builds(wire.Balances, items=st.lists(balances, max_size=2).map(tuple), next_token=nullable),
)
portfolios = st.builds(wire.Portfolio, items=st.lists(items, max_size=2).map(tuple))
errors = st.builds(
    wire.GraphqlError,
    message=texts,
    path=st.none() | st.lists(texts | st.integers(0, 9), max_size=3).map(tuple),
    error_type=texts,
    extensions=st.none() | st.builds(wire.Extensions, code=texts),
)


def over_the_wire(body: Any) -> object:
    return decode(msgspec.json.encode(body))


@settings(max_examples=200, deadline=None)
@given(portfolio=portfolios, problems=st.lists(errors, max_size=2).map(tuple))
def test_answers_are_read_as_they_were_rendered(
    portfolio: wire.Portfolio, problems: tuple[wire.GraphqlError, ...]
) -> None:
    answer = wire.Answer(portfolio=portfolio, errors=problems)
    assert wire.to_answer(over_the_wire(wire.answer_json(answer))) == answer


@given(problems=st.lists(errors, min_size=1, max_size=2).map(tuple))
def test_answers_without_data_are_read_as_they_were_rendered(problems: tuple[wire.GraphqlError, ...]) -> None:
    answer = wire.Answer(portfolio=None, errors=problems)
    assert wire.to_answer(over_the_wire(wire.answer_json(answer))) == answer


@given(at=st.datetimes(datetime(2000, 1, 1), datetime(2262, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_instants_are_read_as_they_were_written_to_the_millisecond(at: datetime) -> None:
    assert wire.to_instant(wire.to_text(at)) == at - timedelta(microseconds=at.microsecond % 1000)


@pytest.mark.parametrize(
    "text",
    ["", "now", "2021-03-02", "2021-03-02T16:00:00", "2021-W10-2T16:00:00Z", "20210302T160000Z", "2021-02-30T00:00:00Z",
     "1969-12-31T23:59:59Z", "٢٠٢١-03-02T16:00:00Z", "2021-03-02T16:00:00+25:00"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(wire.ShapeError):
        wire.to_instant(text)


NOON = datetime(2021, 3, 1, 12, tzinfo=UTC)
REQUESTS = (
    wire.PortfolioRequest(),
    wire.PortfolioRequest(end_date=NOON),
    wire.PortfolioRequest(start_date=NOON - timedelta(days=1), end_date=NOON, time_period="HOURLY"),
)


@pytest.mark.parametrize("request_", REQUESTS)
def test_every_query_that_we_ask_is_one_of_the_documented_schema(request_: wire.PortfolioRequest) -> None:
    query = wire.request_json(request_)["query"]
    assert validate(build_schema(wire.load_schema()), parse(query)) == []


def test_arguments_are_literals_as_documented() -> None:
    asked = [wire.request_json(request)["query"].splitlines()[2].strip() for request in REQUESTS]
    assert asked == [
        "portfolio {",
        'portfolio(endDate: "2021-03-01T12:00:00.000Z") {',
        'portfolio(startDate: "2021-02-28T12:00:00.000Z", endDate: "2021-03-01T12:00:00.000Z", timePeriod: HOURLY) {',
    ]


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{}", b'{"data": null}', b'{"data": {}}', b'{"data": {"user": {}}}', b'{"data": {"user": null}}',
     b'{"data": {"user": {"portfolio": {}}}}', b'{"data": {"user": {"portfolio": {"items": null}}}}',
     b'{"data": {"user": {"portfolio": {"items": [{}]}}}}', b'{"errors": {}}', b'{"errors": []}'],
)  # fmt: skip
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(wire.ShapeError):
        wire.to_answer(decode(body))


def test_fields_that_nobody_knows_are_left_out() -> None:
    body = b'{"data": {"user": {"id": 7, "portfolio": {"items": [], "more": {}}}}, "extensions": {"took": 3}}'
    assert wire.to_answer(decode(body)) == wire.Answer(portfolio=wire.Portfolio(items=()))
