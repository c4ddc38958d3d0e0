"""What we know of the wallets that a request names: their snapshots and DeFi lines, of the caller's own accounts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.domain.money import EXACT, plain
from holdfast.providers.okx.wire import UnknownChainError, Wallet, chain_of, index_of
from holdfast.registry.records import Account
from services.api.callers import Caller
from services.api.dialects.okx import failures
from services.api.dialects.okx.failures import OkxError
from services.api.native.totals.current import CurrentSnapshot, excluded_now, read_current, sources_now
from services.api.queries import load_sql, read
from services.api.resources import Resources


class Line(Struct, frozen=True, kw_only=True):
    source: str
    account: str
    asset: str | None
    symbol: str
    chain: str | None
    platform: str
    position: str
    kind: str
    side: str
    amount: str | None
    value_usd: str | None

    @property
    def signed_value(self) -> Decimal:
        value = Decimal(self.value_usd or 0)
        return value.copy_negate() if self.side == "debt" else value


class Asked(Struct, frozen=True, kw_only=True):
    """One (chain, wallet) of a request."""

    account: str
    chain: str
    chain_index: str
    address: str


class Known(Struct, frozen=True, kw_only=True):
    """What we hold of the wallets asked for."""

    asked: list[Asked]
    snapshots: list[CurrentSnapshot]
    lines: list[Line]

    @property
    def newest(self) -> datetime | None:
        """When what is shown was last seen: a wallet that was read since says nothing of its positions."""
        shown = {line.source for line in self.lines}
        seen = [snapshot for snapshot in self.snapshots if snapshot.source in shown] or self.snapshots
        return max((snapshot.at for snapshot in seen), default=None)


def parse_wallets(wallets: Iterable[Wallet]) -> list[Asked]:
    """Each (chain, wallet) once, in the order asked for. Raises OkxError for one that cannot be."""
    return list({asked.account: asked for asked in map(_parse_wallet, wallets)}.values())


async def read_known(api: Resources, caller: Caller, asked: list[Asked]) -> Known:
    """Raises OkxError 84021 while an account of the caller's has not been seen yet: empty would be a claim."""
    registry = api.registry
    accounts = [
        account
        for one in asked
        if (account := registry.accounts.get((caller.tenant, one.account))) is not None
        and caller.sees_account(registry, account.id)
    ]
    sources = counted_of(api, caller, accounts)
    snapshots = await read_current(api, sources)
    if len(snapshots) < len(sources):
        raise OkxError(failures.STILL_SYNCING, "The assets of this wallet are still syncing, please try again later")
    return Known(asked=asked, snapshots=snapshots, lines=await read_lines(api, caller, snapshots))


async def read_lines(api: Resources, caller: Caller, snapshots: Sequence[CurrentSnapshot]) -> list[Line]:
    """Their DeFi lines that count: everything but plain wallet balances and what the caller's rules leave out."""
    if not snapshots:
        return []
    params = {
        "snapshots": [snapshot.key for snapshot in snapshots],
        "excluded": list(excluded_now(api.registry, caller.tenant, caller.portfolio)),
    }
    return await read(api.warehouse, load_sql(__file__, "holdings"), params, Line)


def total(lines: Iterable[Line]) -> str:
    """Assets less debt, in US dollars; empty where no value is known."""
    known = [line for line in lines if line.value_usd is not None]
    number = Decimal(0)
    for line in known:
        number = EXACT.add(number, line.signed_value)
    return plain(number) if known else ""


def parse_chain(index: str) -> str:
    """CAIP-2, of OKX's number or one of the names in use. Raises OkxError."""
    try:
        return chain_of(index)
    except UnknownChainError as error:
        raise OkxError(failures.WRONG_PARAMETER, f"Parameter chainIndex error: {error}") from error


def counted_of(api: Resources, caller: Caller, accounts: Iterable[Account]) -> list[str]:
    """The sources of these accounts that count, and that the caller may see."""
    counted = {
        f"{account.tenant}/{setting.provider}/{account.id}/{setting.scope}"
        for account in accounts
        for setting in account.sources
        if setting.counted and setting.feed == "balances"
    }
    if caller.portfolio is not None:
        counted &= set(sources_now(api.registry, caller.tenant, caller.portfolio, now=api.clock.now()))
    return sorted(counted)


def _parse_wallet(wallet: Wallet) -> Asked:
    chain = parse_chain(wallet.chain_index)
    try:
        # Compared as addresses are, not as they are spelled: a wrong checksum is the client's business here.
        address = wallet.wallet_address.lower() if chain.startswith("eip155:") else wallet.wallet_address
        account = parse_account(f"{chain}:{address}").id
    except AccountIdError as error:
        raise OkxError(failures.ADDRESS_MISMATCH, "The wallet address does not match the chain") from error
    return Asked(account=account, chain=chain, chain_index=index_of(chain), address=wallet.wallet_address)
