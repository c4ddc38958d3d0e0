"""One tenant never sees another, and a key bound to a portfolio sees nothing beside it: attacked on every route."""

from datetime import timedelta
from typing import Any

import pytest

from holdfast.domain.jobs import job_id
from holdfast.registry.records import Member
from tests.api.conftest import World, bearer
from tests.api.world import NOW, A, B, at, insert, write_point

pytestmark = pytest.mark.asyncio(loop_scope="module")

READS = (
    "/v1/portfolios/family",
    "/v1/portfolios/family/total",
    "/v1/portfolios/family/positions",
    "/v1/portfolios/family/series",
    *(
        f"/v1/portfolios/family/breakdowns/{axis}"
        for axis in ("asset", "type", "class", "chain", "platform", "account", "provider", "kind", "side")
    ),
    f"/v1/accounts/{A}",
)
WRITES: tuple[tuple[str, str, Any], ...] = (
    ("PUT", "/v1/portfolios/family", {"name": "stolen"}),
    ("PUT", "/v1/portfolios/family/members", {"members": []}),
    ("DELETE", "/v1/portfolios/family", None),
    ("DELETE", f"/v1/accounts/{A}", None),
    ("POST", f"/v1/accounts/{A}/fetch", None),
)


@pytest.mark.parametrize("path", READS)
async def test_another_tenant_reads_nothing(world: World, path: str) -> None:
    assert (await world.get(path)).status_code == 200
    answer = await world.get(path, key="rival")
    assert answer.status_code == 404
    assert "acme" not in answer.text


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_another_tenant_changes_nothing(world: World, method: str, path: str, body: Any) -> None:
    before = (await world.get("/v1/portfolios/family")).json()
    assert (await world.send(method, path, key="rival", body=body)).status_code == 404
    assert (await world.get("/v1/portfolios/family")).json() == before
    assert (await world.get(f"/v1/accounts/{A}")).status_code == 200


async def test_lists_hold_only_what_is_the_tenants_own(world: World) -> None:
    assert [one["id"] for one in (await world.get("/v1/portfolios", key="rival")).json()["items"]] == ["theirs"]
    accounts = (await world.get("/v1/accounts", key="rival")).json()["items"]
    assert [one["id"] for one in accounts] == ["eip155:1:0x" + "f" * 40]


async def test_the_same_name_in_two_tenants_is_two_portfolios(world: World) -> None:
    await write_point(world.resources.warehouse, "2026-03-01 12:00:00", tenant="rival", portfolio="family",
                      version=99, assets="1", net="1", lines=1, sources=1)  # fmt: skip
    created = await world.send("POST", "/v1/portfolios", key="rival", body={"id": "family"})
    assert created.status_code == 201
    assert (await world.get("/v1/portfolios/family/total", key="rival")).json()["net"] == "1"
    assert (await world.get("/v1/portfolios/family/total")).json()["net"] == "6600"
    assert (await world.send("DELETE", "/v1/portfolios/family", key="rival")).status_code == 204


async def test_an_account_of_another_tenant_cannot_be_made_a_member(world: World) -> None:
    body = {"id": "thief", "members": [{"account": A}]}
    assert (await world.send("POST", "/v1/portfolios", key="rival", body=body)).status_code == 400


async def test_a_job_of_another_tenant_is_unknown(world: World) -> None:
    job = job_id(tenant="acme", provider="okx", feed="balances", target=A, scope="defi", slot=NOW)
    row = {
        "event_id": "1" * 32, "job_id": job, "tenant": "acme", "provider": "okx", "feed": "balances", "target": A,
        "scope": "defi", "slot": "2026-03-01 12:00:00.000", "lane": "now", "started_at": "2026-03-01 12:00:00.000",
        "finished_at": "2026-03-01 12:00:01.000", "attempts": 1, "outcome": "finished", "error": "", "message": "",
        "requests": 1, "response_bytes": 1, "snapshots": 1, "lines": 1,
    }  # fmt: skip
    await insert(world.resources.warehouse, "fetches", [row])
    assert (await world.get(f"/v1/fetches/{job}")).status_code == 200
    assert (await world.get(f"/v1/fetches/{job}", key="family")).status_code == 200
    assert (await world.get(f"/v1/fetches/{job}", key="bees")).status_code == 404
    assert (await world.get(f"/v1/fetches/{job}", key="rival")).status_code == 404


async def test_freshness_is_of_the_callers_own_sources(world: World) -> None:
    sources = [
        (tenant, account, provider, scope)
        for tenant, account, provider, scope in (
            ("acme", A, "okx", "defi"),
            ("acme", B, "evm", "wallet"),
            ("rival", "eip155:1:0x" + "f" * 40, "evm", "wallet"),
        )
    ]
    for tenant, account, provider, scope in sources:
        setting = {"provider": provider, "feed": "balances", "scope": scope, "every_s": 600, "counted": True}
        row = {"tenant": tenant, "account": account, "revision": 1, "spelling": account, "label": "", "deleted": False}
        await insert(world.resources.warehouse, "registry_accounts", [row | {"sources": [setting | {"paused": ""}]}])

    async def seen(key: str) -> set[str]:
        return {one["source"] for one in (await world.get("/v1/sources", key=key)).json()["items"]}

    assert await seen("acme") == {f"acme/okx/{A}/defi", f"acme/evm/{B}/wallet"}
    assert await seen("bees") == {f"acme/evm/{B}/wallet"}
    assert await seen("rival") == {f"rival/evm/eip155:1:0x{'f' * 40}/wallet"}


