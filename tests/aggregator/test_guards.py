"""Cross-checks and the jump guard, on the real engine: what is stored, what is told, and that it is told once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.prices import Price
from holdfast.domain.sources import Source
from holdfast.events import BalancesObserved, CheckCrossed, PortfolioJumped, PricesObserved, TotalsReported
from holdfast.events.checks import check
from holdfast.events.event import Event
from holdfast.registry.records import Account, Member, Portfolio, Rule, RuleSet, SourceSetting
from holdfast.registry.state import RegistryState
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.guards.noticing import Guard
from services.aggregator.lines import EventLine
from services.aggregator.projection import Projector
from services.aggregator.settings import GuardSettings

START = datetime(2026, 2, 28, 22, 10, tzinfo=UTC)
WALLET = "eip155:1:0x" + "a" * 40
ETH, USDC = "eip155:1/slip44:60", "eip155:1/erc20:0x" + "c" * 40


class Heard:
    """A publisher that keeps what it is told; every message must be one that may be sent."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def publish_many(self, events: Sequence[Event]) -> list[object]:
        for event in events:
            check(event)
        self.events += events
        return []

    def of(self, kind: type[Any]) -> list[Any]:
        """Each once: a subscriber goes by the id."""
        return list({event.id: event for event in self.events if isinstance(event, kind)}.values())


class StoppedClock:
    def now(self) -> datetime:
        return START + timedelta(days=3)


class Stage:
    """An aggregator without its streams: events go in as batches, at once or twice."""

    def __init__(self, warehouse: Warehouse, *, ranking: Sequence[str] = (), **settings: Any) -> None:
        self.warehouse = warehouse
        self.heard = Heard()
        self.known = RegistryState()
        guard = Guard(
            warehouse, self.heard, GuardSettings(**settings), ranking=ranking, registry=lambda: self.known  # type: ignore[arg-type]
        )  # fmt: skip
        self.line = EventLine(warehouse, self.heard, guard, clock=StoppedClock(), ranking=ranking)  # type: ignore[arg-type]
        self.projector = Projector(warehouse, self.heard, every_s=60, guard=guard)  # type: ignore[arg-type]

    async def take(self, *events: Event) -> None:
        arrivals = [Arrival(event=one, sequence=1, recorded_at=START + timedelta(days=2)) for one in events]
        work = self.line.prepare(arrivals)
        await self.line.insert(work)
        await self.line.settle([work])

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        return await self.warehouse.query(sql)


def registry(
    revision: int, *settings: SourceSetting, rules: Sequence[Rule] = (), jump_ratio: str | None = None
) -> RegistryState:
    account = Account(tenant="acme", id=WALLET, spelling=WALLET, sources=settings, created_at=START)
    portfolio = Portfolio(
        tenant="acme", id="main", name="", members=(Member(account=WALLET),), created_at=START,
        jump_ratio=None if jump_ratio is None else Decimal(jump_ratio),
    )  # fmt: skip
    number = str(revision)
    sets = {("acme", number): RuleSet(tenant="acme", number=revision, rules=tuple(rules), created_at=START)}
    return RegistryState(
        revision=revision,
        accounts={("acme", WALLET): account},
        portfolios={("acme", "main"): portfolio},
        rule_sets=sets if rules else {},
    )


def setting(provider: str, *, counted: bool = True) -> SourceSetting:
    return SourceSetting(provider=provider, scope="wallet", every_s=600, counted=counted)


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def held(
    asset: str, amount: str, value: str | None, *, side: Literal["asset", "debt"] = "asset", platform: str = ""
) -> Balance:
    worth = None if value is None else Decimal(value)
    return Balance(
        asset=asset, kind="borrowed" if side == "debt" else "wallet", side=side, amount=Decimal(amount),
        value=worth, platform=platform,
    )  # fmt: skip


def states(provider: str, minutes: int, *balances: Balance, scope: str = "wallet") -> BalancesObserved:
    source = Source(tenant="acme", provider=provider, account=WALLET, scope=scope)
    at = after(minutes)
    snapshot = Snapshot(account=WALLET, scope=scope, observed_at=at, fetched_at=at, balances=balances)
    identity = snapshot_id(source, snapshot)
    return BalancesObserved(
        id=identity, tenant="acme", provider=provider, account=WALLET, scope=scope, snapshot_id=identity,
        observed_at=at, fetched_at=at, job_id="0" * 32, balances=balances, lines=len(balances),
    )  # fmt: skip


def reports(
    minutes: int, total: str | None, *, currency: str = "iso4217:USD", platform: str = "", **more: Any
) -> TotalsReported:
    at = after(minutes)
    identity = f"{abs(hash((minutes, total, currency, platform))):032x}"[:32]
    return TotalsReported(
        id=identity, tenant="acme", provider="okx", account=WALLET, scope="wallet", observed_at=at, fetched_at=at,
        job_id="0" * 32, currency=currency, total=None if total is None else Decimal(total), platform=platform, **more,
    )  # fmt: skip


