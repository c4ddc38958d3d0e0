"""From what a fetch brought to the events it becomes: pure, and the same events for the same answer."""

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

import msgspec
from msgspec import Struct

from holdfast.domain.balances import ReportedTotal, Snapshot, snapshot_id
from holdfast.domain.clusters import TokenClusters
from holdfast.domain.prices import Price
from holdfast.domain.reported import ReportedReturns
from holdfast.domain.sources import Source
from holdfast.domain.time import to_ms
from holdfast.domain.transfers import TransferRange
from holdfast.events import (
    BalancesObserved,
    ClustersObserved,
    FetchFinished,
    FetchRequested,
    PricesObserved,
    ResponseRecorded,
    ReturnsReported,
    TotalsReported,
    TransfersObserved,
)
from holdfast.events.codec import encode
from holdfast.events.event import Event
from holdfast.events.splitting import UnsplittableError, split_balances, split_response
from holdfast.providers.kit.contract import Fetched
from holdfast.providers.kit.exchange import RecordedResponse

EventT = TypeVar("EventT", bound=Event)
SaidT = TypeVar("SaidT", Snapshot, ReportedTotal, ReportedReturns, TokenClusters)


class MismatchedResultError(Exception):
    """A provider answered for another target or time than it was asked for."""


class Run(Struct, frozen=True, kw_only=True):
    """One attempt at a job."""

    job: FetchRequested
    attempt: int
    started_at: datetime


def response_events(run: Run, responses: Iterable[RecordedResponse], *, limit_bytes: int) -> list[ResponseRecorded]:
    """Each answer, its body compressed, in parts where it is large."""
    return [
        part
        for place, response in enumerate(responses)
        for part in split_response(_response(run, place, response), limit_bytes)
    ]


def fetched_events(
    run: Run, fetched: Fetched, *, finished_at: datetime, limit_bytes: int, heard_at: datetime | None = None
) -> list[Event]:
    """All that it says, snapshots split where large. Raises MismatchedResultError, UnsplittableError.

    `heard_at`: when the last answer came, if any was recorded. Nothing is said to be of a later time.
    """
    job, heard_at = run.job, min(heard_at or finished_at, finished_at)
    events: list[Event] = []
    for snapshot in fetched.snapshots:
        events += split_balances(_balances(job, snapshot, heard_at), limit_bytes)
    events += [_total(job, total, heard_at, finished_at) for total in fetched.totals]
    events += [_fitting(_returns(job, returns, heard_at, finished_at), limit_bytes) for returns in fetched.returns]
    events += [_fitting(_clusters(job, clusters, heard_at, finished_at), limit_bytes) for clusters in fetched.clusters]
    for transfers in fetched.transfers:
        events += _transfers(job, transfers, limit_bytes)
    if fetched.prices:
        events += price_events(job, fetched.prices, finished_at, limit_bytes)
    return events


def finished_event(
    run: Run, fetched: Fetched, *, finished_at: datetime, requests: int, response_bytes: int
) -> FetchFinished:
    job = run.job
    return FetchFinished(
        id=event_id("finished", job.id),
        tenant=job.tenant,
        job_id=job.id,
        provider=job.provider,
        feed=job.feed,
        target=job.target,
        scope=job.scope,
        slot=job.slot,
        lane=job.lane,
        started_at=run.started_at,
        finished_at=finished_at,
        attempts=run.attempt,
        requests=requests,
        response_bytes=response_bytes,
        snapshots=len(fetched.snapshots),
        lines=sum(len(snapshot.balances) for snapshot in fetched.snapshots),
        window=job.window,
    )


