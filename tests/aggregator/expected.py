"""What every table must hold, worked out in plain Python from the messages alone.

Written from docs and design, not from the aggregator: it shares no code with what it checks, knows
no versions and no order of arrival, and is as slow and as plain as it likes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from types import MappingProxyType

from holdfast.domain.prices import Price
from holdfast.events import BalancesObserved, PricesObserved

HOUR = timedelta(hours=1)
_WIDE = Context(prec=200, rounding=ROUND_DOWN)
_STEP = Decimal("1e-36")
_TOP = Decimal("1e40")
_UNTOUCHABLE = {"negative_amount", "unreadable", "out_of_range", "low_liquidity", "excluded"}

Claims = dict[str, list[tuple[PricesObserved, Price]]]


@dataclass(frozen=True)
class Arrived:
    """A message as the stream kept it."""

    event: BalancesObserved | PricesObserved
    recorded_at: datetime


@dataclass(frozen=True)
class Belongs:
    """A source that counts in a portfolio from `start` (inclusive) to `end` (exclusive)."""

    portfolio: str
    source: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Line:
    source: str
    observed_at: datetime
    snapshot_id: str
    number: int
    stated: object
    provider: str
    value: Decimal | None
    price: Decimal | None
    price_source: str
    reason: str
    truncated: bool
    since: datetime | None
    """When the price was quoted, where it is the feed's price of the asset itself."""

    @property
    def waits_for(self) -> str:
        """The asset that a price would have to be of to give it a value."""
        stated = self.stated
        if self.reason not in ("no_price", "stale"):
            return ""
        if stated.value is not None or (stated.price is not None and stated.amount is not None):
            return stated.currency
        return "" if stated.amount is None or stated.asset is None else stated.asset


@dataclass
class Statement:
    """A complete snapshot."""

    source: str
    account: str
    provider: str
    observed_at: datetime
    snapshot_id: str
    fetched_at: datetime
    recorded_at: datetime
    covers: frozenset[str]
    lines: list[Line] = field(default_factory=list)


@dataclass
class Expected:
    lines: list[Line]
    statements: list[Statement]
    points: dict[tuple[str, datetime], "Total"]


@dataclass
class Total:
    assets: Decimal = Decimal(0)
    debt: Decimal = Decimal(0)
    lines: int = 0
    unpriced: int = 0
    excluded: int = 0
    truncated: int = 0
    sources: int = 0
    missing: int = 0
    observed: int = 0
    as_of: datetime | None = None
    oldest: datetime | None = None
    reasons: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    waits: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    parts: dict[tuple[str, str], list] = field(
        default_factory=lambda: defaultdict(lambda: [Decimal(0), Decimal(0), 0, 0])
    )


