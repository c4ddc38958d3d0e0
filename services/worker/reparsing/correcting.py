"""What of the replayed differs from what is current, and the events that correct it: pure.

Of several fetches that say something of the same source and instant the last one counts. Corrected is only what the
fetch itself brought: a statement whose own answers are kept no longer stays as it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.sources import Source
from holdfast.domain.time import to_ms
from holdfast.events import BalancesObserved, ClustersObserved, ReturnsReported, TotalsReported, TransfersObserved
from services.worker.reparsing.keeping import Current, KeptFetch, Key, Kind
from services.worker.reparsing.replaying import Replayed, Statement
from services.worker.reparsing.transfers import behind, identity_of, moved_in, span_of

Verdict = Literal["same", "corrected", "new", "kept", "withdrawn"]
"""`new`: nothing is stored for that instant. `kept`: what is current is from another fetch. `withdrawn`: a price that
was not stated."""
Place = tuple[Kind, Key]


class Judged(Struct, frozen=True, kw_only=True):
    """One source at one instant: its statement, a total or returns that it reports; clusters of a token;
    the transfers of some blocks; a price."""

    kind: Kind
    source: str
    observed_at: datetime
    platform: str
    verdict: Verdict
    before: str
    """The id of what is current: of a snapshot, or of an event; of transfers a hash of what is said, of a price the
    number. Empty if there is nothing."""
    after: str
    lines_before: int
    lines_after: int
    job_id: str
    events: tuple[Statement, ...]
    """As they were read; empty where nothing is to be published."""


class _Candidate(Struct, frozen=True):
    fetched_at: datetime
    identity: str
    fetch: KeptFetch
    events: tuple[Statement, ...]


def keys_of(replayed: Iterable[Replayed]) -> dict[Kind, set[Key]]:
    found: dict[Kind, set[Key]] = defaultdict(set)
    for one in replayed:
        for said in one.statements:
            kind, key = _place(said)
            found[kind].add(key)
    return found


def judge(replayed: Iterable[Replayed], current: Mapping[Place, Current]) -> list[Judged]:
    """By kind, source and time."""
    candidates = _candidates(replayed)
    return [_judged(place, some, current.get(place)) for place, some in sorted(candidates.items())]


def to_corrections(judged: Judged, *, now: datetime) -> list[Statement]:
    """The same said again, fetched now: so it is the current of its instant from now on. Transfers say when already."""
    return [
        event if isinstance(event, TransfersObserved) else replace(event, fetched_at=to_ms(now))
        for event in judged.events
    ]


def _candidates(replayed: Iterable[Replayed]) -> dict[Place, list[_Candidate]]:
    found: dict[Place, list[_Candidate]] = defaultdict(list)
    for one in replayed:
        parts: dict[tuple[Place, str], list[Statement]] = defaultdict(list)
        for said in one.statements:
            parts[_place(said), _identity(said)].append(said)
        for (place, identity), events in parts.items():
            found[place].append(_Candidate(events[0].fetched_at, identity, one.fetch, tuple(events)))
    return found


def _judged(place: Place, candidates: list[_Candidate], current: Current | None) -> Judged:
    kind, (source, observed_at, platform) = place
    last = max(candidates, key=lambda one: (one.fetched_at, one.identity))
    verdict = _verdict(last, candidates, current)
    return Judged(
        kind=kind,
        source=source,
        observed_at=observed_at,
        platform=platform,
        verdict=verdict,
        before=current.identity if current else "",
        after=last.identity,
        lines_before=current.lines if current else 0,
        lines_after=_lines(last.events[0]),
        job_id=last.fetch.job.id,
        events=_placed(last.events, current) if verdict in ("corrected", "new") else (),
    )


def _placed(events: tuple[Statement, ...], current: Current | None) -> tuple[Statement, ...]:
    """Transfers where they belong among what was fetched: behind what they correct."""
    if current is None:
        return events
    return tuple(behind(one, current.fetched_at) if isinstance(one, TransfersObserved) else one for one in events)


def _verdict(last: _Candidate, candidates: Iterable[_Candidate], current: Current | None) -> Verdict:
    if current is None:
        return "new"
    if current.identity == last.identity:
        return "same"
    return "corrected" if any(_brought(one.fetch, current) for one in candidates) else "kept"


def _brought(fetch: KeptFetch, current: Current) -> bool:
    """Whether it was said last by this fetch, or by a correction in its name."""
    if fetch.started_at <= current.fetched_at <= fetch.finished_at:
        return True
    return current.job_id == fetch.job.id and current.fetched_at > fetch.finished_at


def _place(said: Statement) -> Place:
    if isinstance(said, ClustersObserved):
        return "clusters", (f"{said.tenant}/{said.provider}/{said.token}", said.observed_at, "")
    source = Source(tenant=said.tenant, provider=said.provider, account=said.account, scope=said.scope).id
    if isinstance(said, TransfersObserved):
        return "transfers", (source, to_ms(said.until.time), span_of(said.after.number, said.until.number))
    if isinstance(said, TotalsReported):
        return "total", (source, said.observed_at, said.platform)
    return ("returns" if isinstance(said, ReturnsReported) else "statement"), (source, said.observed_at, "")


def _identity(said: Statement) -> str:
    if isinstance(said, TransfersObserved):
        return identity_of(said)
    return said.snapshot_id if isinstance(said, BalancesObserved) else said.id


def _lines(said: Statement) -> int:
    if isinstance(said, BalancesObserved):
        return said.lines
    if isinstance(said, ClustersObserved):
        return len(said.clusters)
    if isinstance(said, TransfersObserved):
        return moved_in(said)
    return len(said.items) if isinstance(said, ReturnsReported) else 1
