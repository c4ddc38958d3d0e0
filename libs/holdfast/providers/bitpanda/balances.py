"""Feed `balances`: what the user holds now, or held at each instant of a window."""

from datetime import datetime

import msgspec

from holdfast.domain.jobs import JobWindow
from holdfast.domain.time import Clock
from holdfast.providers.bitpanda.client import BitpandaClient
from holdfast.providers.bitpanda.history import to_requests
from holdfast.providers.bitpanda.portfolios import Statement, to_statements
from holdfast.providers.bitpanda.wire import PortfolioRequest
from holdfast.providers.kit.contract import Fetched


async def fetch_latest(client: BitpandaClient, clock: Clock) -> Fetched:
    """The newest item, as of its own timestamp. No item is no statement: not the same as an empty one."""
    answer = await client.fetch_portfolio(PortfolioRequest())
    statements = to_statements(answer, account=client.account, fetched_at=clock.now())
    # The nearest hour may be the coming one: never later than we heard it, or it would outlive its corrections.
    return _to_fetched([_not_after(statement, answer.received_at) for statement in statements[-1:]])


async def fetch_history(client: BitpandaClient, window: JobWindow, clock: Clock) -> Fetched:
    """Every item of the window, oldest first, each instant once: where two series meet, the first answer counts."""
    found: dict[datetime, Statement] = {}
    for request in to_requests(window):
        answer = await client.fetch_portfolio(request)
        for statement in to_statements(answer, account=client.account, fetched_at=clock.now()):
            if statement.snapshot.observed_at <= answer.received_at:
                found.setdefault(statement.snapshot.observed_at, statement)
    return _to_fetched([found[at] for at in sorted(found)])


def _not_after(statement: Statement, heard_at: datetime) -> Statement:
    at = min(statement.snapshot.observed_at, heard_at)
    total = statement.total
    return Statement(
        snapshot=msgspec.structs.replace(statement.snapshot, observed_at=at),
        total=None if total is None else msgspec.structs.replace(total, observed_at=at),
    )


def _to_fetched(statements: list[Statement]) -> Fetched:
    return Fetched(
        snapshots=tuple(statement.snapshot for statement in statements),
        totals=tuple(statement.total for statement in statements if statement.total is not None),
    )
