"""Random worlds, as the oracle tells them: what happened, and how it arrives."""

import random
from fractions import Fraction

from tests.support.oracle_ledger import DAY, UNRATED, Line, Snap, World

ASSETS = ("a", "b", "c", "d")


def random_world(seed: int, size: int, *, gaps: bool, currency: bool) -> World:
    """Sources that state up to `size` snapshots each, late, twice and corrected, with debt and several prices for one
    asset. Three accounts, one of which joins and leaves; in half of the worlds one of them has a second source, and
    what the one lists may stand for what the other does. `gaps`: lines in doubt, values alone, prices and rates that
    are missing, prices in a currency without a rate."""
    chance = random.Random(seed)
    end = 10 * DAY
    prices = {asset: _quotes(chance, end, gaps=gaps) for asset in ASSETS}
    sources = {name: _arrivals(chance, size, end) for name in ("s1", "s2", "s3")}
    rates, quoted = None, chance.choice(("direct", "inverse", "crossed"))
    if currency:
        days = [day for day in range(11) if not gaps or chance.random() < 0.5]
        rates = [(day * DAY, _rate(chance, quoted)) for day in days]
    joins, leaves = sorted(chance.sample(range(1, end), 2))
    during = {"s3": [(joins, leaves), (leaves + 1, 10**9)] if chance.random() < 0.5 else [(joins, leaves)]}
    if gaps and chance.random() < 0.4:
        _doubt(chance, sources)
    accounts = _beside(chance, sources, during, _arrivals(chance, size, end)) if chance.random() < 0.5 else {}
    if gaps and chance.random() < 0.2:
        _state_a_value(chance, sources)
    if gaps and chance.random() < 0.3:
        _state_in_francs(chance, sources)
    return World(sources, prices, rates, quoted, during, end, accounts)


def _quotes(chance: random.Random, end: int, *, gaps: bool) -> list[tuple[int, Fraction]]:
    step = chance.choice((2000, 3500)) if gaps else 700
    return [(at, _price(chance)) for at in range(0, end + 1, step)]


def _rate(chance: random.Random, quoted: str) -> Fraction:
    above, below = chance.randint(50, 15000), chance.randint(50, 15000)
    return Fraction(1 if quoted == "inverse" else above, 100 if quoted == "direct" else below)


def _price(chance: random.Random) -> Fraction:
    """Often one that was there before: what moves with it alone must not go unseen when something else moves."""
    if chance.random() < 0.4:
        return Fraction(1)
    return Fraction(chance.randint(1, 10**12), 10 ** chance.randint(6, 12))


def _arrivals(chance: random.Random, size: int, end: int) -> list[Snap]:
    snaps = [_snap(chance, chance.randrange(end), number) for number in range(chance.randint(0, size))]
    for snap in list(snaps):
        if chance.random() < 0.3:
            snaps.append(snap)
        if chance.random() < 0.3:
            corrected = _snap(chance, snap.at, 100)
            snaps.append(Snap(snap.at, snap.fetched + chance.randint(-1, 1), corrected.id, corrected.lines))
    chance.shuffle(snaps)
    return snaps


def _snap(chance: random.Random, at: int, number: int) -> Snap:
    lines: list[Line] = []
    for asset in chance.sample(ASSETS, chance.randint(0, 4)):
        side = "debt" if chance.random() < 0.25 else "asset"
        own = _price(chance) if chance.random() < 0.6 else None
        for _ in range(chance.choice((1, 1, 1, 2))):
            amount = Fraction(chance.randint(0, 5 * 10**20), 10 ** chance.randint(15, 18))
            apart = own is not None and chance.random() < 0.2
            lines.append((asset, side, amount, _price(chance) if apart else own))
    return Snap(at, at + chance.randint(0, 3), f"{number}-{chance.randrange(10**6)}", lines)


def _doubt(chance: random.Random, sources: dict[str, list[Snap]]) -> None:
    """Now and then a line that was not read, or to which no price applies."""
    for snap in (snap for snaps in sources.values() for snap in snaps):
        for place, (asset, side, amount, _) in enumerate(snap.lines):
            if chance.random() < 0.25:
                why = snap.doubts[place] = chance.choice(("unreadable", "negative_amount", "low_liquidity", "excluded"))
                known = None if why in ("unreadable", "negative_amount") else amount
                snap.lines[place] = asset, side, known, None


def _beside(
    chance: random.Random, sources: dict[str, list[Snap]], during: dict[str, list[tuple[int, int]]], told: list[Snap]
) -> dict[str, str]:
    """A second source of an account, of which each may stand for receipts in the other's wallet."""
    account = chance.choice(("s1", "s3"))
    sources["s4"] = told
    if account in during:
        during["s4"] = during[account]
    for source, often in ((account, 0.15), ("s4", 0.7)):
        for snap in sources[source]:
            snap.wallet = frozenset(n for n, line in enumerate(snap.lines) if line[1] == "asset" and _likely(chance))
            snap.covers = frozenset(chance.sample(ASSETS, chance.randint(1, 3)) if chance.random() < often else ())
    return {"s4": account}


def _likely(chance: random.Random) -> bool:
    return chance.random() < 0.7


def _state_in_francs(chance: random.Random, sources: dict[str, list[Snap]]) -> None:
    """Now and then a price in a currency that nobody exchanges."""
    for snap in (snap for snaps in sources.values() for snap in snaps):
        for place, (asset, _, amount, price) in enumerate(snap.lines):
            if asset and amount and price is not None and place not in snap.doubts and chance.random() < 0.25:
                snap.doubts[place] = UNRATED


def _state_a_value(chance: random.Random, sources: dict[str, list[Snap]]) -> None:
    """Of a position of which nobody says what it is, for a while."""
    told = sorted((snap for snaps in sources.values() for snap in snaps), key=lambda snap: snap.id)
    for snap in told[:2]:
        snap.lines.append(("", chance.choice(("asset", "asset", "debt")), None, _price(chance)))
        snap.doubts[len(snap.lines) - 1] = "value_only"
