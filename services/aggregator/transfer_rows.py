"""From a statement about a range of blocks to its row: pure."""

from datetime import datetime

from holdfast.domain.money import cut
from holdfast.domain.transfers import TokenTransfer
from holdfast.events import TransfersObserved
from holdfast.warehouse.rows import TransferRangeRow, TransferRow, stored_time
from services.aggregator.event_rows import source_of


def to_transfer_range_row(event: TransfersObserved, *, recorded_at: datetime) -> TransferRangeRow:
    return TransferRangeRow(
        source=source_of(event),
        after_number=event.after.number,
        after_hash=event.after.hash,
        after_time=stored_time(event.after.time),
        until_number=event.until.number,
        until_hash=event.until.hash,
        until_time=stored_time(event.until.time),
        event_id=event.id,
        tenant=event.tenant,
        provider=event.provider,
        account=event.account,
        scope=event.scope,
        chain=event.until.chain,
        fetched_at=stored_time(event.fetched_at),
        recorded_at=stored_time(recorded_at),
        job_id=event.job_id,
        transfers=tuple(_to_row(transfer) for transfer in event.transfers),
        raw=event.raw,
    )


def _to_row(transfer: TokenTransfer) -> TransferRow:
    return TransferRow(
        asset=transfer.asset,
        direction=transfer.direction,
        amount=None if transfer.amount is None else cut(transfer.amount).value,
        counterparty=transfer.counterparty,
        block_number=transfer.block.number,
        block_hash=transfer.block.hash,
        block_time=stored_time(transfer.block.time),
        tx_hash=transfer.tx_hash,
        log_index=transfer.log_index,
        reason=transfer.reason or "",
    )
