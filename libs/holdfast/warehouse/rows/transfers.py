"""What chains say was transferred."""

from decimal import Decimal

from msgspec import Struct

from holdfast.warehouse.rows.row import Row


class TransferRow(Struct, frozen=True, kw_only=True):
    asset: str
    direction: str
    amount: Decimal | None
    counterparty: str
    block_number: int
    block_hash: str
    block_time: str
    tx_hash: str
    log_index: int
    reason: str
    cause: str


class TransferRangeRow(Row, frozen=True, kw_only=True):
    source: str
    of_coin: bool
    after_number: int
    after_hash: str
    after_time: str
    until_number: int
    until_hash: str
    until_time: str
    event_id: str
    tenant: str
    provider: str
    account: str
    scope: str
    chain: str
    fetched_at: str
    recorded_at: str
    job_id: str
    transfers: tuple[TransferRow, ...]
    raw: tuple[str, ...]
