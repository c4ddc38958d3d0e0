"""The value at T as it was known at K: worked out anew from what had been recorded by then.

Portfolio `bees`, its one wallet: at 10:00 seven XYZ. A price of 2 (of 09:30) is recorded at 10:05, corrected to 3 at
11:00; at 11:30 the statement of 10:00 is corrected to eight XYZ. So of 10:30 it was known: at 10:02 nothing, at 10:10
14, at 11:10 21, at 11:40 24.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from holdfast.domain.balances import Balance
from holdfast.events.splitting import split_balances
from tests.api.conftest import World
from tests.api.worked_example import observed, take_in
from tests.api.world import DEFI, ETH, WALLET_A, WALLET_B, XYZ, B, at, insert, line, write_membership, write_snapshot

pytestmark = pytest.mark.asyncio(loop_scope="module")

KNOWN = {"10:02": None, "10:10": "14", "11:10": "21", "11:40": "24"}
DAY = "2026-02-20"


def instant(clock: str, day: str = DAY) -> str:
    return f"{day}T{clock}:00Z"


async def get(world: World, path: str, portfolio: str = "bees", **params: Any) -> dict[str, Any]:
    answer = await world.get(f"/v1/portfolios/{portfolio}/{path}", **params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def what_became_known(world: World) -> None:
    warehouse = world.resources.warehouse
    await write_membership(warehouse, "bees", [WALLET_B], revision=9)
    await insert(
        warehouse,
        "registry_portfolio_revisions",
        [
            {"tenant": "acme", "portfolio": name, "revision": revision, "recorded_at": at("00:00", "2026-01-01"),
             "deleted": False}
            for name, revision in (("bees", 9), ("family", 7))
        ],
    )  # fmt: skip
    priced = {"priced_by": XYZ, "price_usd": "3", "price_source": "feed", "price_at": at("09:30", DAY)}
    for amount, value, recorded in (("7", "21", "10:01"), ("8", "24", "11:30")):
        found = line(XYZ, kind="wallet", amount=amount, value=value) | priced
        await write_snapshot(
            warehouse, WALLET_B, at("10:00", DAY), [found], recorded_at=at(recorded, DAY), fetched_at=at(recorded, DAY)
        )
    await insert(
        warehouse,
        "prices",
        [
            {"asset": XYZ, "quote": "iso4217:USD", "at": at("09:30", DAY), "source": "feed", "price": price,
             "event_id": event * 32, "fetched_at": at(recorded, DAY), "recorded_at": at(recorded, DAY)}
            for price, recorded, event in (("2", "10:05", "a"), ("3", "11:00", "b"))
        ],
    )  # fmt: skip


@pytest.mark.parametrize(("known_at", "net"), KNOWN.items())
async def test_a_total_knows_what_had_been_recorded_and_no_more(world: World, known_at: str, net: str | None) -> None:
    total = await get(world, "total", at=instant("10:30"), known_at=instant(known_at))
    assert total["net"] == (net or "0")
    assert total["quality"]["lines_unpriced"] == (net is None)
    assert total["quality"]["reasons"] == ({"no_price": 1} if net is None else {})
    assert (total["at"], total["known_at"]) == (instant("10:30"), instant(known_at))


@pytest.mark.parametrize(("known_at", "net"), KNOWN.items())
async def test_series_positions_and_breakdowns_know_the_same(world: World, known_at: str, net: str | None) -> None:
    asked = {"at": instant("10:30"), "known_at": instant(known_at)}
    [position] = (await get(world, "positions", **asked))["items"]
    assert position["value_usd"] == net
    [share] = (await get(world, "breakdowns/asset", **asked))["items"]
    assert (share["key"], share["net"], share["lines_unpriced"]) == (XYZ, net or "0", int(net is None))
    ranged = {"from": instant("10:25"), "to": instant("10:25"), "interval": "5m", "known_at": instant(known_at)}
    [point] = (await get(world, "series", **ranged))["points"]
    assert (point["net"], point["quality"]["lines_unpriced"]) == (net or "0", int(net is None))


async def test_before_anything_was_recorded_nothing_is_known(world: World) -> None:
    total = await get(world, "total", at=instant("10:30"), known_at=instant("10:00"))
    assert (total["net"], total["quality"]["sources_missing"]) == (None, 1)
    before = await get(world, "total", at=instant("10:30"), known_at="2025-12-31T00:00:00Z")
    assert (before["net"], before["quality"]["sources_missing"]) == (None, 0)


async def test_all_that_is_known_now_is_what_is_stored(world: World) -> None:
    """Worked out anew from the raw rows, line for line the same as what was kept up to date."""
    for name in ("family", "bees"):
        stored = (await get(world, "positions", name))["items"]
        assert (await get(world, "positions", name, at="2026-03-01T12:30:00Z"))["items"] == stored


async def test_an_earlier_instant_has_the_statements_of_then(world: World) -> None:
    """At 11:30 the wallet of 0xaaa… had said nothing yet, so the deposit's receipt stands nowhere in it."""
    total = await get(world, "total", "family", at="2026-03-01T11:30:00Z")
    assert (total["assets"], total["debt"], total["net"]) == ("4100", "500", "3600")
    assert (total["quality"]["sources"], total["quality"]["sources_missing"]) == (2, 1)
    found = {item["source"] for item in (await get(world, "positions", "family", at="2026-03-01T11:30:00Z"))["items"]}
    assert found == {DEFI, WALLET_B}
    now = await get(world, "total", "family", at="2026-03-01T12:29:00Z")
    assert (now["net"], now["quality"]["lines_excluded"], now["quality"]["share_observed"]) == ("6600", 1, "0.394736")


