"""Feed `balances`: the DeFi positions of one wallet on one chain, as one complete snapshot.

First the list of platforms, then the detail of each: its lines replace what the list says, and the list's
totals are reported beside them. A platform without detail is one line with a value and no amount. Any
answer that fails leaves no snapshot at all.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.domain.assets import USD
from holdfast.domain.balances import Balance, ReportedTotal, Snapshot
from holdfast.domain.time import Clock
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.exact import UnreadableNumberError
from holdfast.providers.okx.client import OkxClient
from holdfast.providers.okx.failures import UnsupportedError
from holdfast.providers.okx.platforms import Held, to_covers, to_held, to_total, to_totals_by_platform
from holdfast.providers.okx.positions import to_lines
from holdfast.providers.okx.wire import (
    DetailRequest,
    Holdings,
    ListRequest,
    PlatformDetail,
    PlatformRef,
    ShapeError,
    UnknownChainError,
    Wallet,
    index_of,
    is_chain,
    to_details,
    to_envelope,
    to_holdings,
)

SCOPE = "defi"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS, _LATEST_MS = 1_400_000_000_000, 10_000_000_000_000  # 2014 to 2286: seconds or microseconds are neither


class Platforms(Struct, frozen=True, kw_only=True):
    """What the list answer says of one wallet."""

    held: tuple[Held, ...]
    covers: tuple[str, ...]
    totals: tuple[ReportedTotal, ...]
    observed_at: datetime


class Detailed(Struct, frozen=True, kw_only=True):
    """What the detail answers say of some platforms."""

    lines: tuple[Balance, ...]
    raw: tuple[str, ...]


async def fetch_balances(client: OkxClient, target: Target, clock: Clock) -> Fetched:
    """One wallet per request, so EVM and Solana addresses never meet in one. Raises ProviderError."""
    wallet = _to_wallet(target)
    answer = await client.fetch_platforms(ListRequest(wallet_address_list=(wallet,)))
    listed = _to_platforms(answer, wallet, target.target)
    detailed = [await _fetch_details(client, wallet, group) for group in _groups(listed.held, client.platforms_at_once)]
    snapshot = Snapshot(
        account=target.target,
        scope=SCOPE,
        observed_at=listed.observed_at,
        fetched_at=clock.now(),
        balances=tuple(line for part in detailed for line in part.lines),
        covers=listed.covers,
        raw=tuple(dict.fromkeys((answer.sha256, *(sha256 for part in detailed for sha256 in part.raw)))),
    )
    return Fetched(snapshots=(snapshot,), totals=listed.totals)


async def _fetch_details(client: OkxClient, wallet: Wallet, group: Sequence[Held]) -> Detailed:
    """The lines of a few platforms. One that OKX cannot look into fails them all, so they are asked one by one."""
    request = DetailRequest(
        wallet_address_list=(wallet,),
        platform_list=tuple(PlatformRef(analysis_platform_id=h.id, chain_index=h.chain_index) for h in group),
    )
    try:
        answer = await client.fetch_details(request)
    except UnsupportedError as error:
        if len(group) == 1:
            return Detailed(lines=(group[0].value_only(),), raw=(error.sha256,))
        parts = [await _fetch_details(client, wallet, (held,)) for held in group]
        return Detailed(lines=tuple(x for p in parts for x in p.lines), raw=tuple(x for p in parts for x in p.raw))
    return Detailed(lines=tuple(_to_group_lines(answer, group)), raw=(answer.sha256,))


def _groups(held: Sequence[Held], size: int) -> list[Sequence[Held]]:
    return [held[start : start + size] for start in range(0, len(held), size)]


def _to_wallet(target: Target) -> Wallet:
    try:
        account = parse_account(target.target)
        return Wallet(chain_index=index_of(account.chain or ""), wallet_address=account.address)
    except (AccountIdError, UnknownChainError, ValueError) as error:
        raise UnexpectedResponseError(f"not an account that OKX could know: {error}") from error


def _to_platforms(answer: Answer, wallet: Wallet, account: str) -> Platforms:
    try:
        holdings = to_holdings(to_envelope(answer.json()).data)
        held = to_held(holdings, wallet)
        observed_at = _as_of(holdings, answer)
        totals = {"": to_total(holdings, held)} | to_totals_by_platform(held)
    except (ShapeError, UnreadableNumberError) as error:
        raise answer.unexpected(f"platform list: {error}") from error
    return Platforms(
        held=tuple(held),
        covers=to_covers(holdings),
        totals=tuple(
            ReportedTotal(
                account=account, scope=SCOPE, observed_at=observed_at, currency=USD,
                total=total, platform=platform, raw=(answer.sha256,),
            )
            for platform, total in totals.items()
        ),
        observed_at=observed_at,
    )  # fmt: skip


def _as_of(holdings: Holdings, answer: Answer) -> datetime:
    """OKX's updateAt, where there is one; never later than we heard it, or it would outlive its corrections."""
    if not holdings.update_at:
        return answer.sent_at
    if not _EARLIEST_MS < holdings.update_at < _LATEST_MS:
        raise ShapeError("updateAt is not a time in milliseconds")
    return min(_EPOCH + timedelta(milliseconds=holdings.update_at), answer.received_at)


def _to_group_lines(answer: Answer, group: Sequence[Held]) -> list[Balance]:
    try:
        details = to_details(to_envelope(answer.json()).data)
        return [line for held in group for line in _to_platform_lines(details, held, alone=len(group) == 1)]
    except (ShapeError, UnreadableNumberError) as error:
        raise answer.unexpected(f"platform detail: {error}") from error


def _to_platform_lines(details: Sequence[PlatformDetail], held: Held, *, alone: bool) -> list[Balance]:
    """Of a platform asked for alone the answer need not repeat the id."""
    lines = [
        line
        for detail in details
        if detail.analysis_platform_id == held.id or (alone and not detail.analysis_platform_id)
        for wallet in detail.wallet_id_platform_detail_list
        for hold in wallet.network_hold_vo_list
        if not hold.chain_index or is_chain(hold.chain_index, held.chain_index)
        for line in to_lines(hold, platform=held.name, chain_index=held.chain_index)
    ]
    return lines or [held.value_only()]
