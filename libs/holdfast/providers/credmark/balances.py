"""Feed `balances`: a wallet's tokens with their values, the total and the returns, all of one block; and the past.

One request brings positions and total together, so that they are of one block; the returns are then asked for at that
block. History comes in one request for each window, positions and totals again together.
"""

from collections.abc import Iterator
from contextlib import contextmanager

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
    with _understood(answer, "value"):
        said = to_struct(answer.json(), Value)
        check_asked(said, wallet)
        snapshot = to_snapshot(to_point(said), wallet, answer, clock.now())
        total = to_total(to_point(said), wallet, answer)
    returns = (await _fetch_returns(client, wallet, said.block_number),) if client.settings.returns else ()
    return Fetched(snapshots=(snapshot,), totals=(total,), returns=returns)


async def fetch_history(client: CredmarkClient, target: Target, window: JobWindow, clock: Clock) -> Fetched:
    """A snapshot and a total for each instant, each block once. Raises ProviderError.

    A point lies up to a block before its instant, which is answered by what held just before it.
    """
    wallet = parse_wallet(target, client.settings)
    answer = await client.fetch("value/historical", wallet, _over(window))
    with _understood(answer, "value/historical"):
        said = to_struct(answer.json(), ValueHistory)
        check_asked(said, wallet)
        points = {point.said.block_number: point for point in to_points(said)}.values()
        snapshots = [to_snapshot(point, wallet, answer, clock.now()) for point in points]
        totals = [to_total(point, wallet, answer) for point in points]
        instants = [snapshot.observed_at for snapshot in snapshots]
        if instants != sorted(set(instants)):
            raise ShapeError("data: its points are not in order")
    return Fetched(
        snapshots=tuple(one for one in snapshots if window.holds(one.observed_at)),
        totals=tuple(one for one in totals if window.holds(one.observed_at)),
    )


async def _fetch_returns(client: CredmarkClient, wallet: Wallet, block_number: int) -> ReportedReturns:
    answer = await client.fetch("returns", wallet, Query(block_number=block_number))
    with _understood(answer, "returns"):
        said = to_struct(answer.json(), Returns)
        check_asked(said, wallet)
        return to_returns(said, wallet, answer)


def _over(window: JobWindow) -> Query:
    return Query(
        include_positions=True,
        start_timestamp=int(window.start.timestamp()),
        end_timestamp=int(window.end.timestamp()),
        time_interval=window.every_s,
    )


@contextmanager
def _understood(answer: Answer, what: str) -> Iterator[None]:
    """What has not the documented shape is for a person to look at."""
    try:
        yield
    except ShapeError as error:
        raise answer.unexpected(f"{what}: {error}") from error
