"""What is kept of fetches: which there were, what each was answered, and what is current now."""

import zlib
from base64 import b64decode
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Literal

from msgspec import Struct

from holdfast.domain.jobs import Feed, JobWindow
from holdfast.events import FetchRequested
from holdfast.providers.kit.replaying import KeptAnswer
from holdfast.warehouse.client import Warehouse

BEGINNING, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
FetchKey = tuple[str, datetime]
"""(job_id, started_at)"""
Kind = Literal["statement", "total", "returns", "clusters", "transfers", "price"]
KINDS: dict[Kind, str] = {
    "statement": "read_current_statements",
    "total": "read_current_totals",
    "returns": "read_current_returns",
    "clusters": "read_current_clusters",
}
Key = tuple[str, datetime, str]
"""(source, observed_at, platform): the platform of a total; of transfers their blocks; else empty. Of
clusters the source is tenant/provider/token."""


class Sizes(Struct, frozen=True, kw_only=True):
    """What is in memory together."""

    page: int = 2000
    """Fetches that are known of; the answers of a few of them at a time."""
    few: int = 50
    few_bytes: int = 64 * 1024 * 1024
    """Of the bodies of those few: one fetch that has more is alone."""


class Chosen(Struct, frozen=True, kw_only=True):
    """Which fetches are read again: by when they were made, not by what they are of."""

    provider: str
    feeds: tuple[Feed, ...] = ()
    """All, if none is named."""
    tenant: str = ""
    account: str = ""
    """Or the token or assets that the feed watches."""
    first: datetime = BEGINNING
    last: datetime = END


class KeptFetch(Struct, frozen=True, kw_only=True):
    job: FetchRequested
    started_at: datetime
    finished_at: datetime
    attempts: int
    response_bytes: int
    answered: bool = True
    """Whether any answer of it is kept."""

    @property
    def key(self) -> FetchKey:
        return self.job.id, self.started_at


class Current(Struct, frozen=True, kw_only=True):
    identity: str
    """Of a statement the id of its snapshot, else of its event."""
    job_id: str
    lines: int
    fetched_at: datetime
    """When it was said last."""


async def count_fetches(warehouse: Warehouse, chosen: Chosen) -> int:
    return int(await warehouse.value(load_sql("count_fetches"), _asked(chosen)))


async def read_fetches(warehouse: Warehouse, chosen: Chosen, *, page: int) -> AsyncIterator[list[KeptFetch]]:
    """Page by page, oldest first; with what nothing is kept of."""
    after = (BEGINNING, "")
    while True:
        asked = _asked(chosen) | {"after_at": after[0], "after_job": after[1], "limit": page}
        rows = await warehouse.query(load_sql("read_fetches"), asked)
        if not rows:
            return
        yield [_to_fetch(row) for row in rows]
        if len(rows) < page:
            return
        after = rows[-1]["started_at"], rows[-1]["job_id"]


def few_at_once(fetches: Sequence[KeptFetch], sizes: Sizes) -> Iterator[list[KeptFetch]]:
    """In order, so many that their bodies fit into memory."""
    some: list[KeptFetch] = []
    size = 0
    for one in fetches:
        if some and (len(some) >= sizes.few or size + one.response_bytes > sizes.few_bytes):
            yield some
            some, size = [], 0
        some.append(one)
        size += one.response_bytes
    if some:
        yield some


async def read_answers(warehouse: Warehouse, fetches: Sequence[KeptFetch]) -> dict[FetchKey, list[KeptAnswer]]:
    """Of each fetch in order. One of which a body is gone lacks that answer."""
    rows = await warehouse.query(load_sql("read_answers"), {"fetches": [one.key for one in fetches]})
    answers: dict[FetchKey, list[KeptAnswer]] = defaultdict(list)
    for row in rows:
        key = row.pop("job_id"), row.pop("started_at")
        body = zlib.decompress(b64decode(row.pop("zlib")))
        answers[key].append(KeptAnswer(**row, body=body))
    return answers


async def read_current(warehouse: Warehouse, kind: Kind, keys: Iterable[Key]) -> dict[Key, Current]:
    rows = await warehouse.rows(load_sql(KINDS[kind]), {"keys": sorted(set(keys))})
    return {
        (source, at, platform): Current(identity=identity, job_id=job_id, lines=lines, fetched_at=fetched_at)
        for source, at, platform, (identity, job_id, lines, fetched_at) in rows
    }


async def read_spellings(warehouse: Warehouse) -> dict[tuple[str, str], str]:
    """Accounts as their owners wrote them, by (tenant, account)."""
    rows = await warehouse.rows(load_sql("read_spellings"))
    return {(tenant, account): spelling for tenant, account, spelling in rows}


@cache
def load_sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def _asked(chosen: Chosen) -> dict[str, object]:
    return {name: getattr(chosen, name) for name in Chosen.__struct_fields__} | {"feeds": list(chosen.feeds)}


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
    return KeptFetch(
        job=job,
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        attempts=row["attempts"],
        response_bytes=row["response_bytes"],
        answered=bool(row["answered"]),
    )
