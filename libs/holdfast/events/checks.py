"""What the types of a message cannot say: numbers in range, ids canonical, parts that add up.

Decoding accepts every spelling that Python's Decimal does ("NaN", "1e400", "1_000"), because a
Struct cannot tell them apart. `check` is the one place that refuses what may not be stored: a
producer calls it before publishing, every consumer after decoding. A line costs a few comparisons.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.domain.assets import AssetIdError, parse_asset, parse_chain
from holdfast.domain.balances import Balance, Block
from holdfast.domain.clusters import Cluster, ClusterAddress, ClusterOverview, HolderGroup
from holdfast.domain.jobs import JobWindow
from holdfast.domain.money import LIMIT
from holdfast.domain.transfers import TokenTransfer
from holdfast.events.alerts import AlertRaised
from holdfast.events.balances import BalancesObserved, TotalsReported
from holdfast.events.clusters import ClustersObserved
from holdfast.events.event import Event
from holdfast.events.fetches import FetchFailed, FetchFinished
from holdfast.events.guards import CheckCrossed, PortfolioJumped, ReturnCrossed
from holdfast.events.jobs import FetchRequested
from holdfast.events.portfolios import PortfolioRevalued
from holdfast.events.prices import PricesObserved
from holdfast.events.responses import ResponseRecorded
from holdfast.events.returns import ReturnsReported
from holdfast.events.transfers import TransfersObserved

MAX_LINES = 1_000_000
"""Lines of one snapshot, over all its parts."""
MAX_PARTS = 99_999
MAX_INSTANTS = 1_000_000
"""Of one window of history."""
MAX_BLOCKS = 50_000_000
"""Of one range of transfers: half a year of the fastest chains."""
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_ZERO = Decimal(0)
_MAY_BE_NEGATIVE = frozenset(
    {"pnl_usd", "pnl_ratio", "average_pnl_usd", "average_buy_distance", "average_sell_distance"}
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_TEXT = 4096


class InvalidMessageError(ValueError):
    """A message that decodes but states something that cannot be true or cannot be stored."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


def check(message: Event) -> None:
    """Raises InvalidMessageError naming the first field that is wrong."""
    _CHECKS[type(message)](message)


def _balances_observed(message: BalancesObserved) -> None:
    _account(message.account)
    _times(message, "observed_at", "fetched_at")
    _parts(message)
    for position, balance in enumerate(message.balances):
        _balance(balance, position)
    for position, asset in enumerate(message.covers):
        _asset(f"covers[{position}]", asset)
    if message.block is not None:
        _block("block", message.block)
    _hashes(message.raw)


def _parts(message: BalancesObserved) -> None:
    here, end = len(message.balances), message.offset + len(message.balances)
    _within("parts", message.parts, 1, MAX_PARTS)
    _within("part", message.part, 1, message.parts)
    _within("lines", message.lines, 0, MAX_LINES)
    _within("offset", message.offset, 0, message.lines)
    if end > message.lines:
        raise InvalidMessageError("balances", f"{here} lines from {message.offset} on, of only {message.lines}")
    if message.part == 1 and message.offset != 0:
        raise InvalidMessageError("offset", f"is {message.offset} in the first part, must be 0")
    if message.part == message.parts and end != message.lines:
        raise InvalidMessageError("lines", f"is {message.lines}, but the last part ends at {end}")
    if message.parts == 1 and message.id != message.snapshot_id:
        raise InvalidMessageError("id", "a whole snapshot has its snapshot_id as id")


