"""What the returns must be, from the ledger of oracle_ledger: as slow, as plain, and as much by itself."""

from fractions import Fraction

from tests.support.oracle_ledger import Key, Row, World, cut, holding, lines_of, silent, value


def simple(world: World, seen: list[Row], start: int | None) -> Fraction | None:
    if silent(world, start):
        return None
    flows = [v for _, v in paid(seen, start)]
    ends = value(world, seen, world.end), Fraction(0) if start is None else value(world, seen, start)
    if None in flows or None in ends:
        return None
    return ends[0] - ends[1] - sum(flows, Fraction(0))  # type: ignore[operator,arg-type]


def netted(seen: list[Row], key: Key) -> list[tuple[int, Fraction, Fraction | None]]:
    """What moved across the border, asset by asset."""
    moved: dict[int, list[Row]] = {}
    for r in seen:
        if r.key == key:
            moved.setdefault(r.at, []).append(r)
    found = []
    for at, group in sorted(moved.items()):
        delta, total = across([(r.delta, r.value) for r in group])
        if delta or total:
            found.append((at, delta, total))
    return found


def across(moves: list[tuple[Fraction, Fraction | None]]) -> tuple[Fraction, Fraction | None]:
    """A unit that one source gains and another loses has moved between them. What is left over came, or went, at the
    average price of all that did."""
    came, went = [m for m in moves if m[0] > 0], [m for m in moves if m[0] < 0]
    delta = sum((m[0] for m in moves), Fraction(0))
    if delta == 0:
        return delta, Fraction(0)
    side = came if delta > 0 else went
    values = [v for _, v in side]
    if None in values:
        return delta, None
    value = sum((v for v in values if v is not None), Fraction(0))
    if came and went:
        value = cut(value / sum((m[0] for m in side), Fraction(0)) * delta)
    return delta, value


def paid(seen: list[Row], start: int | None) -> list[tuple[int, Fraction | None]]:
    """Every flow over everything, with its instant."""
    keys = {r.key for r in seen}
    return [(at, v) for key in sorted(keys) for at, _, v in netted(seen, key) if start is None or at > start]


def realised(seen: list[Row], key: Key, method: str) -> tuple[Fraction, Fraction]:
    """(realised, cost of the rest) from the beginning, by lists of lots that are sorted again for each sale."""
    lots: list[list[Fraction]] = []
    gain = Fraction(0)
    sign = -1 if key[1] == "debt" else 1
    for number, (_, delta, money) in enumerate(netted(seen, key)):
        assert money is not None
        if delta * sign > 0:
            if method == "average_cost" and lots:
                lots[0][0] += delta
                lots[0][1] += money
            else:
                lots.append([delta, money, Fraction(number), money / delta])
            continue
        left = -delta
        gain -= money
        while left:
            best = _next(lots, method)
            if abs(best[0]) <= abs(left):
                cost, part = best[1], best[0]
                lots.remove(best)
            else:
                cost, part = cut(best[1] * left / best[0]), left
                best[0] -= left
                best[1] -= cost
            left -= part
            gain -= cost
    return gain, sum((lot[1] for lot in lots), Fraction(0))


def _next(lots: list[list[Fraction]], method: str) -> list[Fraction]:
    if method == "lifo":
        return max(lots, key=lambda lot: lot[2])
    if method == "hifo":
        return min(lots, key=lambda lot: (-lot[3], lot[2]))
    return min(lots, key=lambda lot: lot[2])


def before_and_after(world: World, seen: list[Row], at: int) -> tuple[Fraction | None, Fraction | None]:
    """The value of everything just before what happened at `at`, and just after it."""
    before = after = Fraction(0)
    for source, key in lines_of(seen):
        here = [r for r in seen if (r.source, r.key, r.at) == (source, key, at)]
        states = [(here[0].before, here[-1].worth)] if here else []
        if not here and (found := holding(world, seen, source, key, at)):
            states = [(found.worth, found.worth)]
        for b, a in states:
            if b is None or a is None:
                return None, None
            before, after = before + b, after + a
    return before + moved_to_another_price(seen, at), after


def moved_to_another_price(seen: list[Row], at: int) -> Fraction:
    """What stayed inside is worth just before, too, what it is worth where it went: all values are known here."""
    gained = Fraction(0)
    for key in {r.key for r in seen}:
        here = [(r.delta, r.value) for r in seen if r.key == key and r.at == at]
        gained += sum((v for _, v in here if v is not None), Fraction(0)) - (across(here)[1] or 0)
    return gained


def time_weighted(world: World, seen: list[Row], start: int | None) -> Fraction | str:
    """Π before / after − 1, or why not."""
    if silent(world, start):
        return "value_only"
    growth, any_capital = Fraction(1), False
    last = Fraction(0) if start is None else value(world, seen, start)
    moments = sorted({r.at for r in seen if r.delta and (start is None or r.at > start)})
    for at in [*moments, None]:
        before, after = (value(world, seen, world.end),) * 2 if at is None else before_and_after(world, seen, at)
        if before is None or after is None or last is None:
            return "unknown"
        if last:
            if last < 0 or before < 0:
                return "negative_capital"
            growth, any_capital = growth * before / last, True
        last = after
    return growth - 1 if any_capital else "no_capital"


def dietz(world: World, seen: list[Row], start: int) -> Fraction | str:
    if silent(world, start):
        return "value_only"
    opening, closing = value(world, seen, start), value(world, seen, world.end)
    flows = paid(seen, start)
    if opening is None or closing is None or any(v is None for _, v in flows):
        return "unknown"
    known = [(at, v) for at, v in flows if v is not None]
    capital = opening + sum((v * Fraction(world.end - at, world.end - start) for at, v in known), Fraction(0))
    if capital <= 0:
        return "negative_capital" if capital < 0 else "no_capital"
    return (closing - opening - sum((v for _, v in known), Fraction(0))) / capital
