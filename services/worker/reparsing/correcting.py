"""What of the replayed differs from what is current, and the events that correct it: pure.

Of several fetches that state the same source at the same instant the last one counts. It corrects only what is known to
come from one of these fetches: a statement whose own answers are kept no longer stays as it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.sources import Source
from holdfast.domain.time import to_ms
from holdfast.events import BalancesObserved
from services.worker.reparsing.keeping import Current, StatementKey
from services.worker.reparsing.replaying import Replayed

Verdict = Literal["same", "corrected", "new", "kept"]
"""`new`: nothing is stored for that instant. `kept`: what is current is from a fetch that could not be replayed."""


class Judged(Struct, frozen=True, kw_only=True):
    """One source at one instant."""

    source: str
    observed_at: datetime
    verdict: Verdict
    before: str
    """The id of the statement that is current; empty if there is none."""
    after: str
    lines_before: int
    lines_after: int
    job_id: str
    events: tuple[BalancesObserved, ...]
    """As they were read; empty where nothing is to be published."""


class _Candidate(Struct, frozen=True):
    fetched_at: datetime
    snapshot_id: str
    job_id: str
    events: tuple[BalancesObserved, ...]


def keys_of(replayed: Iterable[Replayed]) -> set[StatementKey]:
    return {(_source(event), event.observed_at) for one in replayed for event in one.statements}


def judge(replayed: Iterable[Replayed], current: Mapping[StatementKey, Current]) -> list[Judged]:
    """By source and time."""
    candidates = _candidates(replayed)
    return [_judged(key, some, current.get(key)) for key, some in sorted(candidates.items())]


def to_corrections(judged: Judged, *, now: datetime) -> list[BalancesObserved]:
    """The same statement, fetched now: so it is the current one of its instant from now on."""
    return [replace(event, fetched_at=to_ms(now)) for event in judged.events]


def _candidates(replayed: Iterable[Replayed]) -> dict[StatementKey, list[_Candidate]]:
    found: dict[StatementKey, list[_Candidate]] = defaultdict(list)
    for one in replayed:
        parts: dict[tuple[StatementKey, str], list[BalancesObserved]] = defaultdict(list)
        for event in one.statements:
            parts[(_source(event), event.observed_at), event.snapshot_id].append(event)
        for (key, snapshot_id), events in parts.items():
            found[key].append(_Candidate(events[0].fetched_at, snapshot_id, one.fetch.job.id, tuple(events)))
    return found


def _judged(key: StatementKey, candidates: list[_Candidate], current: Current | None) -> Judged:
    last = max(candidates, key=lambda one: (one.fetched_at, one.snapshot_id))
    verdict = _verdict(last, {one.job_id for one in candidates}, current)
    return Judged(
        source=key[0],
        observed_at=key[1],
        verdict=verdict,
        before=current.snapshot_id if current else "",
        after=last.snapshot_id,
        lines_before=current.lines if current else 0,
        lines_after=last.events[0].lines,
        job_id=last.job_id,
        events=last.events if verdict in ("corrected", "new") else (),
    )


def _verdict(last: _Candidate, jobs: set[str], current: Current | None) -> Verdict:
    if current is None:
        return "new"
    if current.snapshot_id == last.snapshot_id:
        return "same"
    return "corrected" if current.job_id in jobs else "kept"


def _source(event: BalancesObserved) -> str:
    return Source(tenant=event.tenant, provider=event.provider, account=event.account, scope=event.scope).id
