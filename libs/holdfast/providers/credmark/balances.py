"""Feed `balances`: a wallet's tokens with their values, the total and the returns, all of one block; and the past.

One request brings positions and total together, so that they are of one block; the returns are then asked for at that
block. History comes in one request for each window, positions and totals again together.
"""

from datetime import datetime

from holdfast.domain.jobs import JobWindow
from holdfast.domain.reported import ReportedReturns
from holdfast.domain.time import Clock
from holdfast.providers.credmark.client import CredmarkClient, Wallet, parse_wallet
from holdfast.providers.credmark.statements import (
    check_asked,
    to_point,
    to_points,
    to_returns,
    to_snapshot,
    to_total,
)
from holdfast.providers.credmark.wire import Query, Returns, ShapeError, Value, ValueHistory, to_struct
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.contract import Fetched, Target

POINTS = 168
"""Of one request: a week of hours. Credmark would take 4,000, with all their positions in one body."""


async def fetch_latest(client: CredmarkClient, target: Target, clock: Clock) -> Fetched:
    """Raises ProviderError."""
    wallet = parse_wallet(target, client.settings)
    answer = await client.fetch("value", wallet, Query(include_positions=True))
    fetched = _to_latest(answer, wallet, clock.now())
    [block] = [snapshot.block for snapshot in fetched.snapshots]
    if not client.settings.returns or block is None:
        return fetched
    at_block = await client.fetch("returns", wallet, Query(block_number=block.number))
    return Fetched(snapshots=fetched.snapshots, totals=fetched.totals, returns=(_to_returns(at_block, wallet),))


async def fetch_history(client: CredmarkClient, target: Target, window: JobWindow, clock: Clock) -> Fetched:
    """A snapshot and a total for each instant, each block once. Raises ProviderError."""
    wallet = parse_wallet(target, client.settings)
    query = Query(
        include_positions=True,
        start_timestamp=int(window.start.timestamp()),
        end_timestamp=int(window.end.timestamp()),
        time_interval=window.every_s,
    )
    answer = await client.fetch("value/historical", wallet, query)
    return _to_history(answer, wallet, window, clock.now())


def _to_latest(answer: Answer, wallet: Wallet, now: datetime) -> Fetched:
    try:
        said = to_struct(answer.json(), Value)
        check_asked(said, wallet)
        point = to_point(said)
        return Fetched(snapshots=(to_snapshot(point, wallet, answer, now),), totals=(to_total(point, wallet, answer),))
    except ShapeError as error:
        raise answer.unexpected(f"value: {error}") from error


def _to_returns(answer: Answer, wallet: Wallet) -> ReportedReturns:
    try:
        said = to_struct(answer.json(), Returns)
        check_asked(said, wallet)
        return to_returns(said, wallet, answer)
    except ShapeError as error:
        raise answer.unexpected(f"returns: {error}") from error


def _to_history(answer: Answer, wallet: Wallet, window: JobWindow, now: datetime) -> Fetched:
    """The first point lies up to a block before the window: an instant is answered by what held just before it."""
    try:
        said = to_struct(answer.json(), ValueHistory)
        check_asked(said, wallet)
        points = {point.said.block_number: point for point in to_points(said)}
        snapshots = [to_snapshot(point, wallet, answer, now) for point in points.values()]
        totals = [to_total(point, wallet, answer) for point in points.values()]
        instants = [snapshot.observed_at for snapshot in snapshots]
        if instants != sorted(set(instants)):
            raise ShapeError("data: its points are not in order")
    except ShapeError as error:
        raise answer.unexpected(f"value/historical: {error}") from error
    return Fetched(
        snapshots=tuple(one for one in snapshots if window.holds(one.observed_at)),
        totals=tuple(one for one in totals if window.holds(one.observed_at)),
    )