def expect(
    arrived: Sequence[Arrived],
    belongs: Sequence[Belongs],
    *,
    ranking: Sequence[str],
    buckets: Iterable[tuple[str, datetime]],
    excluded: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> Expected:
    """All lines, all complete snapshots, and the portfolios' values at the end of each of `buckets`.

    `excluded`: assets that count nowhere, by portfolio.
    """
    prices = _by_asset(one.event for one in arrived if isinstance(one.event, PricesObserved))
    balances = [one for one in arrived if isinstance(one.event, BalancesObserved)]
    lines = {
        (line.source, line.observed_at, line.snapshot_id, line.number): line
        for one in balances
        for line in _lines(one.event, prices, ranking)
    }
    statements = _statements(balances, list(lines.values()))
    points = {
        (name, bucket): total_at(bucket + HOUR, name, statements, belongs, excluded.get(name, frozenset()))
        for name, bucket in buckets
    }
    return Expected(list(lines.values()), statements, points)


def causes(statements: Sequence[Statement], belongs: Sequence[Belongs], now: datetime) -> set[tuple[str, datetime]]:
    """Points that must exist: where a source of the portfolio was observed, and where membership changes."""
    wanted = set()
    for one in belongs:
        wanted |= {(one.portfolio, floor(s.observed_at)) for s in statements if s.source == one.source}
        wanted |= {
            (one.portfolio, floor(edge))
            for edge in (one.start, one.end)
            if datetime(1971, 1, 1, tzinfo=UTC) < edge <= now
        }
    return wanted


def total_at(
    end: datetime,
    portfolio: str,
    statements: Sequence[Statement],
    belongs: Sequence[Belongs],
    excluded: frozenset[str] = frozenset(),
) -> Total:
    total = Total()
    members = {b.source for b in belongs if b.portfolio == portfolio and b.start < end <= b.end}
    current: dict[str, Statement] = {}
    for statement in statements:
        if statement.source in members and statement.observed_at < end:
            best = current.get(statement.source)
            if best is None or _order(statement) > _order(best):
                current[statement.source] = statement
    total.sources, total.missing = len(current), len(members) - len(current)
    for statement in current.values():
        total.observed += floor(statement.observed_at) == end - HOUR
        total.as_of = max(total.as_of or statement.observed_at, statement.observed_at)
        total.oldest = min(total.oldest or statement.observed_at, statement.observed_at)
        covered = {
            asset
            for other in current.values()
            if other.account == statement.account and other.source != statement.source
            for asset in other.covers
        }
        for line in statement.lines:
            _count(total, statement, line, covered, excluded)
    return total


def _count(total: Total, statement: Statement, line: Line, covered: set[str], excluded: frozenset[str]) -> None:
    stated = line.stated
    receipt = stated.kind == "wallet" and stated.asset in covered
    if receipt or stated.asset in excluded:
        total.excluded += 1
        total.reasons["receipt_token" if receipt else "excluded"] += 1
        return
    total.lines += 1
    total.unpriced += line.value is None
    total.truncated += line.truncated
    if line.reason:
        total.reasons[line.reason] += 1
    if line.waits_for:
        total.waits[f"{line.reason} {line.waits_for}"] += 1
    column = 1 if stated.side == "debt" else 0
    worth = line.value or Decimal(0)
    if column:
        total.debt = _WIDE.add(total.debt, worth)
    else:
        total.assets = _WIDE.add(total.assets, worth)
    keys = {
        "asset": stated.asset or "",
        "type": stated.asset_type,
        "class": stated.asset_class,
        "chain": stated.chain or "",
        "platform": stated.platform,
        "account": statement.account,
        "provider": statement.provider,
        "kind": stated.kind,
        "side": stated.side,
    }
    for axis, key in keys.items():
        part = total.parts[axis, key]
        part[column] = _WIDE.add(part[column], worth)
        part[2] += 1
        part[3] += line.value is None


def _order(statement: Statement) -> tuple[datetime, datetime, str]:
    return statement.observed_at, statement.fetched_at, statement.snapshot_id


def _statements(balances: Sequence[Arrived], lines: Sequence[Line]) -> list[Statement]:
    parts: dict[tuple[str, datetime, str], dict[int, list[Arrived]]] = defaultdict(lambda: defaultdict(list))
    for one in balances:
        parts[source(one.event), one.event.observed_at, one.event.snapshot_id][one.event.part].append(one)
    by_snapshot = defaultdict(list)
    for line in lines:
        by_snapshot[line.source, line.observed_at, line.snapshot_id].append(line)
    statements = []
    for key, numbered in parts.items():
        copies = [copy for some in numbered.values() for copy in some]
        event = copies[0].event
        if len(numbered) < event.parts:
            continue
        statements.append(
            Statement(
                source=key[0],
                account=event.account,
                provider=event.provider,
                observed_at=key[1],
                snapshot_id=key[2],
                fetched_at=max(copy.event.fetched_at for copy in copies),
                recorded_at=max(min(copy.recorded_at for copy in some) for some in numbered.values()),
                covers=frozenset(event.covers),
                lines=by_snapshot[key],
            )
        )
    return statements


def _lines(event: BalancesObserved, prices: Claims, ranking: Sequence[str]) -> Iterable[Line]:
    for number, stated in enumerate(event.balances, event.offset):
        numbers = [n for n in (stated.amount, stated.price, stated.value) if n is not None]
        value, price, who, reason = _worth(stated, event, prices, ranking)
        yield Line(
            source=source(event),
            observed_at=event.observed_at,
            snapshot_id=event.snapshot_id,
            number=number,
            stated=stated,
            provider=event.provider,
            value=value,
            price=price,
            price_source=who,
            reason=reason,
            truncated=any(cut(n) != n for n in numbers),
            since=_since(stated, event, prices, ranking) if who not in ("", "definition", event.provider) else None,
        )


def _worth(stated, event, prices, ranking):
    """(value, price, who said the price, reason)."""
    amount, unit, value = (None if n is None else cut(n) for n in (stated.amount, stated.price, stated.value))
    if stated.reason in _UNTOUCHABLE:
        return None, None, "", stated.reason
    says_value = value is not None or (unit is not None and amount is not None)
    done = "value_only" if amount is None else ""
    if says_value and stated.currency == "iso4217:USD":
        worth = value if value is not None else times(amount, unit)
        return (None, None, "", "out_of_range") if worth is None else (worth, unit, event.provider, done)
    if not says_value and (amount is None or stated.asset is None):
        return None, None, "", stated.reason or "no_price"
    if not says_value and stated.asset == "iso4217:USD":
        return amount, Decimal(1), "definition", ""
    wanted = stated.currency if says_value else stated.asset
    limit = timedelta(days=5) if says_value or wanted.startswith("iso4217:") else timedelta(hours=24)
    found = _best(wanted, event.observed_at, prices, ranking)
    if found is None:
        return None, None, "", "no_price"
    rate, who, at = found
    if event.observed_at - at > limit:
        return None, None, "", "stale"
    price = rate if not says_value else None if unit is None else times(unit, rate)
    if says_value and unit is not None and price is None:
        return None, None, "", "out_of_range"
    worth = times(amount, rate) if not says_value else times(value, rate) if value is not None else times(amount, price)
    return (None, None, "", "out_of_range") if worth is None else (worth, price, who, done)


def _since(stated, event, prices, ranking):
    """Of what a price was looked up for: a stated worth is looked up in the price of its currency."""
    wanted = stated.asset if stated.value is None and stated.price is None else stated.currency
    return _best(wanted, event.observed_at, prices, ranking)[2] if wanted == stated.asset else None


def _by_asset(events: Iterable[PricesObserved]) -> Claims:
    claims: Claims = defaultdict(list)
    for event in events:
        for price in event.prices:
            claims[price.asset].append((event, price))
    return claims


def _best(asset: str, at: datetime, prices: Claims, ranking: Sequence[str]):
    claims = [
        (price.at, _rank(price.source, ranking), event.fetched_at, event.id, cut(price.price), price.source)
        for event, price in prices.get(asset, ())
        if price.quote == "iso4217:USD" and at - timedelta(days=7) < price.at <= at
    ]
    if not claims:
        return None
    newest = max(claims)
    return newest[4], newest[5], newest[0]


def _rank(name: str, ranking: Sequence[str]) -> int:
    return len(ranking) - ranking.index(name) if name in ranking else 0


def source(event: BalancesObserved) -> str:
    return f"{event.tenant}/{event.provider}/{event.account}/{event.scope}"


def floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def cut(number: Decimal) -> Decimal:
    return number.quantize(_STEP, context=_WIDE)


def times(a: Decimal, b: Decimal) -> Decimal | None:
    worth = _WIDE.multiply(a, b)
    return None if worth >= _TOP else cut(worth)
