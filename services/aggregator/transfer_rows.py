"""From a statement about a range of blocks to its rows, of tokens and of the coin: pure."""

from datetime import datetime

from msgspec.structs import replace

from holdfast.domain.money import cut
from holdfast.domain.transfers import CoinMovement, TokenTransfer
from holdfast.events import TransfersObserved
from holdfast.warehouse.rows import TransferRangeRow, TransferRow, stored_time
from services.aggregator.event_rows import source_of


def to_transfer_range_rows(event: TransfersObserved, *, recorded_at: datetime) -> list[TransferRangeRow]:
    """One of the tokens; and one of the coin, of as many of the blocks as it is known in."""
    of_tokens = _to_range_row(event, recorded_at)
    if event.coin is None:
        return [of_tokens]
    of_coin = replace(
        of_tokens,
        of_coin=True,
        after_number=event.coin.after.number,
        after_hash=event.coin.after.hash,
        after_time=stored_time(event.coin.after.time),
        transfers=tuple(_to_coin_row(event.coin.asset, movement) for movement in event.coin.movements),
    )
    return [of_tokens, of_coin]


def _to_range_row(event: TransfersObserved, recorded_at: datetime) -> TransferRangeRow:
    return TransferRangeRow(
        source=source_of(event),
        of_coin=False,
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
        cause="transfer",
    )


def _to_coin_row(asset: str, movement: CoinMovement) -> TransferRow:
    return TransferRow(
        asset=asset,
        direction=movement.direction,
        amount=None if movement.amount is None else cut(movement.amount).value,
        counterparty=movement.counterparty,
        block_number=movement.block.number,
        block_hash=movement.block.hash,
        block_time=stored_time(movement.block.time),
        tx_hash=movement.tx_hash,
        log_index=movement.index,
        reason=movement.reason or "",
        cause=movement.cause,
    )
