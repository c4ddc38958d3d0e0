"""The custodian in the simulator: the documented arguments, the cap, the order, the clock, and its refusals."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

KEY = {"x-api-key": "simulator-custody-key"}
ITEMS = """items { timestamp total { value currency timestamp }
    balances {
        items { amount { value currency in(currency: "USD") { value timestamp } } asset { name } }
        nextToken
    } }"""


async def ask(client: httpx.AsyncClient, arguments: str = "", fields: str = ITEMS) -> dict[str, Any]:
    query = f"{{ user {{ portfolio{arguments} {{ {fields} }} }} }}"
    answer = await client.post("/graphql", json={"query": query}, headers=KEY)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def items(client: httpx.AsyncClient, arguments: str = "", fields: str = ITEMS) -> list[dict[str, Any]]:
    body = await ask(client, arguments, fields)
    assert "errors" not in body, body
    found: list[dict[str, Any]] = body["data"]["user"]["portfolio"]["items"]
    return found


async def times(client: httpx.AsyncClient, arguments: str) -> list[str]:
    return [one["timestamp"] for one in await items(client, arguments, "items { timestamp }")]


async def test_the_latest_is_of_the_newest_whole_hour_at_a_rate_of_minutes_later(client: httpx.AsyncClient) -> None:
    (item,) = await items(client)
    assert item["timestamp"] == "2026-03-14T15:00:00.000Z"
    amounts = {one["amount"]["currency"]: one["amount"] for one in item["balances"]["items"]}
    assert amounts["ETH"]["in"]["timestamp"] == "2026-03-14T15:09:00.000Z"
    assert amounts["XDC"]["value"] == "NaN"
    assert (amounts["RADIX"]["in"]["value"], Decimal(amounts["RADIX"]["value"]) > 0) == ("NaN", True)


async def test_the_total_is_in_pounds_and_near_what_its_parts_are(client: httpx.AsyncClient) -> None:
    worth = 'in(currency: "USD") { value }'
    fields = f"items {{ total {{ value currency {worth} }} balances {{ items {{ amount {{ {worth} }} }} }} }}"
    (item,) = await items(client, fields=fields)
    assert item["total"]["currency"] == "GBP"
    parts = [Decimal(one["amount"]["in"]["value"]) for one in item["balances"]["items"]]
    whole = Decimal(item["total"]["in"]["value"])
    assert abs(sum(part for part in parts if part.is_finite()) / whole - 1) < Decimal("0.01")


async def test_an_end_date_goes_to_the_nearest_hour_and_never_beyond_the_newest(client: httpx.AsyncClient) -> None:
    assert await times(client, '(endDate: "2026-03-01T12:29:59Z")') == ["2026-03-01T12:00:00.000Z"]
    assert await times(client, '(endDate: "2026-03-01T12:30:00Z")') == ["2026-03-01T13:00:00.000Z"]
    assert await times(client, '(endDate: "2030-01-01T00:00:00Z")') == ["2026-03-14T15:00:00.000Z"]
    assert await times(client, '(endDate: "2021-01-01T00:00:00Z")') == []


async def test_a_series_is_newest_first_and_reaches_both_ends(client: httpx.AsyncClient) -> None:
    window = '(startDate: "2026-02-01T12:00:00Z", endDate: "2026-02-15T12:00:00Z", timePeriod: WEEKLY)'
    assert [at[:10] for at in await times(client, window)] == ["2026-02-15", "2026-02-08", "2026-02-01"]


async def test_beyond_two_hundred_the_oldest_are_left_out_without_a_word(client: httpx.AsyncClient) -> None:
    window = '(startDate: "2026-01-01T00:00:00Z", endDate: "2026-03-01T00:00:00Z", timePeriod: HOURLY)'
    found = await times(client, window)
    assert (len(found), found[0]) == (200, "2026-03-01T00:00:00.000Z")
    oldest = datetime(2026, 3, 1, tzinfo=UTC) - timedelta(hours=199)
    assert datetime.fromisoformat(found[-1]) == oldest


async def test_the_same_hour_is_told_the_same_later(client: httpx.AsyncClient) -> None:
    hour = '(endDate: "2026-03-14T14:00:00Z")'
    before = await items(client, hour)
    await client.post("/_clock", json={"at": "2026-03-20T00:00:00+00:00"})
    assert await items(client, hour) == before


@pytest.mark.parametrize(
    "arguments",
    ['(startDate: "2026-03-01T00:00:00Z")', "(timePeriod: DAILY)", '(endDate: "never")',
     '(startDate: "2026-03-02T00:00:00Z", endDate: "2026-03-01T00:00:00Z", timePeriod: DAILY)'],
)  # fmt: skip
async def test_arguments_that_do_not_fit_are_an_error_beside_null(client: httpx.AsyncClient, arguments: str) -> None:
    body = await ask(client, arguments)
    assert body["data"] == {"user": {"portfolio": None}}
    assert body["errors"][0]["path"] == ["user", "portfolio"]


async def test_an_unknown_currency_fails_beside_the_data(client: httpx.AsyncClient) -> None:
    body = await ask(client, fields='items { timestamp total { in(currency: "MOON") { value } } }')
    assert body["data"]["user"]["portfolio"]["items"] == [{"timestamp": "2026-03-14T15:00:00.000Z", "total": None}]
    assert body["errors"][0]["path"] == ["user", "portfolio", "items", 0, "total", "in"]


async def test_without_the_right_key_nothing_is_told(client: httpx.AsyncClient) -> None:
    for headers in ({}, {"x-api-key": "another"}):
        answer = await client.post(
            "/graphql", json={"query": "{ user { portfolio { items { timestamp } } } }"}, headers=headers
        )
        assert (answer.status_code, "data" in answer.json()) == (401, False)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("too_many_requests", 429), ("unavailable", 503), ("key_revoked", 401), ("payment_required", 402)],
)
async def test_the_knobs_make_it_refuse_in_its_own_words(client: httpx.AsyncClient, fault: str, status: int) -> None:
    await client.post("/_knobs", json={"bitpanda": {fault: 1000}})
    answer = await client.post(
        "/graphql", json={"query": "{ user { portfolio { items { timestamp } } } }"}, headers=KEY
    )
    assert (answer.status_code, bool(answer.json()["errors"][0]["message"])) == (status, True)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b'{"query": 7}', b'{"query": "{ nothing }"}', b'{"query": "{"}']
)
async def test_what_is_no_query_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/graphql", content=body, headers=KEY)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]