async def test_every_breakdown_of_the_past_sums_to_its_total(world: World) -> None:
    for axis in ("asset", "type", "class", "chain", "platform", "account", "provider", "kind", "side"):
        body = await get(world, f"breakdowns/{axis}", "family", at="2026-03-01T12:29:00Z")
        assert sum(Decimal(item["net"]) for item in body["items"]) == 6600, axis
        assert sum(item["lines"] for item in body["items"]) == 5, axis


async def test_pages_of_past_positions_are_the_whole_list(world: World) -> None:
    asked = {"at": "2026-03-01T12:30:00Z"}
    whole = (await get(world, "positions", "family", **asked))["items"]
    paged: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(world, "positions", "family", limit=2, **asked, **cursor)
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert paged == whole
    assert len(whole) == 6
    assert {item["source"] for item in whole} == {DEFI, WALLET_A, WALLET_B}
    assert any(item["asset"] == ETH for item in whole)


async def test_a_later_refetch_of_an_older_statement_does_not_reach_back(world: World) -> None:
    """Statement A, its correction B, then A again: known between the two fetches of A was B."""
    warehouse = world.resources.warehouse
    lines = [line(XYZ, kind="wallet", amount=amount, value=amount) for amount in ("1", "2")]
    for one, recorded in ((lines[0], "03:01"), (lines[1], "03:02"), (lines[0], "03:03")):
        when = at(recorded, "2026-02-10")
        await write_snapshot(warehouse, WALLET_B, at("03:00", "2026-02-10"), [one], recorded_at=when, fetched_at=when)
    known = {"03:01": "1", "03:02": "2", "03:03": "1"}
    for clock, net in known.items():
        asked = {"at": instant("04:00", "2026-02-10"), "known_at": instant(clock, "2026-02-10")}
        assert (await get(world, "total", **asked))["net"] == net, clock


