"""Cross-checks on the real engine: what is stored, what is told, and that it is told once."""

from decimal import Decimal

import pytest

from holdfast.events import CheckCrossed
from holdfast.events.event import Event
from holdfast.warehouse.client import Warehouse
from tests.aggregator.guard_stage import (
    ETH,
    USDC,
    WALLET,
    Stage,
    after,
    held,
    priced,
    registry,
    reports,
    setting,
    states,
)

CHECKS = (
    "SELECT kind, platform, verdict, reason, ours, theirs, difference, asset, asset_difference"
    " FROM cross_checks ORDER BY kind, platform"
)


async def test_a_reported_total_is_held_against_the_lines_it_is_of(warehouse: Warehouse) -> None:
    """Lines 600 + 400 − 100; they say 900, then 950; on Aave our net is 300 and they say 300."""
    stage = Stage(warehouse)
    lines = (
        held(ETH, "1", "600"),
        held(USDC, "400", "400", platform="Aave"),
        held(USDC, "100", "100", side="debt", platform="Aave"),
    )
    await stage.take(states("okx", 0, *lines), reports(0, "900"), reports(0, "300", platform="Aave"))
    assert [(row["platform"], row["verdict"], row["ours"], row["theirs"]) for row in await stage.rows(CHECKS)] == [
        ("", "within", 900, 900),
        ("Aave", "within", 300, 300),
    ]
    assert stage.heard.of(CheckCrossed) == []
    await stage.take(reports(30, "950"))
    [whole, _] = await stage.rows(CHECKS)
    assert (whole["verdict"], whole["difference"]) == ("outside", -50)
    [told] = stage.heard.of(CheckCrossed)
    assert (told.verdict, told.ours, told.theirs, told.latest) == ("outside", 900, 950, True)
    await stage.take(states("okx", 40, held(ETH, "1", "950")), reports(40, "950"))
    assert [event.verdict for event in stage.heard.of(CheckCrossed)] == ["outside", "within"]


async def test_repeating_a_batch_tells_nothing_new(warehouse: Warehouse) -> None:
    stage = Stage(warehouse)
    batch = (states("okx", 0, held(ETH, "1", "600")), reports(0, "900"))
    for _ in range(3):
        await stage.take(*batch)
    assert len(stage.heard.of(CheckCrossed)) == 1
    assert len(await stage.rows("SELECT * FROM cross_check_history")) == 1


@pytest.mark.parametrize("statement_first", [True, False])
async def test_order_of_arrival_makes_no_difference(warehouse: Warehouse, *, statement_first: bool) -> None:
    stage = Stage(warehouse)
    batches = [states("okx", 0, held(ETH, "1", "600")), reports(20, "700")]
    for event in batches if statement_first else reversed(batches):
        await stage.take(event)
    [row] = await stage.rows(CHECKS)
    assert (row["verdict"], row["ours"], row["theirs"]) == ("outside", 600, 700)
    assert len(stage.heard.of(CheckCrossed)) == 1


async def test_what_comes_late_moves_the_crossing_to_where_it_was(warehouse: Warehouse) -> None:
    """Outside at 120 is told; that it was outside at 60 already becomes known later: 60 crossed, 120 no more."""
    stage = Stage(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "600")), reports(0, "600"))
    await stage.take(states("okx", 120, held(ETH, "1", "600")), reports(120, "900"))
    await stage.take(states("okx", 60, held(ETH, "1", "600")), reports(60, "900"))
    told = [(event.at, event.verdict, event.latest) for event in stage.heard.of(CheckCrossed)]
    assert told == [(after(120), "outside", True), (after(60), "outside", False)]
    await stage.take(reports(90, "600"))
    assert [(event.at, event.verdict) for event in stage.heard.of(CheckCrossed)][2:] == [(after(90), "within")]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ((reports(0, "900"),), "not_seen"),
        ((states("okx", 0, held(ETH, "1", "900")), reports(61, "500")), "not_seen"),
        ((states("okx", 0, held(ETH, "1", "900")), reports(0, None)), "no_total"),
        ((states("okx", 0, held(ETH, "1", "900")), reports(0, "500", currency="iso4217:EUR")), "no_rate"),
        ((states("okx", 0, held(ETH, "1", None)), reports(0, "500")), "unpriced"),
        (
            (states("okx", 0, held(ETH, "1", "900")), reports(0, "500", reason="unreliable_conversion")),
            "unreliable_conversion",
        ),
    ],
)
async def test_what_cannot_be_judged_says_why_and_tells_nobody(
    warehouse: Warehouse, events: tuple[Event, ...], reason: str
) -> None:
    stage = Stage(warehouse)
    await stage.take(*events)
    [row] = await stage.rows(CHECKS)
    assert (row["verdict"], row["reason"]) == ("unknown", reason)
    assert stage.heard.of(CheckCrossed) == []