def _balances(job: FetchRequested, snapshot: Snapshot, heard_at: datetime) -> BalancesObserved:
    _check_asked(job, snapshot)
    snapshot = _as_heard(snapshot, min(heard_at, snapshot.fetched_at))
    source = Source(tenant=job.tenant, provider=job.provider, account=job.target, scope=job.scope)
    identity = snapshot_id(source, snapshot)
    return BalancesObserved(
        id=identity,
        tenant=job.tenant,
        provider=job.provider,
        account=job.target,
        scope=job.scope,
        snapshot_id=identity,
        observed_at=to_ms(snapshot.observed_at),
        fetched_at=to_ms(snapshot.fetched_at),
        job_id=job.id,
        balances=snapshot.balances,
        covers=snapshot.covers,
        block=snapshot.block,
        raw=snapshot.raw,
        lines=len(snapshot.balances),
    )


def _check_asked(job: FetchRequested, said: Snapshot | ReportedTotal | ReportedReturns | TransferRange) -> None:
    """A statement about somebody or some time that nobody asked about is never published."""
    if (said.account, said.scope) != (job.target, job.scope):
        raise MismatchedResultError(
            f"asked for {job.target!r} scope {job.scope!r}, got {said.account!r} scope {said.scope!r}"
        )
    if job.window is not None and not job.window.holds(said.observed_at):
        asked = f"{job.window.start.isoformat()} to {job.window.end.isoformat()}"
        raise MismatchedResultError(f"asked for {asked}, got {said.observed_at.isoformat()}")


def _as_heard(said: SaidT, heard_at: datetime) -> SaidT:
    """What a clock that is ahead of ours calls later is of when we heard it, or it would outlive its corrections."""
    return said if said.observed_at <= heard_at else msgspec.structs.replace(said, observed_at=heard_at)


def _total(job: FetchRequested, total: ReportedTotal, heard_at: datetime, finished_at: datetime) -> TotalsReported:
    _check_asked(job, total)
    total = _as_heard(total, heard_at)
    content = [total.account, total.scope, to_ms(total.observed_at).isoformat(), total.currency, total.platform]
    if total.reason is not None:
        content.append(total.reason)
    return TotalsReported(
        id=event_id("total", job.tenant, job.provider, *content, str(total.total)),
        tenant=job.tenant,
        provider=job.provider,
        account=total.account,
        scope=total.scope,
        observed_at=to_ms(total.observed_at),
        fetched_at=to_ms(finished_at),
        job_id=job.id,
        currency=total.currency,
        total=total.total,
        platform=total.platform,
        reason=total.reason,
        raw=total.raw,
    )


def _returns(
    job: FetchRequested, returns: ReportedReturns, heard_at: datetime, finished_at: datetime
) -> ReturnsReported:
    _check_asked(job, returns)
    returns = _as_heard(returns, heard_at)
    said = msgspec.json.encode(msgspec.structs.replace(returns, observed_at=to_ms(returns.observed_at), raw=()))
    return ReturnsReported(
        id=event_id("returns", job.tenant, job.provider, said.decode()),
        tenant=job.tenant,
        provider=job.provider,
        account=returns.account,
        scope=returns.scope,
        observed_at=to_ms(returns.observed_at),
        fetched_at=to_ms(finished_at),
        job_id=job.id,
        quote=returns.quote,
        total_return=returns.total_return,
        items=returns.items,
        block_number=returns.block_number,
        raw=returns.raw,
    )


def _clusters(
    job: FetchRequested, clusters: TokenClusters, heard_at: datetime, finished_at: datetime
) -> ClustersObserved:
    if clusters.token != job.target:
        raise MismatchedResultError(f"asked for {job.target!r}, got {clusters.token!r}")
    clusters = _as_heard(clusters, heard_at)
    said = msgspec.json.encode(msgspec.structs.replace(clusters, observed_at=to_ms(clusters.observed_at), raw=()))
    return ClustersObserved(
        id=event_id("clusters", job.tenant, job.provider, said.decode()),
        tenant=job.tenant,
        provider=job.provider,
        token=clusters.token,
        observed_at=to_ms(clusters.observed_at),
        fetched_at=to_ms(finished_at),
        job_id=job.id,
        clusters=clusters.clusters,
        overview=clusters.overview,
        top_holders=clusters.top_holders,
        raw=clusters.raw,
    )