async def test_a_statement_told_again_in_parts_was_not_current_before_that(world: World) -> None:
    """At noon forty of 1, in two messages; of the same instant one of 7; then the forty again, word for word."""
    noon = datetime.fromisoformat("2026-02-25T12:00:00+00:00")
    one = Balance(asset=XYZ, kind="wallet", amount=Decimal(1), price=Decimal(7))
    forty = tuple(msgspec.structs.replace(one, position=f"{number}", price=Decimal(1)) for number in range(40))
    for hours, lines in ((1, forty), (2, (one,)), (3, forty)):
        told = noon + timedelta(hours=hours)
        parts = split_balances(observed(B, noon, {}, balances=lines, fetched_at=told), 4000)
        assert len(parts) == (1 if hours == 2 else 2)
        await take_in(world.resources.warehouse, list(parts), recorded_at=told)
    for hours, net in ((1, "40"), (2, "7"), (3, "40")):
        known = (noon + timedelta(hours=hours, minutes=30)).isoformat()
        assert (await get(world, "total", at=instant("12:10", "2026-02-25"), known_at=known))["net"] == net
        ranged = {"from": instant("12:10", "2026-02-25"), "to": instant("12:10", "2026-02-25"), "known_at": known}
        assert (await get(world, "series", **ranged))["points"][0]["net"] == net


async def test_an_instant_to_come_is_refused_by_name(world: World) -> None:
    answer = await world.get("/v1/portfolios/bees/total", at="2027-01-01T00:00:00Z")
    assert (answer.status_code, answer.json()["field"]) == (400, "at")


async def corrections(world: World, known_from: str, known_to: str | None) -> dict[str, Any]:
    asked = {"at": instant("10:30"), "known_from": instant(known_from)}
    return await get(world, "corrections", **asked, **({"known_to": instant(known_to)} if known_to else {}))


async def test_a_corrected_price_names_its_event(world: World) -> None:
    body = await corrections(world, "10:10", "11:10")
    assert (body["net_before_usd"], body["net_after_usd"], body["change_usd"]) == ("14", "21", "7")
    [one] = body["items"]
    assert (one["cause"], one["asset"], one["change_usd"]) == ("price", XYZ, "7")
    assert (one["before"]["price_usd"], one["after"]["price_usd"]) == ("2", "3")
    assert (one["event"]["id"], one["event"]["recorded_at"]) == ("b" * 32, instant("11:00"))


async def test_a_corrected_statement_names_its_event(world: World) -> None:
    body = await corrections(world, "11:10", None)
    [one] = body["items"]
    assert (one["cause"], one["before"]["amount"], one["after"]["amount"]) == ("statement", "7", "8")
    assert (one["change_usd"], one["event"]["recorded_at"]) == ("3", instant("11:30"))
    stored = await world.resources.warehouse.value(
        "SELECT any(snapshot_id) FROM snapshots WHERE source = {s:String} AND recorded_at = {r:DateTime64(3, 'UTC')}",
        {"s": WALLET_B, "r": at("11:30", DAY)},
    )
    assert one["event"]["id"] == stored


async def test_a_changed_membership_names_its_revision(world: World) -> None:
    body = await get(
        world, "corrections", at=instant("10:30"), known_from="2025-12-31T00:00:00Z", known_to=instant("10:10")
    )
    [one] = body["items"]
    assert (one["cause"], one["before"], one["event"]["id"]) == ("membership", None, "9")
    assert (body["net_before_usd"], body["change_usd"]) == (None, None)


async def test_who_is_known_to_have_left_is_corrected_to_nothing(world: World) -> None:
    """`both` held the wallet, as far as was known; on the 21st it is told to have left before half past ten."""
    warehouse, portfolio = world.resources.warehouse, {"tenant": "acme", "portfolio": "both"}
    for revision, known, left in ((20, "2026-01-01", at("00:00", "2200-01-01")), (21, "2026-02-21", at("10:15", DAY))):
        member = {
            "source": WALLET_B,
            "account": B,
            "provider": "evm",
            "scope": "wallet",
            "valid_from": at("00:00", "1970-01-01"),
        }
        rows = [portfolio | {"revision": revision, "valid_to": left} | member]
        await insert(warehouse, "registry_portfolio_sources", rows)
        rows = [portfolio | {"revision": revision, "recorded_at": at("00:00", known), "deleted": False}]
        await insert(warehouse, "registry_portfolio_revisions", rows)
    later = {"at": instant("10:30"), "known_at": instant("00:00", "2026-02-22")}
    assert (await get(world, "total", "both", **later))["net"] == "0"
    known = {"known_from": instant("11:10"), "known_to": instant("00:00", "2026-02-22")}
    body = await get(world, "corrections", "both", at=instant("10:30"), **known)
    assert (body["net_before_usd"], body["net_after_usd"], body["change_usd"]) == ("21", "0", "-21")
    assert [(one["cause"], one["change_usd"]) for one in body["items"]] == [("membership", "-21")]


