"""What the ledger must be, worked out the slow and plain way: see oracle_returns for what follows from it.

Fractions and integers, minutes instead of times, everything looked up again each time. It shares no code with the
engine: what both say alike, both would have to have wrong alike.
"""

from dataclasses import dataclass, field
from fractions import Fraction

DAY = 1440
SCALE = 10**36
UNRATED = "unrated"
"""Of a line whose price is stated in a currency that nobody exchanges: it is not the price of the feed of then."""
Key = tuple[str, str]
Line = tuple[str, str, Fraction | None, Fraction | None]
"""asset, side, amount, price. Without an amount there is one, which could not be read; of no asset ("") there is none,
and the price is the value of all."""


def cut(number: Fraction) -> Fraction:
    """To 36 decimals, towards zero."""
    above, below = number.numerator, number.denominator
    if SCALE % below == 0:
        return number
    units = abs(above) * SCALE // below
    return Fraction(units if above >= 0 else -units, SCALE)


@dataclass
class Snap:
    at: int
    fetched: int
    id: str
    lines: list[Line]
    doubts: dict[int, str] = field(default_factory=dict)
    """Why a line has no value, whatever anybody quotes; by its place in `lines`. `UNRATED`: till a newer quote."""
    wallet: frozenset[int] = frozenset()
    """The places of lines that may be receipts; the others are positions of their own."""
    covers: frozenset[str] = frozenset()
    """The receipts that its positions stand for in the other sources of its account."""


@dataclass
class World:
    sources: dict[str, list[Snap]]
    """As they arrive: late, twice, corrected."""
    prices: dict[str, list[tuple[int, Fraction]]]
    rates: list[tuple[int, Fraction]] | None = None
    """Of the currency for one USD; None: in USD."""
    quoted: str = "direct"
    """How the rates are published: "direct", "inverse", or "crossed" over euros. Many have no end of digits."""
    during: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """From (inclusive, −1: the beginning) to (exclusive)."""
    end: int = 0
    accounts: dict[str, str] = field(default_factory=dict)
    """By source, where it is not the only one of its account."""
    known: dict[str, list["Row"]] = field(default_factory=dict)
    """Rows by source, once they were worked out."""
    counting: dict[str, list[Snap]] = field(default_factory=dict)
    """What counts by source, once somebody asked."""


@dataclass
class Row:
    at: int
    source: str
    key: Key
    delta: Fraction
    held: Fraction
    price: Fraction | None
    before: Fraction | None
    value: Fraction | None
    worth: Fraction | None
    dollars: Fraction | None
    """The worth before it was converted."""


def truth(world: World, source: str) -> list[Snap]:
    """What counts, in order."""
    if source in world.counting:
        return world.counting[source]
    chosen: dict[int, Snap] = {}
    for snap in world.sources[source]:
        if snap.at not in chosen or (chosen[snap.at].fetched, chosen[snap.at].id) < (snap.fetched, snap.id):
            chosen[snap.at] = snap
    world.counting[source] = [chosen[at] for at in sorted(chosen)]
    return world.counting[source]


def feed(world: World, asset: str, at: int) -> tuple[int, Fraction] | None:
    quotes = [quote for quote in world.prices.get(asset, []) if at - DAY <= quote[0] <= at]
    return max(quotes, key=lambda quote: quote[0]) if quotes else None


def rate(world: World, at: int) -> Fraction | None:
    if world.rates is None:
        return Fraction(1)
    found = [quote for quote in world.rates if at - 5 * DAY <= quote[0] <= at]
    return max(found)[1] if found else None


def doubted(snap: Snap, key: Key) -> bool:
    """What it has of the asset is worth an unknown amount: a part of it was not read, or has no value."""
    return bool(_doubts(snap, key) - {UNRATED})


def unrated(snap: Snap, key: Key) -> bool:
    """A part of it has a price in a currency without a rate."""
    return UNRATED in _doubts(snap, key)


def _doubts(snap: Snap, key: Key) -> set[str]:
    own = [place for place, line in enumerate(snap.lines) if line[:2] == key]
    return {snap.doubts[place] for place in own if snap.lines[place][2] != 0 and place in snap.doubts}


