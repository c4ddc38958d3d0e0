"""Checks and jumps over HTTP equal their views; rows are written by hand."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from holdfast.registry.records import Member
from tests.api.conftest import World
from tests.api.world import DEFI, ETH, NOW, WALLET_A, A, B, at, insert, write_point

pytestmark = pytest.mark.asyncio(loop_scope="module")


def check(source: str, clock: str, *, version: int = 1, **more: Any) -> dict[str, Any]:
    tenant, provider, account, scope = source.split("/")
    return {
        "tenant": tenant, "source": source, "kind": "reported_total", "against": source, "platform": "",
        "at": at(clock), "version": str(version), "account": account, "provider": provider, "scope": scope,
        "ours_at": at(clock), "ours": "100.5", "theirs": "100", "currency": "iso4217:USD", "stated": "100",
        "rate_at": None, "difference": "0.5", "ratio": "0.004975", "tolerance": "0.01", "verdict": "within",
        "reason": "", "lines_unpriced": 0, "asset": "", "asset_difference": None,
    } | more  # fmt: skip


async def write_checks(world: World) -> None:
    outside: dict[str, Any] = {"verdict": "outside", "ours": "50", "difference": "-50"}
    rival = "rival/evm/eip155:1:0x" + "f" * 40 + "/wallet"
    rows = [
        check(DEFI, "10:10"),
        check(DEFI, "11:10", **outside),
        check(DEFI, "11:10", version=0),
        check(DEFI, "11:10", platform="Curve", ours=None, verdict="unknown", reason="not_seen", difference=None),
        check(WALLET_A, "12:05", kind="other_source", against=DEFI, asset=ETH, asset_difference="3"),
        check(rival, "12:05"),
    ]
    for row in rows:  # each a part of its own: a poorer version must not win before a merge
        await insert(world.resources.warehouse, "source_checks", [row])


async def test_each_check_stands_as_its_newest_and_best_known_row_says(world: World) -> None:
    await write_checks(world)
    items = (await world.get("/v1/portfolios/family/checks")).json()["items"]
    assert [(one["source"], one["platform"], one["verdict"], one["reason"]) for one in items] == [
        (WALLET_A, "", "within", None),
        (DEFI, "", "outside", None),
        (DEFI, "Curve", "unknown", "not_seen"),
    ]
    assert (items[0]["asset"], items[0]["asset_difference"], items[1]["ours"], items[2]["ours"]) == (
        ETH,
        "3",
        "50",
        None,
    )
    sql = "SELECT * FROM cross_checks WHERE tenant = 'acme' ORDER BY source, kind, against, platform"
    in_view = await world.resources.warehouse.query(sql)
    assert [{name: one[name] for name in MONEY} for one in items] == [
        {name: None if row[name] is None else f"{row[name].normalize():f}" for name in MONEY} for row in in_view
    ]
    history = await world.resources.warehouse.query("SELECT at, verdict FROM cross_check_history WHERE tenant = 'acme'")
    assert len(history) == 4


async def test_a_bound_key_is_told_of_no_account_that_has_left(world: World) -> None:
    store, noon = world.resources.store, NOW - timedelta(minutes=30)
    members = [Member(account=A, valid_to=noon), Member(account=B)]
    await store.put_portfolio("acme", "parted", members=members)
    _, secret = await store.create_key("acme", portfolio="parted")
    await world.resources.watcher.wait_until(store.revision)
    world.keys["parted"] = secret.reveal()
    assert (await world.get("/v1/portfolios/parted/checks", key="parted")).json()["items"] == []
    assert len((await world.get("/v1/portfolios/parted/checks")).json()["items"]) == 3


MONEY = ("ours", "theirs", "stated", "difference", "ratio", "tolerance", "asset_difference")


async def test_checks_are_paged_and_filtered(world: World) -> None:
    seen, cursor = [], None
    for _ in range(4):
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        page = (await world.get("/v1/portfolios/family/checks", limit=1, **more)).json()
        seen += [(one["source"], one["platform"]) for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [(WALLET_A, ""), (DEFI, ""), (DEFI, "Curve")]
    outside = (await world.get("/v1/portfolios/family/checks", verdict="outside")).json()["items"]
    assert [one["at"] for one in outside] == ["2026-03-01T11:10:00Z"]
    assert (await world.get("/v1/portfolios/family/checks", verdict="wrong")).status_code == 400


async def test_checks_of_other_accounts_and_tenants_stay_theirs(world: World) -> None:
    assert (await world.get("/v1/portfolios/bees/checks")).json()["items"] == []
    [theirs] = (await world.get("/v1/portfolios/theirs/checks", key="rival")).json()["items"]
    assert A not in theirs["source"]
    assert (await world.get("/v1/portfolios/family/checks", key="rival")).status_code == 404


def jump(bucket: str, before: str, *, version: int, version_before: int, **more: Any) -> dict[str, Any]:
    return {
        "tenant": "acme", "portfolio": "bees", "bucket": bucket, "version": str(version), "bucket_before": before,
        "version_before": str(version_before), "net": "150", "net_before": "100", "ratio": "0.5", "allowed": "0.2",
        "asset": ETH, "cause": "price", "asset_value": "150", "asset_value_before": "100", "price_source": "feed",
        "price_source_before": "",
    } | more  # fmt: skip


async def test_only_jumps_between_points_as_they_stand_are_listed(world: World) -> None:
    """Of bees 09:00, 10:00 and 12:00 are stored. 11:00 is not; the 10:00 of version 1 was replaced."""
    warehouse = world.resources.warehouse
    nine, ten, twelve = (f"2026-03-01 {hour}:00:00" for hour in ("09", "10", "12"))
    for bucket, version in ((nine, 1), (ten, 1), (ten, 2), (twelve, 1)):
        await write_point(warehouse, bucket, version=version, portfolio="bees", sources=1)
    rows = [
        jump(ten, nine, version=2, version_before=1),
        jump(ten, nine, version=1, version_before=1, net="999"),
        jump(twelve, ten, version=1, version_before=2, net="0", net_before="150", asset="", ratio=None),
        jump(twelve, nine, version=1, version_before=1, net="998"),
    ]
    await insert(warehouse, "jumps", rows)
    items = (await world.get("/v1/portfolios/bees/jumps")).json()["items"]
    assert [(one["bucket"], one["bucket_before"], one["net"], one["moved"]) for one in items] == [
        ("2026-03-01T12:00:00Z", "2026-03-01T10:00:00Z", "0", "-150"),
        ("2026-03-01T10:00:00Z", "2026-03-01T09:00:00Z", "150", "50"),
    ]
    assert (items[0]["asset"], items[0]["ratio"], items[1]["price_source"], items[1]["price_source_before"]) == (
        None, None, "feed", None,
    )  # fmt: skip
    in_view = await warehouse.query("SELECT bucket, net, moved FROM portfolio_jumps ORDER BY bucket DESC")
    assert [(row["net"], row["moved"]) for row in in_view] == [(Decimal(0), Decimal(-150)), (Decimal(150), Decimal(50))]
    first = (await world.get("/v1/portfolios/bees/jumps", limit=1)).json()
    second = (await world.get("/v1/portfolios/bees/jumps", limit=1, cursor=first["next_cursor"])).json()
    assert [first["items"][0], second["items"][0], second["next_cursor"]] == [*items, None]
    later = (await world.get("/v1/portfolios/bees/jumps", **{"from": "2026-03-01T11:00:00Z"})).json()["items"]
    assert later == items[:1]
    assert (await world.get("/v1/portfolios/family/jumps")).json()["items"] == []