def _transfers(job: FetchRequested, said: TransferRange, limit_bytes: int) -> list[TransfersObserved]:
    """One event, or as many as it takes: a range cut at one of its blocks is two, each complete in itself."""
    _check_asked(job, said)
    content = msgspec.json.encode(msgspec.structs.replace(said, fetched_at=to_ms(said.fetched_at), raw=()))
    event = TransfersObserved(
        id=event_id("transfers", job.tenant, job.provider, content.decode()),
        tenant=job.tenant,
        provider=job.provider,
        account=said.account,
        scope=said.scope,
        after=said.after,
        until=said.until,
        fetched_at=to_ms(said.fetched_at),
        job_id=job.id,
        transfers=said.transfers,
        coin=said.coin,
        raw=said.raw,
    )
    if len(encode(event)) <= limit_bytes:
        return [event]
    return [part for half in _halves(said, limit_bytes) for part in _transfers(job, half, limit_bytes)]


def _halves(said: TransferRange, limit_bytes: int) -> tuple[TransferRange, TransferRange]:
    """Cut behind the block of the transfer in the middle, or before it where it is the last block."""
    blocks = [transfer.block for transfer in said.transfers]
    blocks += [movement.block for movement in said.coin.movements] if said.coin else []
    blocks.sort(key=attrgetter("number"))
    earlier = [block for block in blocks if block.number < said.until.number]
    if not earlier:
        raise UnsplittableError(f"block {said.until.number} alone has more transfers than fit into {limit_bytes} bytes")
    middle = min(earlier[-1], blocks[len(blocks) // 2], key=lambda block: block.number)
    first = tuple(transfer for transfer in said.transfers if transfer.block.number <= middle.number)
    coins = (None, None) if said.coin is None else said.coin.cut_at(middle)
    return (
        msgspec.structs.replace(said, until=middle, transfers=first, coin=coins[0]),
        msgspec.structs.replace(said, after=middle, transfers=said.transfers[len(first) :], coin=coins[1]),
    )


def _fitting(event: EventT, limit_bytes: int) -> EventT:
    """Statements that upstreams bound well below the limit; one that is over it is a dead letter, not cut."""
    if (size := len(encode(event))) > limit_bytes:
        raise UnsplittableError(f"{type(event).__name__} of {size} bytes is over {limit_bytes}")
    return event


def price_events(
    job: FetchRequested, prices: Sequence[Price], finished_at: datetime, limit_bytes: int
) -> list[PricesObserved]:
    """One event, or as many halves as it takes: prices do not belong together as a snapshot's lines do."""
    event = PricesObserved(
        id=event_id("prices", job.tenant, job.provider, msgspec.json.encode(prices).decode()),
        tenant=job.tenant,
        provider=job.provider,
        fetched_at=to_ms(finished_at),
        job_id=job.id,
        prices=tuple(prices),
    )
    if len(encode(event)) <= limit_bytes:
        return [event]
    if len(prices) == 1:
        raise UnsplittableError(f"the price of {prices[0].asset[:80]!r} is over {limit_bytes} bytes")
    half = len(prices) // 2
    return [
        *price_events(job, prices[:half], finished_at, limit_bytes),
        *price_events(job, prices[half:], finished_at, limit_bytes),
    ]


def _response(run: Run, place: int, response: RecordedResponse) -> ResponseRecorded:
    job, received_at = run.job, to_ms(response.received_at)
    return ResponseRecorded(
        id=event_id("response", job.id, str(place), response.sha256, received_at.isoformat()),
        tenant=job.tenant,
        provider=job.provider,
        job_id=job.id,
        sha256=response.sha256,
        received_at=received_at,
        method=response.method,
        url=response.url,
        status=response.status,
        content_type=response.content_type,
        size_bytes=len(response.body),
        started_at=to_ms(run.started_at),
        place=place,
        sent_at=to_ms(response.sent_at),
        request_sha256=response.request_sha256,
        body=zlib.compress(response.body, 6),
    )


def event_id(*parts: str) -> str:
    """32 hex digits of what makes an event this event."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
