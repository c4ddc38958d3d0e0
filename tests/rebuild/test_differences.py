"""What a rebuild finds, puts right, and leaves alone."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.prices import Price
from holdfast.domain.sources import Source
from holdfast.events import BalancesObserved, PricesObserved
from holdfast.events.event import Event
from holdfast.rebuild import Finding, Rebuild, Scope, read_findings, swap
from holdfast.registry.records import Account, Member, Portfolio, SourceSetting
from holdfast.registry.state import RegistryState
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from services.aggregator.projection import Projector
from tests.aggregator.test_any_arrival import Silent

START = datetime(2026, 1, 31, 22, 10, tzinfo=UTC)
NOW = START + timedelta(days=3)
ETH, USD = "eip155:1/slip44:60", "iso4217:USD"
WALLETS = ("eip155:1:0x" + "1" * 40, "eip155:1:0x" + "2" * 40)


def observed(wallet: str, hour: int, amount: str, *, value: str | None = None) -> BalancesObserved:
    at = START + timedelta(hours=hour)
    balances = (
        Balance(asset=ETH, kind="wallet", amount=Decimal(amount), value=None if value is None else Decimal(value)),
        Balance(asset="iso4217:EUR", kind="borrowed", side="debt", amount=Decimal(7), value=Decimal(8)),
    )
    source = Source(tenant="acme", provider="evm", account=wallet, scope="wallet")
    snapshot = Snapshot(account=wallet, scope="wallet", observed_at=at, fetched_at=at, balances=balances)
    identity = snapshot_id(source, snapshot)
    return BalancesObserved(
        id=identity, tenant="acme", provider="evm", account=wallet, scope="wallet", snapshot_id=identity,
        observed_at=at, fetched_at=at, job_id="0" * 32, balances=balances, lines=len(balances),
    )  # fmt: skip


def priced(hour: int, price: str) -> PricesObserved:
    at = START + timedelta(hours=hour)
    prices = (Price(asset=ETH, quote=USD, at=at, price=Decimal(price), source="feed"),)
    return PricesObserved(
        id=f"{hour:032x}", tenant="public", provider="feed", fetched_at=at, job_id="1" * 32, prices=prices
    )


async def store(warehouse: Warehouse, events: Sequence[Event]) -> None:
    arrivals = [Arrival(event=event, sequence=number, recorded_at=NOW) for number, event in enumerate(events)]
    await commit(warehouse, prepare(arrivals), ranking=["feed"])


@pytest.fixture
async def kept(warehouse: Warehouse) -> Warehouse:
    """Two wallets in `both`, the first in `one`: three hours of each, over the end of a month, one priced by a feed."""
    setting = SourceSetting(provider="evm", scope="wallet", every_s=60, counted=True)
    accounts = {
        ("acme", wallet): Account(tenant="acme", id=wallet, spelling=wallet, sources=(setting,), created_at=START)
        for wallet in WALLETS
    }
    members = {"both": WALLETS, "one": WALLETS[:1]}
    portfolios = {
        ("acme", name): Portfolio(
            tenant="acme", id=name, name=name, members=tuple(Member(account=wallet) for wallet in some),
            created_at=START,
        )
        for name, some in members.items()
    }  # fmt: skip
    state = RegistryState(accounts=accounts, portfolios=portfolios, revision=5)
    await Projector(warehouse, Silent(), every_s=60).reconcile(state)  # type: ignore[arg-type]
    await store(warehouse, [priced(0, "2000"), priced(2, "2100.5")])
    await store(warehouse, [observed(wallet, hour, "1.5") for wallet in WALLETS for hour in (0, 1, 3)])
    return warehouse


def build(warehouse: Warehouse, run: str, *portfolios: tuple[str, str], settle_s: float = 0) -> Rebuild:
    return Rebuild(
        warehouse, run=run, scope=Scope(portfolios=portfolios), ranking=["feed"], settle_s=settle_s,
    )  # fmt: skip


async def found(warehouse: Warehouse, run: str, *portfolios: tuple[str, str]) -> list[Finding]:
    rebuild = build(warehouse, run, *portfolios)
    units, _ = await rebuild.plan()
    done = [one async for one in rebuild.work(units)]
    outcome, findings = rebuild.outcome(done), await read_findings(warehouse, run)
    assert outcome.differences == len(findings)
    assert outcome.moving == 0
    return findings


async def total(warehouse: Warehouse, portfolio: str, bucket: str) -> list[tuple[Decimal, int]]:
    return await warehouse.rows(
        "SELECT net, lines FROM portfolio_totals FINAL "
        "WHERE portfolio = {portfolio:String} AND bucket = {bucket:String}",
        {"portfolio": portfolio, "bucket": bucket},
    )


async def test_nothing_is_found_where_nothing_is_wrong(kept: Warehouse) -> None:
    assert await found(kept, "clean") == []
    assert await total(kept, "both", "2026-02-01 01:00:00") == [(2 * (Decimal("1.5") * Decimal("2100.5") - 8), 4)]


@pytest.mark.parametrize("version", ["version", "version + 9"])
async def test_a_wrong_line_is_found_and_put_right_whatever_version_it_claims(kept: Warehouse, version: str) -> None:
    await kept.command(
        f"INSERT INTO balances SELECT * REPLACE (toDecimal256(1, 36) AS value_usd, toUInt64({version}) AS version) "
        "FROM balances FINAL WHERE source LIKE '%111/wallet' AND line = 0 AND observed_at < '2026-01-31 22:30:00'"
    )
    [finding] = await found(kept, "line")
    assert (finding.kind, finding.stored, finding.derived) == ("line", Decimal(1), Decimal(3000))
    await swap(kept, "line")
    assert await found(kept, "again") == []
    value = "SELECT value_usd FROM balances FINAL WHERE line = 0 AND observed_at < '2026-01-31 22:30:00'"
    assert await kept.rows(value) == [(Decimal(3000),), (Decimal(3000),)]


@pytest.mark.parametrize("by", ["0." + "0" * 35 + "1", "-0." + "0" * 35 + "1"])
async def test_a_value_that_is_off_by_the_least_is_found(kept: Warehouse, by: str) -> None:
    await kept.command(
        f"INSERT INTO balances SELECT * REPLACE (value_usd + toDecimal256('{by}', 36) AS value_usd) "
        "FROM balances FINAL WHERE source LIKE '%111/wallet' AND line = 0 AND observed_at < '2026-01-31 22:30:00'"
    )
    [finding] = await found(kept, "off")
    assert finding.derived == 3000
    assert Fraction(finding.stored or 0) == 3000 + Fraction(by)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (0, "CAST(NULL, 'Nullable(Decimal(76, 36))') AS value_usd"),
        (0, "CAST(NULL, 'Nullable(Decimal(76, 36))') AS price_usd"),
        (1, "toDecimal256(9, 36) AS value_usd"),
        (1, "toDecimal256(1, 36) AS price_usd"),
    ],
)
async def test_a_line_is_compared_where_something_of_it_is_unknown(kept: Warehouse, line: int, wrong: str) -> None:
    """Line 0 is valued by a feed; of line 1 a value is stated and no price."""
    worth = "SELECT value_usd, price_usd FROM balances FINAL ORDER BY source, observed_at, line"
    right = await kept.rows(worth)
    await kept.command(
        f"INSERT INTO balances SELECT * REPLACE ({wrong}, version + 1 AS version) FROM balances FINAL "
        f"WHERE source LIKE '%111/wallet' AND line = {line} AND observed_at < '2026-01-31 22:30:00'"
    )
    assert [one.kind for one in await found(kept, "unknown")] == ["line"]
    await swap(kept, "unknown")
    assert await kept.rows(worth) == right
    assert await found(kept, "again") == []


async def test_a_point_that_was_summed_from_a_wrong_line_is_found_with_it(kept: Warehouse) -> None:
    """The line and its point agree with each other, and neither with what was observed."""
    await kept.command(
        "INSERT INTO balances SELECT * REPLACE (value_usd + 5 AS value_usd, version + 1 AS version) "
        "FROM balances FINAL WHERE source LIKE '%222/wallet' AND line = 0 AND observed_at < '2026-01-31 22:30:00'"
    )
    await kept.command(
        "INSERT INTO portfolio_totals SELECT * REPLACE (assets + 5 AS assets, net + 5 AS net, version + 1 AS version) "
        "FROM portfolio_totals FINAL WHERE portfolio = 'both' AND bucket = '2026-01-31 22:00:00'"
    )
    assert [one.kind for one in await found(kept, "pair")] == ["line", "total"]
    await swap(kept, "pair")
    assert await found(kept, "again") == []
    assert await total(kept, "both", "2026-01-31 22:00:00") == [(Decimal(2 * (3000 - 8)), 4)]


@pytest.mark.parametrize("version", ["version", "version + 1"])
async def test_a_wrong_total_is_found_and_put_right_whatever_version_it_claims(kept: Warehouse, version: str) -> None:
    right = await total(kept, "both", "2026-01-31 23:00:00")
    await kept.command(
        f"INSERT INTO portfolio_totals SELECT * REPLACE (net + 1 AS net, toUInt256({version}) AS version, "
        "computed_at + INTERVAL 1 SECOND AS computed_at) "
        "FROM portfolio_totals FINAL WHERE portfolio = 'both' AND bucket = '2026-01-31 23:00:00'"
    )
    [finding] = await found(kept, "total")
    assert (finding.kind, finding.of) == ("total", "acme/both, 2026-01-31 23:00:00")
    assert finding.stored == right[0][0] + 1
    assert finding.derived == right[0][0]
    await swap(kept, "total")
    assert await total(kept, "both", "2026-01-31 23:00:00") == right
    assert await found(kept, "again") == []


@pytest.mark.parametrize("rank", ["rank", "rank + 1", None])
async def test_a_source_whose_current_snapshot_is_wrong_or_missing_is_found_and_put_right(
    kept: Warehouse, rank: str | None
) -> None:
    current = "SELECT source, snapshot_id, observed_at FROM latest_snapshots FINAL ORDER BY source"
    right = await kept.rows(current)
    if rank is None:
        await kept.command("DELETE FROM latest_snapshots WHERE source LIKE '%111/wallet'")
    else:
        await kept.command(
            f"INSERT INTO latest_snapshots SELECT * REPLACE ('{'0' * 32}' AS snapshot_id, toUInt256({rank}) AS rank) "
            "FROM latest_snapshots FINAL WHERE source LIKE '%111/wallet'"
        )
    [finding] = await found(kept, "latest")
    assert (finding.kind, finding.of) == ("latest", right[0][0])
    await swap(kept, "latest")
    assert await kept.rows(current) == right
    assert await found(kept, "again") == []


async def test_a_breakdown_that_is_wrong_in_one_key_alone_is_found(kept: Warehouse) -> None:
    await kept.command(
        "INSERT INTO portfolio_totals SELECT * REPLACE (arrayMap(x -> (x.1, x.2, x.3, x.4, x.5, "
        "if(x.1 = 'kind' AND x.2 = 'wallet', x.6 + 1, x.6)), breakdown) AS breakdown, version + 1 AS version) "
        "FROM portfolio_totals FINAL WHERE portfolio = 'one' AND bucket = '2026-01-31 22:00:00'"
    )
    [finding] = await found(kept, "breakdown")
    assert (finding.stored == finding.derived, finding.detail) == (True, "equal in sum, not in what it is made of")


async def test_a_point_that_is_missing_is_found_and_put_in(kept: Warehouse) -> None:
    right = await total(kept, "one", "2026-02-01 01:00:00")
    await kept.command("DELETE FROM portfolio_totals WHERE portfolio = 'one' AND bucket = '2026-02-01 01:00:00'")
    [finding] = await found(kept, "missing")
    assert (finding.stored, finding.derived, finding.detail) == (None, right[0][0], "no such point is stored")
    await swap(kept, "missing")
    assert await total(kept, "one", "2026-02-01 01:00:00") == right


async def test_only_the_portfolios_that_were_asked_for_are_looked_at(kept: Warehouse) -> None:
    await kept.command(
        "INSERT INTO portfolio_totals SELECT * REPLACE (net + 1 AS net, version + 1 AS version) "
        "FROM portfolio_totals FINAL WHERE portfolio = 'both'"
    )
    assert await found(kept, "one", ("acme", "one")) == []
    assert len(await found(kept, "both", ("acme", "both"))) == 3


async def test_what_comes_in_while_rows_are_swapped_stays(kept: Warehouse) -> None:
    """A newer point, stored between the look and the swap, is neither hidden nor taken out."""
    await kept.command(
        "INSERT INTO portfolio_totals SELECT * REPLACE (net + 1 AS net, version + 1 AS version) "
        "FROM portfolio_totals FINAL WHERE portfolio = 'both' AND bucket = '2026-02-01 01:00:00'"
    )
    assert len(await found(kept, "before")) == 1
    await store(kept, [observed(WALLETS[0], 3, "2.5"), observed(WALLETS[0], 4, "4")])
    correction = observed(WALLETS[1], 3, "9")
    later = {"fetched_at": correction.fetched_at + timedelta(minutes=1)}
    await store(kept, [BalancesObserved(**{f: getattr(correction, f) for f in correction.__struct_fields__} | later)])
    newest = await total(kept, "both", "2026-02-01 01:00:00")
    await swap(kept, "before")
    assert await total(kept, "both", "2026-02-01 01:00:00") == newest
    assert await found(kept, "after") == []


async def test_a_rebuild_beside_a_busy_aggregator_reports_nothing_that_is_only_on_its_way(kept: Warehouse) -> None:
    """Raw rows whose points are still to come are no difference once they have come."""
    arrivals = [Arrival(event=observed(WALLETS[0], 5, "3"), sequence=9, recorded_at=NOW)]
    from services.aggregator.commit import insert, settle  # noqa: PLC0415 - the two halves of a commit

    touched = await insert(kept, prepare(arrivals), ranking=["feed"])
    rebuild = build(kept, "busy", settle_s=0.5)
    units, _ = await rebuild.plan()

    async def settle_soon() -> None:
        await asyncio.sleep(0.2)
        await settle(kept, touched)

    settling = asyncio.create_task(settle_soon())
    done = [one async for one in rebuild.work(units)]
    await settling
    assert rebuild.outcome(done).differences == 0
    assert await read_findings(kept, "busy") == []


async def test_a_run_that_was_cut_short_goes_on_where_it_stopped(kept: Warehouse) -> None:
    rebuild = build(kept, "cut")
    units, _ = await rebuild.plan()
    assert len(units) > 2
    async for _ in rebuild.work(units[:2]):
        pass
    again = build(kept, "cut")
    planned, done = await again.plan()
    assert planned == units
    assert [one.unit for one in done] == [unit.name for unit in units[:2]]