def _balance(balance: Balance, position: int) -> None:
    """The hot path: a whole line is judged in one expression, and only a bad one is looked at again."""
    amount, price, value = balance.amount, balance.price, balance.value
    try:
        fine = (
            (amount is None or _ZERO <= amount < LIMIT)
            and (price is None or _ZERO <= price < LIMIT)
            and (value is None or _ZERO <= value < LIMIT)
        )
    except InvalidOperation:
        fine = False
    if not fine:
        for field in ("amount", "price", "value"):
            _number(f"balances[{position}].{field}", getattr(balance, field))
    if balance.asset is not None and not _is_asset(balance.asset):
        _asset(f"balances[{position}].asset", balance.asset)
    if not _is_asset(balance.currency):
        _asset(f"balances[{position}].currency", balance.currency)
    if balance.chain is not None and not _is_chain(balance.chain):
        raise InvalidMessageError(f"balances[{position}].chain", f"{balance.chain[:60]!r} is not CAIP-2, as eip155:1")


def _block(at: str, block: Block) -> None:
    if not _is_chain(block.chain):
        raise InvalidMessageError(f"{at}.chain", f"{block.chain[:60]!r} is not CAIP-2, as eip155:1")
    _within(f"{at}.number", block.number, 0, 2**63 - 1)
    _time(f"{at}.time", block.time)


def _totals_reported(message: TotalsReported) -> None:
    _account(message.account)
    _times(message, "observed_at", "fetched_at")
    _asset("currency", message.currency)
    _number("total", message.total, signed=True)
    _hashes(message.raw)


def _prices_observed(message: PricesObserved) -> None:
    _times(message, "fetched_at")
    for position, price in enumerate(message.prices):
        _number(f"prices[{position}].price", price.price)
        _asset(f"prices[{position}].asset", price.asset)
        _asset(f"prices[{position}].quote", price.quote)
        _time(f"prices[{position}].at", price.at)
    _hashes(message.raw)


def _returns_reported(message: ReturnsReported) -> None:
    """Signed throughout: what another system worked out may lie below zero in any place."""
    _account(message.account)
    _times(message, "observed_at", "fetched_at")
    _asset("quote", message.quote)
    _number("total_return", message.total_return, signed=True)
    for position, item in enumerate(message.items):
        _asset(f"items[{position}].asset", item.asset)
        _numbers(f"items[{position}]", item, "amount", "value", "total_return", signed=True)
    if message.block_number is not None:
        _within("block_number", message.block_number, 0, 2**63 - 1)
    _hashes(message.raw)


def _transfers_observed(message: TransfersObserved) -> None:
    _account(message.account)
    _times(message, "fetched_at")
    _block("after", message.after)
    _block("until", message.until)
    _within("until.number", message.until.number, message.after.number + 1, message.after.number + MAX_BLOCKS)
    if message.until.time < message.after.time:
        raise InvalidMessageError("until.time", "is before after.time")
    last = (0, -1)
    for position, transfer in enumerate(message.transfers):
        at = f"transfers[{position}]"
        _transfer(at, transfer, message)
        if transfer.place <= last:
            raise InvalidMessageError(at, "is not behind the one before it: block number, then log index")
        last = transfer.place
    _hashes(message.raw)


def _transfer(at: str, transfer: TokenTransfer, message: TransfersObserved) -> None:
    _asset(f"{at}.asset", transfer.asset)
    _number(f"{at}.amount", transfer.amount)
    _block(f"{at}.block", transfer.block)
    _within(f"{at}.block.number", transfer.block.number, message.after.number + 1, message.until.number)
    _within(f"{at}.log_index", transfer.log_index, 0, 2**32 - 1)
    _text(f"{at}.counterparty", transfer.counterparty)
    _text(f"{at}.tx_hash", transfer.tx_hash)
    if len({transfer.block.chain, message.after.chain, message.until.chain}) > 1:
        raise InvalidMessageError(f"{at}.block.chain", "is another than that of the range")


def _clusters_observed(message: ClustersObserved) -> None:
    _asset("token", message.token)
    _times(message, "observed_at", "fetched_at")
    for position, cluster in enumerate(message.clusters):
        _cluster(f"clusters[{position}]", cluster)
    if message.overview is not None:
        _numbers("overview", message.overview, *_numbers_of(ClusterOverview))
    for position, group in enumerate(message.top_holders):
        _within(f"top_holders[{position}].holders", group.holders, 1, 2**31 - 1)
        _numbers(f"top_holders[{position}]", group, *_numbers_of(HolderGroup), signed=_MAY_BE_NEGATIVE)
    _hashes(message.raw)


