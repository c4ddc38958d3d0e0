"""Which closed days are still to be worked out. Found from what is stored, so a restart forgets nothing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from holdfast.warehouse.client import Warehouse
from services.aggregator import sql
from services.aggregator.settings import ClosingSettings

EVER = datetime(1970, 1, 1, tzinfo=UTC)


class DueDay(Struct, frozen=True, array_like=True):
    """A portfolio's day whose row is missing, or of less than what is stored by now."""

    tenant: str
    portfolio: str
    day: date
    revision: Annotated[int, Meta(ge=0)]
    """The newest of the membership when it was found to be due."""
    excluded: tuple[str, ...]
    """Assets that count nowhere in it, by the tenant's rules."""
    asked_at: datetime
    """By the engine's clock."""

    @property
    def key(self) -> tuple[str, str, date]:
        return self.tenant, self.portfolio, self.day


class _Clocked(Struct, frozen=True, array_like=True):
    now: datetime
    closed_at: datetime


_DUE, _CLOCKED = msgspec.json.Decoder(DueDay), msgspec.json.Decoder(_Clocked)
_NOW = msgspec.json.Decoder(tuple[datetime])
_ISO = {"date_time_output_format": "iso", "output_format_json_quote_64bit_integers": 0}


def newest_closed(now: datetime, *, after_s: float) -> date:
    """The last day, in UTC, that has been over for so long."""
    return (now.astimezone(UTC) - timedelta(seconds=after_s)).date() - timedelta(days=1)


async def read_clock(warehouse: Warehouse) -> datetime:
    """The engine's. Raises WarehouseError."""
    return _NOW.decode(
        await warehouse.read_bytes(sql.load("read_clock"), {}, format="JSONCompactEachRow", settings=_ISO)
    )[0]


async def note_told_again(warehouse: Warehouse, *, since: datetime = EVER) -> None:
    """So that it is a change: until then only what is new was one. Raises WarehouseError."""
    await warehouse.command(sql.load("note_told_again"), {"since": since})


async def read_due(
    warehouse: Warehouse,
    newest: date,
    settings: ClosingSettings,
    *,
    ranking: Sequence[str],
    most: int,
    since: datetime = EVER,
) -> list[DueDay]:
    """Of the days up to `newest`, at most so many, the newest first. Raises WarehouseError.

    `since`: all that came late before is worked in.
    """
    asked = {
        "newest": newest.isoformat(),
        "earliest": (newest - timedelta(days=settings.days - 1)).isoformat(),
        "ranking": list(ranking),
        "margin_ms": int(1000 * settings.margin_s),
        "most": most,
        "since": since,
    }
    body = await warehouse.read_bytes(sql.load("read_due_days"), asked, format="JSONCompactEachRow", settings=_ISO)
    return _DUE.decode_lines(body)


async def begin(warehouse: Warehouse, due: DueDay) -> datetime | None:
    """The engine's time, before anything of the day is read; None if somebody else has worked it out since."""
    asked = {"tenant": due.tenant, "portfolio": due.portfolio, "day": due.day.isoformat()}
    body = await warehouse.read_bytes(sql.load("read_closed_at"), asked, format="JSONCompactEachRow", settings=_ISO)
    clocked = _CLOCKED.decode(body)
    return None if clocked.closed_at > due.asked_at else clocked.now