async def test_a_total_in_another_currency_is_brought_to_dollars_at_its_own_instant(warehouse: Warehouse) -> None:
    """500 EUR at 1.20 are 600; the rate of an hour later, 2.00, is not that of then."""
    stage = Stage(warehouse)
    await stage.take(priced("iso4217:EUR", -60, "1.20"), priced("iso4217:EUR", 60, "2.00"))
    await stage.take(states("okx", 0, held(ETH, "1", "600")), reports(0, "500", currency="iso4217:EUR"))
    [row] = await stage.rows("SELECT verdict, theirs, stated, rate_at FROM cross_checks")
    assert (row["verdict"], row["theirs"], row["stated"], row["rate_at"]) == ("within", 600, 500, after(-60))


async def test_of_two_rates_of_one_instant_the_trusted_sources_counts(warehouse: Warehouse) -> None:
    """As for a line that is valued by it: the one fetched later is of a source that is trusted less."""
    stage = Stage(warehouse, ranking=("central", "market"))
    await stage.take(
        priced("iso4217:EUR", -60, "1.20", by="central"), priced("iso4217:EUR", -60, "1.50", by="market", fetched=30)
    )
    await stage.take(states("okx", 0, held("iso4217:EUR", "500", None)), reports(0, "500", currency="iso4217:EUR"))
    [row] = await stage.rows("SELECT verdict, ours, theirs FROM cross_checks")
    assert (row["verdict"], row["ours"], row["theirs"]) == ("within", 600, 600)


async def test_a_price_that_comes_late_is_checked_again(warehouse: Warehouse) -> None:
    stage = Stage(warehouse)
    await stage.take(states("okx", 0, held(ETH, "2", None)), reports(0, "600"))
    await stage.take(priced(ETH, -1, "300"))
    [row] = await stage.rows(CHECKS)
    assert (row["verdict"], row["ours"]) == ("within", 600)


@pytest.mark.parametrize(("base", "quote", "rate", "theirs"), [("EUR", "USD", "1.2", 600), ("USD", "EUR", "0.8", 625)])
async def test_a_rate_that_comes_late_is_checked_again(
    warehouse: Warehouse, base: str, quote: str, rate: str, theirs: int
) -> None:
    """Whichever way round it is published; no check of an instant before it, and none that it is too old for."""
    stage = Stage(warehouse)
    for at in (-6 * 1440, -120, 0, 6 * 1440):
        await stage.take(states("okx", at, held(ETH, "1", "600")), reports(at, "500", currency="iso4217:EUR"))
    checks = "SELECT reason, theirs, rate_at FROM source_checks FINAL ORDER BY at"
    assert [row["reason"] for row in await stage.rows(checks)] == ["no_rate"] * 4
    await stage.take(priced(f"iso4217:{base}", -60, rate, quote=f"iso4217:{quote}"))
    long_ago, before, row, after_it = await stage.rows(checks)
    assert (row["reason"], row["theirs"], row["rate_at"]) == ("", theirs, after(-60))
    assert {one["reason"] for one in (long_ago, before, after_it)} == {"no_rate"}


async def test_a_late_rate_of_the_euro_completes_a_path_over_it(warehouse: Warehouse) -> None:
    """500 CHF are 550 EUR, and those 660 USD once the euro's own rate is there."""
    stage = Stage(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "660")), reports(0, "500", currency="iso4217:CHF"))
    await stage.take(priced("iso4217:CHF", -60, "1.1", quote="iso4217:EUR"))
    assert [row["reason"] for row in await stage.rows("SELECT reason FROM cross_checks")] == ["no_rate"]
    await stage.take(priced("iso4217:EUR", -90, "1.2"))
    [row] = await stage.rows("SELECT verdict, theirs, rate_at FROM cross_checks")
    assert (row["verdict"], row["theirs"], row["rate_at"]) == ("within", 660, after(-90))


async def test_two_providers_of_one_wallet_are_held_against_each_other(warehouse: Warehouse) -> None:
    """evm counts and says 600 + 400; other says 600 + 350: 50 in USDC, 5 % of 1000."""
    stage = Stage(warehouse)
    await stage.projector.reconcile(registry(5, setting("evm"), setting("other", counted=False)))
    await stage.take(states("other", 10, held(ETH, "1", "600"), held(USDC, "350", "350")))
    assert [row["reason"] for row in await stage.rows(CHECKS)] == ["not_seen"]
    await stage.take(states("evm", 5, held(ETH, "1", "600"), held(USDC, "400", "400")))
    [row] = await stage.rows(CHECKS)
    assert (row["kind"], row["verdict"], row["difference"]) == ("other_source", "outside", 50)
    assert (row["asset"], row["asset_difference"]) == (USDC, 50)
    [told] = stage.heard.of(CheckCrossed)
    assert (told.source, told.against) == (f"acme/evm/{WALLET}/wallet", f"acme/other/{WALLET}/wallet")
    assert (told.asset, told.asset_difference) == (USDC, 50)


async def test_a_wider_tolerance_lets_more_pass(warehouse: Warehouse) -> None:
    stage = Stage(warehouse, check_tolerance=Decimal("0.4"))
    await stage.take(states("okx", 0, held(ETH, "1", "600")), reports(0, "900"))
    assert [row["verdict"] for row in await stage.rows(CHECKS)] == ["within"]