def _cluster(at: str, cluster: Cluster) -> None:
    _numbers(at, cluster, *_numbers_of(Cluster), signed=_MAY_BE_NEGATIVE)
    if cluster.last_active_at is not None:
        _time(f"{at}.last_active_at", cluster.last_active_at)
    for position, address in enumerate(cluster.addresses):
        place = f"{at}.addresses[{position}]"
        _text(f"{place}.address", address.address)
        _numbers(place, address, *_numbers_of(ClusterAddress))
        if address.last_active_at is not None:
            _time(f"{place}.last_active_at", address.last_active_at)
        if address.rank is not None:
            _within(f"{place}.rank", address.rank, 1, 2**31 - 1)


def _response_recorded(message: ResponseRecorded) -> None:
    _hashes((message.sha256,), "sha256")
    _times(message, "received_at")
    _within("status", message.status, 100, 599)
    _within("size_bytes", message.size_bytes, 0, 2**40)
    _within("parts", message.parts, 1, MAX_PARTS)
    _within("part", message.part, 1, message.parts)


def _fetch_requested(message: FetchRequested) -> None:
    _text("target", message.target)
    _times(message, "slot", "requested_at")
    if message.window is not None:
        if message.lane != "backfill":
            raise InvalidMessageError("lane", f"is {message.lane!r}, but history is fetched in lane 'backfill'")
        _window(message.window)


def _window(window: JobWindow) -> None:
    _time("window.start", window.start)
    _time("window.end", window.end)
    if window.start > window.end:
        raise InvalidMessageError("window.start", f"{window.start.isoformat()} is after its end")
    _within("window", window.instants, 1, MAX_INSTANTS)


def _fetch_finished(message: FetchFinished) -> None:
    _text("target", message.target)
    _times(message, "slot", "started_at", "finished_at")
    for field in ("attempts", "requests", "response_bytes", "snapshots", "lines"):
        _within(field, getattr(message, field), 0, 2**40)


def _fetch_failed(message: FetchFailed) -> None:
    _text("target", message.target)
    _times(message, "slot", "started_at", "finished_at")
    _within("attempts", message.attempts, 0, 2**40)
    if message.retry_at is not None:
        _time("retry_at", message.retry_at)


def _portfolio_revalued(message: PortfolioRevalued) -> None:
    _times(message, "bucket", "as_of", "oldest_input")
    _asset("currency", message.currency)
    _number("assets", message.assets)
    _number("debt", message.debt)
    _number("net", message.net, signed=True)
    for field in ("lines", "lines_unpriced", "lines_excluded"):
        _within(field, getattr(message, field), 0, 2**63 - 1)
    _version(message.version)


def _portfolio_jumped(message: PortfolioJumped) -> None:
    _times(message, "bucket", "since")
    for field in ("net", "net_before", "asset_value", "asset_value_before"):
        _number(field, getattr(message, field), signed=True)
    _number("ratio", message.ratio)
    _version(message.version)
    if message.asset is not None:
        _asset("asset", message.asset)
    if message.since >= message.bucket:
        raise InvalidMessageError("since", "is not before bucket")


def _check_crossed(message: CheckCrossed) -> None:
    _text("against", message.against)
    _times(message, "at")
    _crossed(message)


def _return_crossed(message: ReturnCrossed) -> None:
    _times(message, "since", "at")
    if message.since >= message.at:
        raise InvalidMessageError("since", "is not before at")
    _crossed(message)


def _crossed(message: CheckCrossed | ReturnCrossed) -> None:
    _account(message.account)
    _text("source", message.source)
    for field in ("ours", "theirs", "asset_difference"):
        _number(field, getattr(message, field), signed=True)
    _number("tolerance", message.tolerance)
    if message.asset is not None:
        _asset("asset", message.asset)