async def test_what_was_not_corrected_is_not_listed(world: World) -> None:
    assert (await corrections(world, "10:10", "10:20"))["items"] == []


async def test_the_same_correction_in_sql(world: World) -> None:
    """The example of docs/sql.md: one join of the view with itself."""
    views = "positions_as_known(tenant = 'acme', portfolio = 'bees', at = '{at}', known_at = '{known}', ranking = [])"
    before, after = (views.format(at=at("10:30", DAY), known=at(known, DAY)) for known in ("10:10", "11:10"))
    rows = await world.resources.warehouse.query(
        f"SELECT a.asset AS asset, b.value_usd AS was, a.value_usd AS is, a.price_event_id AS event FROM {after} AS a "
        f"FULL JOIN {before} AS b ON a.source = b.source AND a.line = b.line "
        "WHERE a.value_usd IS DISTINCT FROM b.value_usd"
    )
    assert rows == [{"asset": XYZ, "was": Decimal(14), "is": Decimal(21), "event": "b" * 32}]


async def test_what_the_rules_left_out_is_known_by_the_rules_of_the_time(world: World) -> None:
    """From 12:30, when the rule was made, XYZ counts nowhere; before that it did, and the correction names the rule."""
    made = (await world.send("PUT", "/v1/rules", body={"rules": [{"asset": XYZ}]})).json()
    rule = {"asset": XYZ, "action": "exclude", "portfolio": "", "why": ""}
    stored = {"tenant": "acme", "number": made["number"], "note": "", "created_at": made["created_at"][:19]}
    await insert(world.resources.warehouse, "registry_rule_sets", [stored | {"rules": [rule]}])
    earlier, now = instant("11:40"), world.clock.now().isoformat()
    for known_at, net in ((earlier, "24"), (now, "0")):
        assert (await get(world, "total", at=instant("10:30"), known_at=known_at))["net"] == net
        window = {"from": instant("09:00"), "to": instant("10:30")}
        points = (await get(world, "series", interval="hour", known_at=known_at, **window))["points"]
        assert points[-1]["net"] == net
        flows = (await get(world, "flows", known_at=known_at, **window))["items"]
        assert [flow["asset"] for flow in flows] == ([XYZ] if net == "24" else [])
    await _what_if_knows_the_same(world, made["number"], earlier, now)
    [one] = (await get(world, "corrections", at=instant("10:30"), known_from=earlier, known_to=now))["items"]
    assert (one["cause"], one["event"]["id"], one["change_usd"]) == ("rules", str(made["number"]), "-24")
    assert one["event"]["recorded_at"] == made["created_at"]