async def test_a_bound_key_sees_its_portfolio_alone(world: World) -> None:
    assert [one["id"] for one in (await world.get("/v1/portfolios", key="bees")).json()["items"]] == ["bees"]
    assert [one["id"] for one in (await world.get("/v1/accounts", key="bees")).json()["items"]] == [B]
    for path in READS:
        assert (await world.get(path, key="bees")).status_code == 404, path
    assert (await world.get("/v1/portfolios/bees/positions", key="bees")).status_code == 200


async def test_what_has_left_the_portfolio_of_a_bound_key_is_seen_no_more(world: World) -> None:
    """It left half an hour ago. Of the past is told what was while it belonged."""
    store, half = world.resources.store, timedelta(minutes=30)
    members = [Member(account=A, valid_to=NOW - half), Member(account=B, valid_from=NOW - half)]
    await store.put_portfolio("acme", "moved", members=members)
    _, secret = await store.create_key("acme", portfolio="moved")
    await world.resources.watcher.wait_until(store.revision)
    world.keys["moved"] = secret.reveal()
    assert [one["id"] for one in (await world.get("/v1/accounts", key="moved")).json()["items"]] == [B]
    assert (await world.get(f"/v1/accounts/{A}", key="moved")).status_code == 404
    rows = [
        {
            "source": f"acme/evm/{account}/wallet", "observed_at": at(clock), "platform": "", "event_id": "8" * 32,
            "tenant": "acme", "provider": "evm", "account": account, "scope": "wallet", "fetched_at": at(clock),
            "recorded_at": at(clock), "job_id": "", "currency": "iso4217:USD", "total": "1", "reason": "", "raw": [],
        }
        for account in (A, B)
        for clock in ("11:10", "12:10")
    ]  # fmt: skip
    await insert(world.resources.warehouse, "reported_totals", rows)

    async def told(**params: Any) -> list[tuple[str, str]]:
        items = (await world.get("/v1/reported/totals", key="moved", **params)).json()["items"]
        return [(one["account"], one["observed_at"][11:16]) for one in items]

    assert await told() == [(B, "12:10")]
    assert await told(**{"from": "2026-03-01T00:00:00Z"}) == [(A, "11:10"), (B, "12:10")]


async def test_what_joins_later_is_not_seen_yet(world: World) -> None:
    store = world.resources.store
    joining = [Member(account=A), Member(account=B, valid_from=NOW + timedelta(minutes=30))]
    await store.put_portfolio("acme", "joining", members=joining)
    _, secret = await store.create_key("acme", portfolio="joining")
    await world.resources.watcher.wait_until(store.revision)
    world.keys["joining"] = secret.reveal()
    assert [one["id"] for one in (await world.get("/v1/accounts", key="joining")).json()["items"]] == [A]


async def test_a_bound_key_changes_nothing(world: World) -> None:
    wishes = (
        ("POST", "/v1/portfolios", {"id": "more"}),
        ("PUT", "/v1/portfolios/bees", {"name": "mine"}),
        ("PUT", "/v1/portfolios/bees/members", {"members": [{"account": A}]}),
        ("DELETE", "/v1/portfolios/bees", None),
        ("POST", "/v1/accounts", {"account": A}),
        ("DELETE", f"/v1/accounts/{B}", None),
        ("POST", f"/v1/accounts/{B}/fetch", None),
    )
    for method, path, body in wishes:
        answer = await world.send(method, path, key="bees", body=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "key_is_bound"), path


@pytest.mark.parametrize("path", [*READS, "/v1/portfolios", "/v1/accounts", "/v1/sources", "/v1/fetches/" + "0" * 32])
async def test_without_a_live_key_nothing_is_answered(world: World, path: str) -> None:
    right = world.keys["acme"]
    flipped = right[:-1] + ("a" if right[-1] != "a" else "b")
    for headers in ({}, bearer(""), bearer("hf_"), bearer(flipped), {"X-Api-Key": flipped}, bearer("é".encode().hex())):
        answer = await world.client.get(path, headers=headers)
        assert answer.status_code == 401, headers
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (await world.client.get(path, headers={"X-Api-Key": right})).status_code in (200, 404)


async def test_a_revoked_key_is_refused_at_once(world: World) -> None:
    key, secret = await world.resources.store.create_key("acme")
    await world.resources.watcher.wait_until(world.resources.store.revision)
    assert (await world.client.get("/v1/portfolios", headers=bearer(secret.reveal()))).status_code == 200
    await world.resources.store.revoke_key("acme", key.id)
    await world.resources.watcher.wait_until(world.resources.store.revision)
    assert (await world.client.get("/v1/portfolios", headers=bearer(secret.reveal()))).status_code == 401