def priced(
    asset: str, minutes: int, price: str, *, quote: str = "iso4217:USD", by: str = "feed", fetched: int = 0
) -> PricesObserved:
    at = after(minutes)
    return PricesObserved(
        id=f"{abs(hash((asset, quote, minutes, price))):032x}"[:32], tenant="public", provider=by,
        fetched_at=after(minutes + fetched), job_id="0" * 32,
        prices=(Price(asset=asset, quote=quote, price=Decimal(price), at=at, source=by),),
    )  # fmt: skip


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


JUMPS = (
    "SELECT bucket, bucket_before, net, net_before, ratio, asset, cause, asset_value, asset_value_before, price_source,"
    " price_source_before FROM portfolio_jumps ORDER BY bucket"
)


async def jumping(warehouse: Warehouse) -> Stage:
    stage = Stage(warehouse)
    await stage.projector.reconcile(registry(5, setting("okx")))
    return stage


async def test_a_price_that_jumps_is_named_with_who_said_it(warehouse: Warehouse) -> None:
    """1 ETH 1000 and 500 USDC; ETH then 1400: 1500 → 1900, by 400 of 1500."""
    stage = await jumping(warehouse)
    await stage.take(priced(ETH, -1, "1000"), states("okx", 0, held(ETH, "1", None), held(USDC, "500", "500")))
    await stage.take(states("okx", 70, held(ETH, "1", "1400"), held(USDC, "500", "500")))
    [row] = await stage.rows(JUMPS)
    assert (row["net_before"], row["net"], row["asset"], row["cause"]) == (1500, 1900, ETH, "price")
    assert row["ratio"] == Decimal("0." + "26" + "6" * 34)
    assert (row["asset_value_before"], row["asset_value"]) == (1000, 1400)
    assert (row["price_source_before"], row["price_source"]) == ("feed", "okx")
    [told] = stage.heard.of(PortfolioJumped)
    assert (told.bucket, told.since, told.latest) == (after(50), after(-10), True)
    assert (told.asset, told.price_source_before, told.price_source) == (ETH, "feed", "okx")


ONE = held(ETH, "1", "1000")
"""In every statement of these; nothing moves it unless it says so."""


@pytest.mark.parametrize(
    ("before", "now", "asset", "cause"),
    [
        ([ONE], [held(ETH, "2", "2000")], ETH, "amount"),
        ([ONE], [held(ETH, "1.1", "2200")], ETH, "price"),
        ([ONE], [ONE, held(USDC, "900", "900")], USDC, "amount"),
        ([ONE, held(USDC, "900", "900")], [ONE], USDC, "amount"),
        ([ONE], [ONE, held(USDC, "700", "700", side="debt")], USDC, "amount"),
        ([ONE, held(USDC, "9", None)], [ONE, held(USDC, "9", "900")], USDC, "valued"),
        ([ONE, held(USDC, "9", "900")], [ONE, held(USDC, "9", None)], USDC, "unvalued"),
    ],
)
async def test_a_jump_names_its_cause(
    warehouse: Warehouse, before: list[Balance], now: list[Balance], asset: str, cause: str
) -> None:
    stage = await jumping(warehouse)
    await stage.take(states("okx", 0, *before), states("okx", 70, *now))
    [row] = await stage.rows(JUMPS)
    assert (row["asset"], row["cause"]) == (asset, cause)


async def test_a_rise_from_dust_is_told_without_a_ratio(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    dust = held(ETH, "1E-18", "1E-36")
    await stage.take(states("okx", 0, dust), states("okx", 70, held(ETH, "1E-18", "20000")))
    [row] = await stage.rows(JUMPS)
    assert (row["ratio"], row["asset"], row["cause"], row["net"]) == (None, ETH, "price", 20000)


class Broken(Heard):
    async def publish_many(self, events: Sequence[Event]) -> list[object]:
        if any(isinstance(event, PortfolioJumped | CheckCrossed) for event in events):
            raise ArithmeticError("a bug in what only looks")
        return await super().publish_many(events)


async def test_a_guard_that_fails_keeps_no_batch_from_being_stored(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    guard = Guard(warehouse, Broken(), GuardSettings())  # type: ignore[arg-type]
    stage.line = EventLine(warehouse, stage.heard, guard, clock=StoppedClock(), ranking=())  # type: ignore[arg-type]
    await stage.take(states("okx", 0, ONE), states("okx", 70, held(ETH, "1", "5000")))
    assert [row["net"] for row in await stage.rows("SELECT net FROM value_series ORDER BY bucket")] == [1000, 5000]


async def test_a_small_move_is_not_told(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "1000")), states("okx", 70, held(ETH, "1", "1200")))
    assert await stage.rows(JUMPS) == []
    assert stage.heard.of(PortfolioJumped) == []


