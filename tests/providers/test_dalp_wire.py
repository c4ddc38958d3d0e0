"""DALP's wire format: what we render is what we read; the documented examples are read without loss."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.providers.dalp import wire
from holdfast.providers.dalp.wire import ShapeError, TimestampError
from holdfast.providers.kit.strict_json import decode
from tests.support.dalp_examples import BREAKDOWN_EXAMPLE, SERIES_EXAMPLE

texts = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.decimals(-(10**30), 10**30, allow_nan=False, places=18)
money = numbers.map(lambda number: format(number, "f"))
counts = st.integers(0, 10**6)
stamps = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(wire.to_timestamp)  # noqa: DTZ001


def tuples(of: st.SearchStrategy[Any], at_most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=at_most).map(tuple)


series = st.builds(
    wire.Series,
    range=st.builds(
        wire.StatsRange, interval=st.sampled_from(("hour", "day")), start=stamps, end=stamps, is_preset=st.booleans()
    ),
    data=tuples(st.builds(wire.Point, timestamp=stamps, total_value_in_base_currency=numbers)),
    conversion_reliable=st.booleans(),
)
breakdowns = st.builds(
    wire.Breakdown,
    total_value=money,
    total_asset_types=counts,
    total_assets_held=counts,
    type_breakdown=tuples(
        st.builds(wire.TypeShare, asset_type=texts, total_value=money, token_balances_count=counts, percentage=numbers)
    ),
    value_breakdown=st.dictionaries(texts.filter(lambda key: key != "balance"), money, max_size=3),
    holdings_breakdown=st.just({}),
    value_breakdown_by_class=st.just({}),
    holdings_breakdown_by_class=st.dictionaries(texts.filter(lambda key: key != "balance"), counts, max_size=3),
    conversion_reliable=st.booleans(),
)
rows = st.builds(
    wire.AssetRow,
    token=st.builds(
        wire.TokenRef, id=texts, address=texts, name=texts, symbol=texts, decimals=st.none() | counts, type=texts,
        asset_class=texts,
    ),
    value=money,
    frozen=money,
    available=money,
    by_wallet=tuples(st.builds(wire.WalletShare, wallet=texts, value=money, frozen=money, available=money)),
    value_in_base_currency=st.none() | money,
)  # fmt: skip
pages = st.builds(
    wire.Collection,
    data=tuples(rows),
    meta=st.builds(wire.PageMeta, total_count=counts, total=counts, offset=counts, limit=counts),
    links=st.builds(wire.CollectionLinks, self_=texts, next=st.none() | texts, prev=st.none() | texts),
)
failures = st.builds(
    wire.DalpFailure,
    id=texts.filter(bool),
    category=texts,
    status=st.integers(400, 599),
    retryable=st.booleans(),
    message=texts,
    why=texts,
    fix=texts,
    details=st.dictionaries(texts, texts, max_size=2),
)


@given(series)
def test_a_rendered_series_reads_back_the_same(value: wire.Series) -> None:
    body = wire.to_json(wire.Resource(data=value, links=wire.Links(self_="/v2/x")))
    assert wire.to_resource(decode(body), wire.Series) == wire.Resource(data=value, links=wire.Links(self_="/v2/x"))


@given(breakdowns)
def test_a_rendered_breakdown_reads_back_the_same(value: wire.Breakdown) -> None:
    assert wire.to_resource(decode(wire.to_json(wire.Resource(data=value))), wire.Breakdown).data == value


@given(pages)
def test_a_rendered_page_reads_back_the_same(value: Any) -> None:
    assert wire.to_collection(decode(wire.to_json(value)), wire.AssetRow) == value


@given(failures)
def test_a_rendered_failure_reads_back_the_same(value: wire.DalpFailure) -> None:
    assert wire.to_failure(wire.failure_json(value)) == value


@pytest.mark.parametrize(("example", "kind"), [(SERIES_EXAMPLE, wire.Series), (BREAKDOWN_EXAMPLE, wire.Breakdown)])
def test_a_documented_example_is_read_without_loss(example: dict[str, Any], kind: Any) -> None:
    resource = wire.to_resource(decode(json.dumps(example).encode()), kind)
    assert json.loads(wire.to_json(resource)) == example


def test_money_of_a_series_is_a_number_without_exponent_and_of_a_breakdown_is_text() -> None:
    point = wire.Point(timestamp="", total_value_in_base_currency=Decimal("1E+3"))
    assert wire.to_json(point) == b'{"timestamp":"","totalValueInBaseCurrency":1000}'
    with pytest.raises(ShapeError):
        wire.to_struct({"timestamp": "", "totalValueInBaseCurrency": "1000"}, wire.Point)


@pytest.mark.parametrize("body", [{}, {"data": None}, {"links": {}}, [], None, {"data": []}])
def test_an_answer_without_its_data_is_no_empty_answer(body: object) -> None:
    with pytest.raises(ShapeError):
        wire.to_resource(body, wire.Breakdown)


@pytest.mark.parametrize(
    "value",
    [
        {"error": {"id": "DALP-0006", "status": 403, "retryable": False}},
        {"data": {"dapiError": {"id": "DALP-0006", "status": 403, "retryable": False}}},
        {"error": {"code": -1, "data": {"dapiError": {"id": "DALP-0006", "status": 403, "retryable": False}}}},
    ],
)
def test_the_newer_error_is_found_wherever_it_is_nested(value: object) -> None:
    failure = wire.to_failure(value)
    assert failure is not None
    assert (failure.id, failure.status, failure.retryable) == ("DALP-0006", 403, False)


def test_the_older_error_says_nothing_of_retrying() -> None:
    failure = wire.to_failure({"code": "RATE_LIMIT_EXCEEDED", "status": 429, "data": {"retryAfter": "5"}})
    assert failure is not None
    assert (failure.id, failure.retryable, failure.retry_after) == ("RATE_LIMIT_EXCEEDED", None, "5")


@pytest.mark.parametrize(
    "value", [None, [], "x", {}, {"error": "x"}, {"data": {"id": "x"}}, {"code": 3}, {"code": "X"}]
)
def test_what_is_no_error_is_none(value: object) -> None:
    assert wire.to_failure(value) is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-24T13:00:00.000Z", "2026-03-24T14:00:00+01:00", "2026-03-24T13:00:00", "1774357200",
        "1774357200000", "1774357200000000", "1774357200000000000",
    ],
)  # fmt: skip
def test_an_instant_has_many_spellings(text: str) -> None:
    assert wire.parse_timestamp(text) == datetime(2026, 3, 24, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "x", "177435720", "17743572000", "1969-12-31T23:59:59Z", "10000-01-01", "٢٠٢٦", "-1774357200"]
)
def test_what_is_no_instant_between_1970_and_9999_is_refused(text: str) -> None:
    with pytest.raises(TimestampError):
        wire.parse_timestamp(text)


@given(st.integers(0, 4 * 10**9))
def test_a_timestamp_reads_back_to_the_millisecond(seconds: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, milliseconds=seconds % 1000)
    assert wire.parse_timestamp(wire.to_timestamp(at)) == at