def _alert_raised(message: AlertRaised) -> None:
    _text("subject", message.subject)
    _times(message, "raised_at")


_CHECKS: dict[type[Event], Callable[[Any], None]] = {
    BalancesObserved: _balances_observed,
    TotalsReported: _totals_reported,
    PricesObserved: _prices_observed,
    ReturnsReported: _returns_reported,
    ClustersObserved: _clusters_observed,
    TransfersObserved: _transfers_observed,
    ResponseRecorded: _response_recorded,
    FetchRequested: _fetch_requested,
    FetchFinished: _fetch_finished,
    FetchFailed: _fetch_failed,
    PortfolioRevalued: _portfolio_revalued,
    PortfolioJumped: _portfolio_jumped,
    CheckCrossed: _check_crossed,
    ReturnCrossed: _return_crossed,
    AlertRaised: _alert_raised,
}


def _number(field: str, number: Decimal | None, *, signed: bool = False) -> None:
    if number is None:
        return
    if not number.is_finite():
        raise InvalidMessageError(field, f"{number} is not a number")
    if number < 0 and not signed:
        raise InvalidMessageError(field, f"{str(number)[:60]} is below zero")
    if abs(number) >= LIMIT:
        raise InvalidMessageError(field, f"{str(number)[:60]} is outside Decimal(76, 36)")


def _numbers(at: str, of: Struct, *names: str, signed: bool | frozenset[str] = False) -> None:
    for field in names:
        below_zero = signed if isinstance(signed, bool) else field in signed
        _number(f"{at}.{field}", getattr(of, field), signed=below_zero)


@lru_cache
def _numbers_of(struct: type[Struct]) -> tuple[str, ...]:
    """The names of a Struct's decimal fields."""
    return tuple(field.name for field in fields(struct) if field.type in (Decimal, Decimal | None))


def _version(text: str) -> None:
    if not (text.isascii() and text.isdigit()):
        raise InvalidMessageError("version", f"{text[:60]!r} is not a number in decimal digits")


def _within(field: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise InvalidMessageError(field, f"{number} is not between {least} and {most}")


def _times(message: Event, *fields: str) -> None:
    for field in fields:
        _time(field, getattr(message, field))


def _time(field: str, at: datetime) -> None:
    if at.tzinfo is None:
        raise InvalidMessageError(field, f"{at.isoformat()} has no time zone")
    if not _EARLIEST <= at < _LATEST:
        raise InvalidMessageError(field, f"{at.isoformat()} is not between {_EARLIEST.year} and {_LATEST.year}")


def _hashes(hashes: tuple[str, ...], field: str = "raw") -> None:
    for text in hashes:
        if not _SHA256.fullmatch(text):
            raise InvalidMessageError(field, f"{text[:80]!r} is not a SHA-256 in 64 lower-case hex digits")


def _text(field: str, text: str) -> None:
    if not text or len(text) > _MAX_TEXT or not text.isprintable():
        raise InvalidMessageError(field, f"{text[:80]!r} is empty, over {_MAX_TEXT} characters or not printable")


def _account(text: str) -> None:
    if not _is_account(text):
        raise InvalidMessageError("account", f"{text[:120]!r} is not a canonical account id")


def _asset(field: str, text: str) -> None:
    if not _is_asset(text):
        raise InvalidMessageError(field, f"{text[:120]!r} is not a canonical asset id")


@lru_cache(maxsize=65536)
def _is_account(text: str) -> bool:
    try:
        return parse_account(text).id == text
    except AccountIdError:
        return False


@lru_cache(maxsize=65536)
def _is_asset(text: str) -> bool:
    try:
        return parse_asset(text) == text
    except AssetIdError:
        return False


@lru_cache(maxsize=4096)
def _is_chain(text: str) -> bool:
    try:
        return parse_chain(text) == text
    except AssetIdError:
        return False
