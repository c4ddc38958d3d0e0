"""Receipts, worked out the slow and plain way: what stands for a line, asked at every instant at which it may change.

A wallet line of a token does not count while another source of its account, in the portfolio, says that its positions
stand for it: as if what may be a receipt were an account of its own, which leaves then and comes back.
"""

from itertools import pairwise

from tests.support.oracle_ledger import Row, Snap, World, rows, truth

ALWAYS = [(-1, 10**9)]


def apart(world: World) -> World:
    """The same, what may ever be stood for in a source of its own for each token: `s1#a`, beside `s1`."""
    sources: dict[str, list[Snap]] = {}
    during = dict(world.during)
    for source, snaps in world.sources.items():
        hidden = {snap.lines[n][0] for snap in snaps for n in snap.wallet} if _beside(world, source) else set()
        sources[source] = [_without(snap, hidden) for snap in snaps]
        for asset in sorted(hidden):
            sources[f"{source}#{asset}"] = [_receipts(snap, asset) for snap in snaps]
            during[f"{source}#{asset}"] = _shown(world, source, asset)
    return World(sources, world.prices, world.rates, world.quoted, during, world.end)


def ledger_name(told: World, row_of: str) -> str:
    """What a ledger calls the source of a line: receipts are told apart where there is the same asset otherwise too."""
    source, _, asset = row_of.partition("#")
    otherwise: list[Row] = rows(told, source) if asset else []
    return f"{source}#receipts" if any(row.key[0] == asset for row in otherwise) else source


def _shown(world: World, source: str, asset: str) -> list[tuple[int, int]]:
    """When the source belongs and nothing stands for the token in it."""
    found: list[tuple[int, int]] = []
    for start, end in pairwise(_edges(world)):
        if not _belongs(world, source, start) or _is_covered(world, source, asset, start):
            continue
        before = found.pop() if found and found[-1][1] == start else (start, start)
        found.append((before[0], end))
    return found


def _edges(world: World) -> list[int]:
    """Between two of them nothing changes."""
    edges = {-1, 10**9, *(edge for of in world.during.values() for times in of for edge in times)}
    return sorted(edges | {snap.at for snaps in world.sources.values() for snap in snaps})


def _beside(world: World, source: str) -> list[str]:
    account = world.accounts.get(source, source)
    return [one for one in world.sources if one != source and world.accounts.get(one, one) == account]


def _belongs(world: World, source: str, at: int) -> bool:
    return any(start <= at < end for start, end in world.during.get(source, ALWAYS))


def _is_covered(world: World, source: str, asset: str, at: int) -> bool:
    for other in _beside(world, source):
        told = [snap for snap in truth(world, other) if snap.at <= at]
        if told and asset in told[-1].covers and _belongs(world, other, at):
            return True
    return False


def _without(snap: Snap, assets: set[str]) -> Snap:
    return _only(snap, {n for n, line in enumerate(snap.lines) if n not in snap.wallet or line[0] not in assets})


def _receipts(snap: Snap, asset: str) -> Snap:
    return _only(snap, {n for n in snap.wallet if snap.lines[n][0] == asset})


def _only(snap: Snap, places: set[int]) -> Snap:
    kept = sorted(places)
    doubts = {number: snap.doubts[place] for number, place in enumerate(kept) if place in snap.doubts}
    return Snap(snap.at, snap.fetched, snap.id, [snap.lines[place] for place in kept], doubts)