def unread(snap: Snap, key: Key) -> bool:
    return any(line[:2] == key and line[2] is None for line in snap.lines)


def held_at(world: World, source: str, snap: Snap, key: Key) -> Fraction:
    """Signed. Of one that was not read it is what the statement before had of it, however many were not read."""
    latest_first = (one for one in reversed(truth(world, source)) if one.at <= snap.at)
    read = next((one for one in latest_first if not unread(one, key)), None)
    amounts = [line[2] for line in read.lines if line[:2] == key and line[2]] if read else []
    return (-1 if key[1] == "debt" else 1) * sum(amounts, Fraction(0))


def silent(world: World, start: int | None) -> bool:
    """Whether a statement that stood in the window lacked an amount: what flowed into its source is unknown."""
    for source in world.sources:
        told = [snap for snap in truth(world, source) if snap.at <= world.end]
        for snap, until in zip(told, [*(one.at for one in told[1:]), 10**9], strict=False):
            for joins, leaves in world.during.get(source, [(-1, 10**9)]):
                stood = max(snap.at, joins, -1 if start is None else start) < min(until, leaves)
                if stood and any(line[2] is None for line in snap.lines):
                    return True
    return False


def missed(world: World) -> int:
    """Sources that belong at the end and have not said anything yet."""
    found = 0
    for source in world.sources:
        if "#" in source:
            continue  # its receipts, which it tells of itself
        belongs = any(joins <= world.end < leaves for joins, leaves in world.during.get(source, [(-1, 10**9)]))
        if belongs and not [snap for snap in truth(world, source) if snap.at <= world.end]:
            found += 1
    return found


def stated(snap: Snap, key: Key) -> tuple[Fraction | None, Fraction | None, bool]:
    """Price, worth in USD, and whether that is amount times price to the last digit."""
    if _doubts(snap, key):
        return None, None, True
    lines = [(line[2] or Fraction(0), line[3]) for line in snap.lines if line[:2] == key]
    sign = -1 if key[1] == "debt" else 1
    amount = sign * sum((line[0] for line in lines), Fraction(0))
    prices = {line[1] for line in lines if line[0]}
    if None in prices or not prices:
        return None, None, True
    worth = sign * sum((cut(line[0] * line[1]) for line in lines if line[1] is not None), Fraction(0))
    price = next(iter(prices))
    if len(prices) == 1 and price is not None and cut(amount * price) == worth:
        return price, worth, True
    return cut(worth / amount), worth, False


def row(
    world: World,
    at: int,
    line: tuple[str, Key],
    amounts: tuple[Fraction, Fraction],
    price: Fraction | None,
    *,
    worth: Fraction | None = None,
) -> Row:
    """`amounts` are what came and what is held; `worth` is in USD, where it is not held · price."""
    (source, key), (delta, held) = line, amounts

    def in_dollars(amount: Fraction) -> Fraction | None:
        return Fraction(0) if amount == 0 else None if price is None else cut(amount * price)

    before, value, dollars = in_dollars(held - delta), in_dollars(delta), in_dollars(held)
    if worth is not None and before is not None:
        dollars, value = worth, worth - before
        if not delta:
            before, value = worth, Fraction(0)
    found = rate(world, at)

    def converted(usd: Fraction | None, amount: Fraction) -> Fraction | None:
        if amount == 0:
            return usd
        return None if usd is None or found is None else cut(usd * found)

    told = converted(before, held - delta), converted(value, delta), converted(dollars, held)
    return Row(at, source, key, delta, held, price, *told, dollars)


def rows(world: World, source: str) -> list[Row]:
    """The ledger of one source: every pair of neighbours, every asset in either."""
    if source in world.known:
        return world.known[source]
    made: list[Row] = []
    world.known[source] = made
    before: Snap | None = None
    for snap in truth(world, source):
        keys = {line[:2] for line in snap.lines} | {line[:2] for line in (before.lines if before else [])}
        for key in sorted(keys):
            price, worth, plain = stated(snap, key)
            amount = held_at(world, source, snap, key)
            was = held_at(world, source, before, key) if before else Fraction(0)
            if not amount and not was:
                continue
            if price is None and not _doubts(snap, key):
                quote = feed(world, key[0], snap.at)
                price = quote[1] if quote else None
            made.append(
                row(world, snap.at, (source, key), (amount - was, amount), price, worth=None if plain else worth)
            )
        before = snap
    return made


