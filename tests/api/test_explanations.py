"""From a total down to the bytes: lines, snapshots, events, fetches, prices and raw bodies, for their owner alone."""

import hashlib
import zlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from holdfast.events.splitting import part_id
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from tests.api.conftest import World
from tests.api.world import AWETH, DEFI, ETH, WALLET_A, WALLET_B, A, at, insert, line, write_membership, write_point

pytestmark = pytest.mark.asyncio(loop_scope="module")

C = "eip155:1:0x" + "9" * 40
SOURCE = f"acme/okx/{C}/defi"
JOB, PRICE_JOB, EVENT, PRICE_EVENT, LATER_JOB = ("1" * 32, "2" * 32, "3" * 32, "4" * 32, "f" * 32)
BODY, PRICE_BODY, BINARY = b'{"data": "two pools"}', b'{"eth": 2000}', bytes(range(256))
RECEIVED = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:00.000")
"""Of the real now: the engine throws bodies away by its own clock."""
HASHES = {body: hashlib.sha256(body).hexdigest() for body in (BODY, PRICE_BODY, BINARY)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proof(world: World) -> World:
    """Portfolio `proof`: 2 ETH valued by a feed's price, its snapshot split in two parts, everything recorded.

    Another job heard the same later, and the first one was fetched once more.
    """
    await world.resources.store.add_account("acme", C, sources=[SourceChoice(provider="okx")])
    await world.resources.store.put_portfolio("acme", "proof", members=[Member(account=C)])
    await world.resources.watcher.wait_until(world.resources.store.revision)
    warehouse = world.resources.warehouse
    await write_membership(warehouse, "proof", [SOURCE], revision=9)
    key = {"source": SOURCE, "observed_at": at("12:10"), "snapshot_id": EVENT}
    priced = line(
        ETH, kind="deposit", amount="2", value="4000", priced_by=ETH, price_usd="2000", price_source="feed",
        price_at=at("12:00"), symbol="ETH",
    )  # fmt: skip
    await insert(warehouse, "balances", [key | {"line": 0} | priced])
    statement = key | {
        "tenant": "acme", "provider": "okx", "account": C, "scope": "defi", "chain": "eip155:1",
        "fetched_at": at("12:11"), "recorded_at": at("12:12"), "job_id": JOB, "raw": [HASHES[BODY], HASHES[BINARY]],
        "covers": [], "lines": 1, "stream_seq": 42,
    }  # fmt: skip
    again = {
        "fetched_at": at("12:20"),
        "recorded_at": at("12:21"),
        "job_id": LATER_JOB,
        "raw": [HASHES[BODY]],
        "stream_seq": 50,
    }
    parts = [statement | {"part": part, "parts": 2, "stream_seq": 40 + part} for part in (1, 2)]
    await insert(warehouse, "snapshot_parts", parts)
    await insert(warehouse, "snapshots", [statement, statement | again])
    await insert(warehouse, "prices", [_price(PRICE_EVENT, "12:01", "2000"), _price("5" * 32, "12:00", "1999")])
    late = {"event_id": "6" * 32, "started_at": at("12:30"), "finished_at": at("12:31")}
    fetches = [_fetch("acme", JOB, C), _fetch("acme", JOB, C) | late, _fetch("acme", LATER_JOB, C) | late]
    await insert(warehouse, "fetches", [*fetches, _fetch("public", PRICE_JOB, "prices")])
    await insert(
        warehouse,
        "raw_responses",
        [_raw("acme", JOB, BODY, 0), _raw("acme", JOB, BINARY, 1), _raw("public", PRICE_JOB, PRICE_BODY, 0)],
    )
    await write_point(
        warehouse, "2026-03-01 12:00:00", version=1, portfolio="proof", assets="4000", net="4000", lines=1, sources=1,
        sources_observed=1, as_of=at("12:10"), oldest_input=at("12:10"),
    )  # fmt: skip
    return world


def _price(event: str, fetched: str, price: str) -> dict[str, Any]:
    return {
        "asset": ETH, "quote": "iso4217:USD", "at": at("12:00"), "source": "feed", "price": price, "event_id": event,
        "fetched_at": at(fetched), "recorded_at": at(fetched), "job_id": PRICE_JOB,
    }  # fmt: skip


def _fetch(tenant: str, job: str, target: str) -> dict[str, Any]:
    return {
        "event_id": job, "job_id": job, "tenant": tenant, "provider": "okx", "feed": "balances", "target": target,
        "scope": "defi", "slot": at("12:10"), "lane": "due", "started_at": at("12:10"), "finished_at": at("12:11"),
        "attempts": 1, "outcome": "finished", "error": "", "message": "", "requests": 2,
    }  # fmt: skip


def _raw(tenant: str, job: str, body: bytes, place: int) -> dict[str, Any]:
    return {
        "sha256": HASHES[body], "part": 1, "parts": 1, "provider": "okx", "tenant": tenant, "job_id": job,
        "received_at": RECEIVED, "method": "POST", "url": "https://example.org/list", "status": 200,
        "content_type": "application/json", "size_bytes": len(body), "started_at": at("12:10"), "place": place,
        "sent_at": at("12:10"), "request_sha256": "0" * 64, "body_base64": b64encode(zlib.compress(body)).decode(),
    }  # fmt: skip


async def explain(world: World, portfolio: str, **params: Any) -> dict[str, Any]:
    answer = await world.get(f"/v1/portfolios/{portfolio}/explanation", **params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_lines_sum_up_to_the_stored_total(proof: World) -> None:
    found = await explain(proof, "family")
    assert found["adds_up"]
    assert found["stored"] == found["explained"]
    assert {name: found["stored"][name] for name in ("assets", "debt", "net", "lines")} == {
        "assets": "7100", "debt": "500", "net": "6600", "lines": 5,
    }  # fmt: skip
    assert [(item["source"], item["line"]) for item in found["items"]] == [
        (WALLET_A, 0), (WALLET_A, 1), (WALLET_B, 0), (DEFI, 0), (DEFI, 1), (DEFI, 2),
    ]  # fmt: skip
    [left_out] = [item for item in found["items"] if not item["counted"]]
    assert (left_out["asset"], left_out["reason"]) == (AWETH, "receipt_token")


@pytest.mark.parametrize(
    ("asked", "bucket", "net"),
    [("11:59", "11:00", "3600"), ("10:00", "10:00", "18000"), ("09:30", "09:00", "0")],
)
async def test_a_point_of_the_past_is_explained_by_what_stood_then(
    proof: World, asked: str, bucket: str, net: str
) -> None:
    found = await explain(proof, "family", at=f"2026-03-01T{asked}:00Z")
    assert found["bucket"] == f"2026-03-01T{bucket}:00Z"
    assert found["explained"]["net"] == found["stored"]["net"] == net


async def test_before_the_first_observation_there_is_nothing_to_explain(proof: World) -> None:
    found = await explain(proof, "family", at="2026-02-01T00:00:00Z")
    assert (found["bucket"], found["stored"], found["items"]) == (None, None, [])


async def test_a_line_leads_to_its_snapshot_events_fetch_price_and_bodies(proof: World) -> None:
    found = await explain(proof, "proof")
    [item] = found["items"]
    assert item["price"] == {
        "source": "feed", "at": "2026-03-01T12:00:00Z", "asset": ETH, "price": "2000", "event_id": PRICE_EVENT,
        "recorded_at": "2026-03-01T12:01:00Z", "job_id": PRICE_JOB,
    }  # fmt: skip
    [snapshot] = found["snapshots"]
    assert (snapshot["snapshot_id"], snapshot["source"]) == (item["snapshot_id"], item["source"])
    assert snapshot["events"] == [{"event_id": part_id(EVENT, n, 2), "stream_seq": 40 + n} for n in (1, 2)]
    assert snapshot["fetch"] == {
        "job_id": JOB, "started_at": "2026-03-01T12:10:00Z", "finished_at": "2026-03-01T12:11:00Z", "requests": 2,
    }  # fmt: skip
    assert (snapshot["first_fetched_at"], snapshot["recorded_at"]) == ("2026-03-01T12:11:00Z", "2026-03-01T12:12:00Z")
    assert snapshot["fetched_at"] == "2026-03-01T12:20:00Z"
    assert snapshot["raw"] == sorted((HASHES[BODY], HASHES[BINARY]))


async def test_the_job_of_a_statement_as_known_at_a_time_is_that_of_its_first_message(proof: World) -> None:
    of = "tenant = 'acme', portfolio = 'proof', at = '2026-03-01 12:59:00', known_at = now64(3)"
    [row] = await proof.resources.warehouse.query(f"SELECT job_id, recorded_at FROM statements_as_known({of})")
    assert (row["job_id"], row["recorded_at"]) == (JOB, datetime(2026, 3, 1, 12, 12, tzinfo=UTC))


async def test_a_body_is_given_back_as_it_came(proof: World) -> None:
    text = (await proof.get(f"/v1/raw-responses/{HASHES[BODY]}")).json()
    assert (text["encoding"], text["body"].encode()) == ("utf-8", BODY)
    assert (text["url"], text["job_id"], text["size_bytes"]) == ("https://example.org/list", JOB, len(BODY))
    binary = (await proof.get(f"/v1/raw-responses/{HASHES[BINARY]}")).json()
    assert (binary["encoding"], binary["body"]) == ("base64", b64encode(BINARY).decode())


@pytest.mark.parametrize(("key", "body", "status"), [
    ("acme", BODY, 200), ("rival", BODY, 404), ("family", BODY, 404), ("bees", BODY, 404),
    ("acme", PRICE_BODY, 200), ("rival", PRICE_BODY, 200), ("family", PRICE_BODY, 200),
])  # fmt: skip
async def test_only_who_sees_the_source_sees_its_bodies(proof: World, key: str, body: bytes, status: int) -> None:
    answer = await proof.get(f"/v1/raw-responses/{HASHES[body]}", key=key)
    assert answer.status_code == status


async def test_a_body_that_no_statement_was_read_from_is_shown_to_nobody(proof: World) -> None:
    stray = b"an answer that ended as a dead letter"
    row = _raw("acme", JOB, BODY, 5) | {"sha256": hashlib.sha256(stray).hexdigest()}
    await insert(proof.resources.warehouse, "raw_responses", [row])
    assert (await proof.get(f"/v1/raw-responses/{row['sha256']}")).status_code == 404


async def test_another_tenants_question_is_not_told_with_the_answer_we_both_heard(proof: World) -> None:
    """The same bytes, later, to somebody else who asked something else."""
    later = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%d %H:%M:00.000")
    theirs = _raw("rival", "7" * 32, BODY, 0) | {"url": "https://example.org/theirs", "received_at": later}
    await insert(proof.resources.warehouse, "raw_responses", [theirs])
    assert (await proof.get(f"/v1/raw-responses/{HASHES[BODY]}")).json()["url"] == "https://example.org/list"


async def test_a_bound_key_is_not_told_of_another_accounts_question_that_was_answered_alike(proof: World) -> None:
    """The same bytes, later, for an account of the tenant's that the key does not see."""
    later = (datetime.now(UTC) + timedelta(minutes=9)).strftime("%Y-%m-%d %H:%M:00.000")
    theirs = _raw("acme", "8" * 32, BODY, 0) | {"url": "https://example.org/beside", "received_at": later}
    await insert(proof.resources.warehouse, "raw_responses", [theirs])
    await insert(proof.resources.warehouse, "fetches", [_fetch("acme", "8" * 32, A)])
    _, secret = await proof.resources.store.create_key("acme", portfolio="proof")
    await proof.resources.watcher.wait_until(proof.resources.store.revision)
    proof.keys["proof"] = secret.reveal()
    path = f"/v1/raw-responses/{HASHES[BODY]}"
    assert (await proof.get(path, key="proof")).json()["url"] == "https://example.org/list"
    assert (await proof.get(path)).json()["url"] == "https://example.org/beside"


async def test_pages_hold_every_line_once_and_only_their_own_snapshots(proof: World) -> None:
    seen, cursor = [], None
    while True:
        page = await explain(proof, "family", limit=2, **({"cursor": cursor} if cursor else {}))
        assert page["adds_up"]
        assert {one["source"] for one in page["snapshots"]} == {item["source"] for item in page["items"]}
        seen += [(item["source"], item["line"]) for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(seen) == len(set(seen)) == 6


async def test_the_endpoint_equals_the_view(proof: World) -> None:
    rows = await proof.resources.warehouse.query(
        "SELECT source, line, value_usd, counted FROM portfolio_explained("
        "tenant = 'acme', portfolio = 'family', at = '2026-03-01 12:30:00') ORDER BY source, line"
    )
    items = (await explain(proof, "family"))["items"]
    assert [(r["source"], r["line"], r["value_usd"], r["counted"]) for r in rows] == [
        (i["source"], i["line"], None if i["value_usd"] is None else Decimal(i["value_usd"]), i["counted"])
        for i in items
    ]


async def test_a_stored_point_that_its_lines_do_not_sum_up_to_is_told(proof: World) -> None:
    await write_point(proof.resources.warehouse, "2026-03-01 12:00:00", version=2, portfolio="proof", assets="4001")
    assert (await explain(proof, "proof"))["adds_up"] is False


async def test_an_asset_that_rules_leave_out_is_shown_and_not_counted(proof: World) -> None:
    """0xaaa… as it is at 11:30 (4000 and 100, debt 500), in a portfolio whose rules leave ETH out."""
    await proof.resources.store.put_portfolio("acme", "ruled", members=[Member(account=A)])
    await proof.resources.watcher.wait_until(proof.resources.store.revision)
    warehouse = proof.resources.warehouse
    row = {"tenant": "acme", "portfolio": "ruled", "revision": 10, "name": "ruled", "deleted": False, "excluded": [ETH]}
    await insert(warehouse, "registry_portfolios", [row | {"base_currency": "iso4217:USD", "digest": ""}])
    await insert(
        warehouse,
        "registry_portfolio_sources",
        [
            {
                "tenant": "acme", "portfolio": "ruled", "revision": 10, "source": DEFI, "account": A, "provider": "okx",
                "scope": "defi", "valid_from": "1970-01-01 00:00:00.000", "valid_to": "2200-01-01 00:00:00.000",
            }
        ],
    )  # fmt: skip
    await write_point(
        warehouse, "2026-03-01 11:00:00", version=1, portfolio="ruled", assets="100", debt="500", net="-400", lines=2,
        lines_excluded=1, sources=1,
    )  # fmt: skip
    found = await explain(proof, "ruled", at="2026-03-01T11:30:00Z")
    assert found["adds_up"], found
    assert [(item["reason"], item["counted"]) for item in found["items"]] == [
        ("excluded", False), (None, True), ("value_only", True),
    ]  # fmt: skip