@pytest.mark.parametrize(
    ("own", "of_all", "allowed"),
    [
        (None, "0.2", None),
        (None, "0.1", "0.1"),
        ("0.1", "0.5", "0.1"),
        ("0.5", "0.1", None),
        ("0", "0.1", None),
        ("0.1", "0", "0.1"),
    ],
)
async def test_a_portfolio_that_says_how_far_it_may_move_is_taken_at_its_word(
    warehouse: Warehouse, own: str | None, of_all: str, allowed: str | None
) -> None:
    """1000 → 1150."""
    stage = Stage(warehouse, jump_ratio=Decimal(of_all))
    stage.known = registry(5, setting("okx"), jump_ratio=own)
    await stage.projector.reconcile(stage.known)
    await stage.take(states("okx", 0, held(ETH, "1", "1000")), states("okx", 70, held(ETH, "1", "1150")))
    found = await stage.rows("SELECT allowed FROM portfolio_jumps")
    assert [row["allowed"] for row in found] == ([] if allowed is None else [Decimal(allowed)])
    assert len(stage.heard.of(PortfolioJumped)) == len(found)


async def test_another_share_holds_for_what_is_stored_from_then_on(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "1000")), states("okx", 70, held(ETH, "1", "1150")))
    assert await stage.rows(JUMPS) == []
    stage.known = registry(6, setting("okx"), jump_ratio="0.1")
    await stage.projector.reconcile(stage.known)
    assert await stage.rows(JUMPS) == []
    await stage.take(states("okx", 130, held(ETH, "1", "1300")))
    assert [row["net"] for row in await stage.rows(JUMPS)] == [1150 + 150]


async def test_a_source_that_joins_is_the_cause(warehouse: Warehouse) -> None:
    stage = Stage(warehouse)
    other = SourceSetting(provider="evm", scope="defi", every_s=60)
    await stage.projector.reconcile(registry(5, setting("okx"), other))
    await stage.take(states("okx", 0, held(ETH, "1", "1000")))
    await stage.take(states("evm", 70, held(USDC, "900", "900"), scope="defi"))
    [row] = await stage.rows(JUMPS)
    assert (row["asset"], row["cause"]) == (USDC, "source_joined")


async def test_a_point_that_comes_between_takes_the_jump_to_itself(warehouse: Warehouse) -> None:
    """1000 at 0, 1500 at 130: a jump. At 70 it was 1450 already: the jump is there, and none at 130."""
    stage = await jumping(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "1000")), states("okx", 130, held(ETH, "1", "1500")))
    assert [row["bucket"] for row in await stage.rows(JUMPS)] == [after(110)]
    await stage.take(states("okx", 70, held(ETH, "1", "1450")))
    assert [row["bucket"] for row in await stage.rows(JUMPS)] == [after(50)]


async def test_a_corrected_point_takes_its_jump_back(warehouse: Warehouse) -> None:
    stage = await jumping(warehouse)
    await stage.take(states("okx", 0, held(ETH, "1", "1000")), states("okx", 70, held(ETH, "1", "9000")))
    assert len(await stage.rows(JUMPS)) == 1
    await stage.take(states("okx", 75, held(ETH, "1", "1001")))
    assert await stage.rows(JUMPS) == []


async def test_a_rule_moves_every_point_and_the_jump_with_it(warehouse: Warehouse) -> None:
    """Spam of 5000 comes and is a jump; a rule excludes it, and the total never moved."""
    stage = await jumping(warehouse)
    await stage.take(
        states("okx", 0, held(ETH, "1", "1000")), states("okx", 70, held(ETH, "1", "1000"), held(USDC, "1", "5000"))
    )
    [row] = await stage.rows(JUMPS)
    assert (row["asset"], row["cause"]) == (USDC, "amount")
    await stage.projector.reconcile(registry(6, setting("okx"), rules=[Rule(asset=USDC, why="spam")]))
    assert await stage.rows(JUMPS) == []
    totals = await stage.rows(
        "SELECT net, lines_excluded, reasons FROM value_series ORDER BY bucket".replace(", reasons", "")
    )
    assert [(row["net"], row["lines_excluded"]) for row in totals] == [(1000, 0), (1000, 1)]
    await stage.projector.reconcile(registry(7, setting("okx")))
    assert [row["net"] for row in await stage.rows("SELECT net FROM value_series ORDER BY bucket")] == [1000, 6000]
    assert len(await stage.rows(JUMPS)) == 1