def mark(world: World, source: str, key: Key, at: int) -> Row | None:
    """The line at an instant, by the newest price of its own snapshot or the feed; None if never held."""
    past = [r for r in rows(world, source) if r.key == key and r.at <= at]
    if not past:
        return None
    last = past[-1]
    if not last.held or last.at == at:
        return Row(
            at, source, key, Fraction(0), last.held, last.price, last.worth, Fraction(0), last.worth, last.dollars
        )
    snap = next(s for s in truth(world, source) if s.at == last.at)
    if doubted(snap, key):
        return row(world, at, (source, key), (Fraction(0), last.held), None)
    stated_price, worth, plain = stated(snap, key)
    # What the snapshot was valued by, where it states no price, is the feed's: as old as the feed says.
    own = (last.at, stated_price) if stated_price is not None and at - last.at <= DAY else None
    quote = feed(world, key[0], at)
    if unrated(snap, key) and quote and quote[0] <= last.at:
        quote = None
    if own and (not quote or quote[0] <= own[0]):
        quote = own
    price = quote[1] if quote else None
    derived = worth if not plain and price == stated_price else None
    return row(world, at, (source, key), (Fraction(0), last.held), price, worth=derived)


def members(world: World) -> list[Row]:
    """All rows of all sources as the portfolio sees them: joining and leaving are flows of the whole value."""
    seen: list[Row] = []
    for source in sorted(world.sources):
        own = rows(world, source)
        keys = sorted({r.key for r in own})
        for start, end in world.during.get(source, [(-1, 10**9)]):
            earlier = stated_before(world, source, end)
            for key in keys:
                joined = mark(world, source, key, start) if start >= 0 else None
                if joined and joined.held:
                    joined.delta, joined.before, joined.value = joined.held, Fraction(0), joined.worth
                    seen.append(joined)
                at_end = mark(earlier, source, key, end) if end <= world.end else None
                if at_end and at_end.held:
                    at_end.delta, at_end.before = -at_end.held, at_end.worth
                    at_end.value = None if at_end.worth is None else -at_end.worth
                    at_end.held = at_end.worth = at_end.dollars = Fraction(0)
                    seen.append(at_end)
            seen += [r for r in own if start < r.at < end]
    return sorted((r for r in seen if r.at <= world.end), key=lambda r: r.at)


def stated_before(world: World, source: str, at: int) -> World:
    """Of one source what it had stated before it left."""
    return World({source: [s for s in world.sources[source] if s.at < at]}, world.prices, world.rates)


def holding(world: World, seen: list[Row], source: str, key: Key, at: int) -> Row | None:
    """What the portfolio has of a line at an instant."""
    past = [r for r in seen if r.source == source and r.key == key and r.at <= at]
    if not past:
        return None
    if not past[-1].held:
        return Row(at, source, key, Fraction(0), Fraction(0), None, *[Fraction(0)] * 4)
    if past[-1].at == at:
        last = past[-1]
        return Row(
            at, source, key, Fraction(0), last.held, last.price, last.worth, Fraction(0), last.worth, last.dollars
        )
    return mark(world, source, key, at)


def lines_of(seen: list[Row]) -> list[tuple[str, Key]]:
    return sorted({(r.source, r.key) for r in seen})


def value(world: World, seen: list[Row], at: int) -> Fraction | None:
    """What it is worth in dollars, side by side, converted and cut once."""
    found = [held for line in lines_of(seen) if (held := holding(world, seen, *line, at))]
    if any(r.worth is None for r in found):
        return None
    factor = rate(world, at) or Fraction(0)
    sides = [
        sum((r.dollars for r in found if r.key[1] == side and r.dollars), Fraction(0)) for side in ("asset", "debt")
    ]
    return sum((cut(usd * factor) for usd in sides), Fraction(0))