async def _what_if_knows_the_same(world: World, number: int, earlier: str, now: str) -> None:
    """The total as known, beside that under a set that did not hold yet, and beside that under none.

    On the first of March the line had no price: that is said once no rule leaves it out.
    """
    morning = "2026-03-01T09:30:00Z"
    for at_, known_at, rules, holds, nets, reasons in (
        (instant("10:30"), earlier, number, 0, ("24", "0"), ({}, {"excluded": 1})),
        (morning, now, 0, number, ("0", "0"), ({"excluded": 1}, {"no_price": 1})),
    ):
        asked = {"at": at_, "known_at": known_at}
        found, total = await get(world, "what-if", rules=rules, **asked), await get(world, "total", **asked)
        assert (found["holds"], found["known_at"]) == (holds, total["known_at"])
        assert found["actual"] == {name: total[name] for name in ("assets", "debt", "net", "quality")}
        assert (found["actual"]["net"], found["under"]["net"]) == nets
        assert (found["actual"]["quality"]["reasons"], found["under"]["quality"]["reasons"]) == reasons
        assert [(one["asset"], one["counts"]) for one in found["assets"]] == [(XYZ, holds == 0)]


async def test_pages_of_corrections_are_the_whole_list_and_nothing_comes_twice(world: World) -> None:
    """Five amounts were corrected by one each. What is corrected between two pages shifts none of them."""
    warehouse, day = world.resources.warehouse, "2026-02-11"
    assets = [f"eip155:1/erc20:0x{number}{'e' * 39}" for number in range(1, 7)]

    async def state(clock: str, *amounts: tuple[str, str]) -> None:
        lines = [line(asset, kind="wallet", amount=amount, value=amount) for asset, amount in amounts]
        await write_snapshot(
            warehouse, WALLET_B, at("03:00", day), lines, recorded_at=at(clock, day), fetched_at=at(clock, day)
        )

    await state("03:01", *((asset, "1") for asset in assets[1:]))
    await state("03:02", *((asset, "2") for asset in assets[1:]))
    asked = {"at": instant("04:00", day), "known_from": instant("03:01", day)}
    whole = await get(world, "corrections", **asked)
    assert [one["asset"] for one in whole["items"]] == assets[1:]
    assert (whole["net_before_usd"], whole["net_after_usd"], whole["change_usd"]) == ("5", "10", "5")
    first = await get(world, "corrections", limit=2, **asked)
    await state("03:03", *((asset, "2") for asset in assets))
    second = await get(world, "corrections", limit=2, cursor=first["next_cursor"], **asked)
    third = await get(world, "corrections", limit=2, cursor=second["next_cursor"], **asked)
    paged = [*first["items"], *second["items"], *third["items"]]
    assert [one["asset"] for one in paged] == assets[1:]
    assert [one["change_usd"] for one in paged] == ["1"] * 5
    assert third["next_cursor"] is None
    assert {page["change_usd"] for page in (first, second, third)} == {"5"}
    refused = await world.get("/v1/portfolios/bees/corrections", cursor="MTI", **asked)
    assert (refused.status_code, refused.json()["field"]) == (400, "cursor")


async def test_a_price_that_was_taken_back_is_known_until_then_and_the_correction_names_what_took_it(
    world: World,
) -> None:
    """At 11:50 both claims of 09:30 are taken back; then there is no price."""
    place = {"asset": XYZ, "quote": "iso4217:USD", "at": at("09:30", DAY), "source": "feed"}
    warehouse, recorded = world.resources.warehouse, {"recorded_at": at("11:50", DAY)}
    taken = {"until": at("11:00", DAY), "price": "3", "event_id": "c" * 32, "job_id": "d" * 32}
    await insert(warehouse, "price_withdrawals", [place | taken | recorded])
    claims = [place | recorded | {"fetched_at": at(clock, DAY)} for clock in ("10:05", "11:00")]
    await insert(warehouse, "withdrawn_prices", claims)
    for clock, net, reasons in (("11:40", "24", {}), ("12:00", "0", {"no_price": 1})):
        total = await get(world, "total", at=instant("10:30"), known_at=instant(clock))
        assert (total["net"], total["quality"]["reasons"]) == (net, reasons)
    [one] = (await corrections(world, "11:40", "12:00"))["items"]
    assert (one["cause"], one["change_usd"], one["after"]["reason"]) == ("price", "-24", "no_price")
    assert one["event"] == {"id": "c" * 32, "recorded_at": instant("11:50"), "job_id": "d" * 32}
