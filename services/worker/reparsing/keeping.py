"""What is kept of fetches: which there were, what each was answered, and which statement is current now."""

import zlib
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from msgspec import Struct

from holdfast.domain.jobs import JobWindow
from holdfast.events import FetchRequested
from holdfast.providers.kit.replaying import KeptAnswer
from holdfast.warehouse.client import Warehouse

BEGINNING, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
FetchKey = tuple[str, datetime]
"""(job_id, started_at)"""
StatementKey = tuple[str, datetime]
"""(source, observed_at)"""


class Chosen(Struct, frozen=True, kw_only=True):
    """Which fetches are read again: by when they were made, not by what they are of."""

    provider: str
    tenant: str = ""
    account: str = ""
    first: datetime = BEGINNING
    last: datetime = END


class KeptFetch(Struct, frozen=True, kw_only=True):
    job: FetchRequested
    started_at: datetime
    finished_at: datetime
    attempts: int

    @property
    def key(self) -> FetchKey:
        return self.job.id, self.started_at


class Current(Struct, frozen=True, kw_only=True):
    snapshot_id: str
    job_id: str
    lines: int


async def read_fetches(warehouse: Warehouse, chosen: Chosen) -> list[KeptFetch]:
    """Oldest first."""
    asked = {name: getattr(chosen, name) for name in Chosen.__struct_fields__}
    return [_to_fetch(row) for row in await warehouse.query(load_sql("read_fetches"), asked)]


async def read_answers(warehouse: Warehouse, fetches: Sequence[KeptFetch]) -> dict[FetchKey, list[KeptAnswer]]:
    """Of each fetch in order. One of which a body is gone lacks that answer."""
    rows = await warehouse.query(load_sql("read_answers"), {"fetches": [one.key for one in fetches]})
    answers: dict[FetchKey, list[KeptAnswer]] = defaultdict(list)
    for row in rows:
        key = row.pop("job_id"), row.pop("started_at")
        body = zlib.decompress(b64decode(row.pop("zlib")))
        answers[key].append(KeptAnswer(**row, body=body))
    return answers


async def read_current(warehouse: Warehouse, keys: Iterable[StatementKey]) -> dict[StatementKey, Current]:
    rows = await warehouse.rows(load_sql("read_current"), {"statements": sorted(set(keys))})
    return {
        (source, at): Current(snapshot_id=snapshot_id, job_id=job_id, lines=lines)
        for source, at, (snapshot_id, job_id, lines) in rows
    }


async def read_spellings(warehouse: Warehouse) -> dict[tuple[str, str], str]:
    """Accounts as their owners wrote them, by (tenant, account)."""
    rows = await warehouse.rows(load_sql("read_spellings"))
    return {(tenant, account): spelling for tenant, account, spelling in rows}


@cache
def load_sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def _to_fetch(row: dict) -> KeptFetch:  # type: ignore[type-arg]
    window = None
    if row["window_start"] is not None:
        window = JobWindow(start=row["window_start"], end=row["window_end"], every_s=row["window_every_s"])
    job = FetchRequested(
        id=row["job_id"],
        tenant=row["tenant"],
        provider=row["provider"],
        feed=row["feed"],
        target=row["target"],
        scope=row["scope"],
        slot=row["slot"],
        lane=row["lane"],
        requested_at=row["slot"],
        window=window,
    )
    return KeptFetch(job=job, started_at=row["started_at"], finished_at=row["finished_at"], attempts=row["attempts"])
