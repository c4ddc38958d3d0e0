"""`holdfast watch`"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec
from rich.text import Text

from holdfast.events import (
    AlertRaised,
    BalancesObserved,
    CheckCrossed,
    ClustersObserved,
    FetchFailed,
    FetchFinished,
    PortfolioJumped,
    PortfolioRevalued,
    PricesObserved,
    PricesWithdrawn,
    ReturnCrossed,
    ReturnsReported,
    TotalsReported,
    TransfersObserved,
)
from holdfast.events.catalog import CATALOG
from holdfast.events.event import Event
from holdfast.messaging.connection import Connection
from holdfast.messaging.following import Seen, follow
from holdfast.registry.errors import RegistryError
from services.cli import connections
from services.cli.output import console, print_json, text
from services.cli.registry import JsonFlag, parse_time

_NOT_WATCHED = {"JOBS", "RESPONSES"}


async def watch(*families: str, since: str | None = None, json: JsonFlag = False) -> None:
    """Show events as they pass, until Ctrl-C.

    Parameters
    ----------
    families
        As `balances.observed portfolios.revalued`; none means all of them.
    since
        Begin at this instant (ISO 8601) instead of now; the streams keep what they are told to keep.
    """
    at = parse_time("since", since)
    known = [kind.family for kind in CATALOG if kind.stream not in _NOT_WATCHED]
    if strange := [family for family in families if family not in known]:
        raise RegistryError("families", f"there is no {strange[0]!r} to watch", f"There are: {', '.join(known)}")
    wanted = [k for k in CATALOG if k.stream not in _NOT_WATCHED and (not families or k.family in families)]
    async with connections.nats() as connection, asyncio.TaskGroup() as group:
        for stream in sorted({kind.stream for kind in wanted}):
            subjects = [kind.wildcard for kind in wanted if kind.stream == stream]
            group.create_task(_print(connection, stream, subjects, since=at, as_json=json))


async def _print(
    connection: Connection, stream: str, subjects: Sequence[str], *, since: datetime | None, as_json: bool
) -> None:
    async for seen in follow(connection.js, stream, subjects, since=since):
        if as_json:
            print_json({"subject": seen.subject, "sequence": seen.sequence, "event": seen.event})
        else:
            _show(seen)


def _show(seen: Seen) -> None:
    at = seen.stored_at.strftime("%H:%M:%S")
    line = Text.assemble((at, "dim"), " ", (seen.subject, "bold"), " ", _summary(seen.event))
    console.print(line, highlight=False, soft_wrap=True)


def _summary(event: Event | None) -> str:
    match event:
        case None:
            return "unreadable"
        case BalancesObserved():
            return f"{event.account} {event.scope}: {event.lines} lines as of {text(event.observed_at)}"
        case TotalsReported():
            return f"{event.account} {event.scope}: {event.platform or 'all'} {text(event.total)} {event.currency}"
        case PricesObserved():
            return f"{len(event.prices)} prices"
        case PricesWithdrawn():
            return f"{len(event.prices)} prices taken back"
        case PortfolioRevalued():
            newest = " (current)" if event.latest else f" at {text(event.bucket)}"
            return f"{event.portfolio}: net {text(event.net)}{newest}"
        case FetchFinished():
            return f"{event.target} {event.scope}: {event.snapshots} snapshots, {event.requests} requests"
        case FetchFailed():
            return f"{event.target} {event.scope}: {event.error}, {event.outcome}"
        case _:
            return _beside_balances(event)


def _beside_balances(event: Event) -> str:
    match event:
        case ReturnsReported():
            return f"{event.account} {event.scope}: {len(event.items)} returns as of {text(event.observed_at)}"
        case TransfersObserved():
            blocks = f"blocks {event.after.number + 1} to {event.until.number}"
            return f"{event.account} {event.scope}: {len(event.transfers)} transfers in {blocks}"
        case ClustersObserved():
            return f"{event.token}: {len(event.clusters)} clusters as of {text(event.observed_at)}"
        case _:
            return _noticed(event)


def _noticed(event: Event) -> str:
    match event:
        case PortfolioJumped():
            return f"{event.portfolio}: net {text(event.net_before)} to {text(event.net)}, by {event.asset or 'a line'}"
        case CheckCrossed():
            platform = f" {event.platform}" if event.platform else ""
            return f"{event.source}{platform}: {text(event.ours)} against {text(event.theirs)}, {event.verdict}"
        case ReturnCrossed():
            return f"{event.source} returned {text(event.ours)} against {text(event.theirs)}, {event.verdict}"
        case AlertRaised():
            return f"{event.kind}: {event.message}"
        case _:
            return msgspec.json.encode(event).decode()[:160]
