"""From events to rows: pure, each event alone."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from holdfast.domain.money import cut
from holdfast.domain.sources import Source
from holdfast.domain.valuation import Stated, priced_by, worth_as_stated
from holdfast.events import (
    BalancesObserved,
    FetchFailed,
    FetchFinished,
    PricesObserved,
    PricesWithdrawn,
    ResponseRecorded,
    ReturnsReported,
    TotalsReported,
    TransfersObserved,
)
from holdfast.warehouse.rows import (
    CompactBalanceRow,
    FetchRow,
    PriceRow,
    PriceWithdrawalRow,
    RawResponseRow,
    ReportedReturnsRow,
    ReportedTotalRow,
    ReturnItemRow,
    SnapshotPartRow,
    SnapshotRow,
    copy_times,
    stored_time,
)
from services.aggregator.holdings import holdings_digest


def source_of(event: BalancesObserved | TotalsReported | ReturnsReported | TransfersObserved) -> str:
    return Source(tenant=event.tenant, provider=event.provider, account=event.account, scope=event.scope).id


def to_balance_rows(event: BalancesObserved) -> Iterator[CompactBalanceRow]:
    """Its lines, valued as far as the provider stated a value in USD. Millions of them: written for speed."""
    source, observed_at = source_of(event), stored_time(event.observed_at)
    for line, balance in enumerate(event.balances, start=event.offset):
        amount, amount_cut = _cut(balance.amount)
        price, price_cut = _cut(balance.price)
        value, value_cut = _cut(balance.value)
        stated = Stated(
            asset=balance.asset,
            amount=amount,
            currency=balance.currency,
            price=price,
            value=value,
            reason=balance.reason,
        )
        worth = worth_as_stated(stated, provider=event.provider, observed_at=event.observed_at)
        yield CompactBalanceRow(
            source=source,
            observed_at=observed_at,
            snapshot_id=event.snapshot_id,
            line=line,
            asset=balance.asset,
            symbol=balance.symbol,
            asset_type=balance.asset_type,
            asset_class=balance.asset_class,
            chain=balance.chain,
            platform=balance.platform,
            position=balance.position,
            kind=balance.kind,
            side=balance.side,
            amount=amount,
            currency=balance.currency,
            stated_price=price,
            stated_value=value,
            priced_by=priced_by(stated),
            price_usd=worth.price_usd,
            value_usd=worth.value_usd,
            price_source=worth.price_source,
            price_at=None if worth.price_at is None else observed_at,
            reason=worth.reason,
            truncated=amount_cut or price_cut or value_cut,
            version=worth.version,
        )


def to_snapshot_row(event: BalancesObserved, *, recorded_at: datetime, sequence: int) -> SnapshotRow:
    """The row of a whole snapshot; of one part of one it is a SnapshotPartRow."""
    block = event.block
    row = SnapshotRow(
        source=source_of(event),
        observed_at=stored_time(event.observed_at),
        snapshot_id=event.snapshot_id,
        tenant=event.tenant,
        provider=event.provider,
        account=event.account,
        scope=event.scope,
        chain=_chain_of(event),
        fetched_at=stored_time(event.fetched_at),
        recorded_at=stored_time(recorded_at),
        job_id=event.job_id,
        block_number=block.number if block else None,
        block_hash=block.hash if block else None,
        block_time=stored_time(block.time) if block else None,
        raw=event.raw,
        covers=event.covers,
        lines=event.lines,
        holdings=holdings_digest(event.balances),
        stream_seq=sequence,
    )
    if event.parts == 1:
        return row
    return SnapshotPartRow(**msgspec.structs.asdict(row), part=event.part, parts=event.parts)


def to_price_rows(event: PricesObserved, *, recorded_at: datetime) -> Iterator[PriceRow]:
    for price in event.prices:
        yield PriceRow(
            asset=price.asset,
            quote=price.quote,
            at=stored_time(price.at),
            source=price.source or event.provider,
            price=cut(price.price).value,
            event_id=event.id,
            fetched_at=stored_time(event.fetched_at),
            recorded_at=stored_time(recorded_at),
            job_id=event.job_id,
            turn=stored_time(event.fetched_at),
        )


def to_withdrawal_rows(event: PricesWithdrawn, *, recorded_at: datetime) -> Iterator[PriceWithdrawalRow]:
    for price in event.prices:
        yield PriceWithdrawalRow(
            asset=price.asset,
            quote=price.quote,
            at=stored_time(price.at),
            source=price.source or event.provider,
            until=stored_time(event.until),
            price=cut(price.price).value,
            event_id=event.id,
            recorded_at=stored_time(recorded_at),
            job_id=event.job_id,
        )


def to_reported_total_row(event: TotalsReported, *, recorded_at: datetime) -> ReportedTotalRow:
    return ReportedTotalRow(
        source=source_of(event),
        observed_at=stored_time(event.observed_at),
        platform=event.platform,
        event_id=event.id,
        tenant=event.tenant,
        provider=event.provider,
        account=event.account,
        scope=event.scope,
        **copy_times(event.fetched_at, recorded_at),
        job_id=event.job_id,
        currency=event.currency,
        total=_cut(event.total)[0],
        reason=event.reason or "",
        raw=event.raw,
    )


def to_reported_returns_row(event: ReturnsReported, *, recorded_at: datetime) -> ReportedReturnsRow:
    return ReportedReturnsRow(
        source=source_of(event),
        observed_at=stored_time(event.observed_at),
        event_id=event.id,
        tenant=event.tenant,
        provider=event.provider,
        account=event.account,
        scope=event.scope,
        **copy_times(event.fetched_at, recorded_at),
        job_id=event.job_id,
        quote=event.quote,
        total_return=_cut(event.total_return)[0],
        items=tuple(
            ReturnItemRow(
                asset=item.asset,
                amount=_cut(item.amount)[0],
                value=_cut(item.value)[0],
                total_return=_cut(item.total_return)[0],
                reason=item.reason or "",
            )
            for item in event.items
        ),
        block_number=event.block_number,
        raw=event.raw,
    )


def to_raw_response_row(event: ResponseRecorded) -> RawResponseRow:
    return RawResponseRow(
        sha256=event.sha256,
        part=event.part,
        parts=event.parts,
        provider=event.provider,
        tenant=event.tenant,
        job_id=event.job_id,
        received_at=stored_time(event.received_at),
        method=event.method,
        url=event.url,
        status=event.status,
        content_type=event.content_type,
        size_bytes=event.size_bytes,
        started_at=None if event.started_at is None else stored_time(event.started_at),
        place=event.place,
        sent_at=None if event.sent_at is None else stored_time(event.sent_at),
        request_sha256=event.request_sha256,
        body_base64=event.body,
    )


def to_fetch_row(event: FetchFinished | FetchFailed, *, recorded_at: datetime) -> FetchRow:
    """Two events, one table: a failed fetch has an error and no counts."""
    row = FetchRow(
        event_id=event.id,
        job_id=event.job_id,
        tenant=event.tenant,
        provider=event.provider,
        feed=event.feed,
        target=event.target,
        scope=event.scope,
        slot=stored_time(event.slot),
        lane=event.lane,
        started_at=stored_time(event.started_at),
        finished_at=stored_time(event.finished_at),
        recorded_at=stored_time(recorded_at),
        attempts=event.attempts,
        outcome="finished",
        window_start=None if event.window is None else stored_time(event.window.start),
        window_end=None if event.window is None else stored_time(event.window.end),
        window_every_s=None if event.window is None else event.window.every_s,
    )
    if isinstance(event, FetchFailed):
        return replace(row, outcome=event.outcome, error=event.error, message=event.message)
    return replace(
        row,
        requests=event.requests,
        response_bytes=event.response_bytes,
        snapshots=event.snapshots,
        lines=event.lines,
    )


def _cut(number: Decimal | None) -> tuple[Decimal | None, bool]:
    """Checked to be in range already; a text of at most 37 characters cannot have more than 36 decimals."""
    if number is None:
        return None, False
    text = str(number)
    return (number, False) if len(text) <= 37 and "E" not in text else cut(number)


def _chain_of(event: BalancesObserved) -> str | None:
    """Of the account; None for one that a provider numbers itself."""
    if event.block is not None:
        return event.block.chain
    return event.account.rpartition(":")[0] if event.account.count(":") > 1 else None
