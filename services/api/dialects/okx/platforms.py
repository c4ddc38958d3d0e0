"""From lines to the `data` of a list answer: which platforms hold how much of each wallet."""

import hashlib
from collections.abc import Iterable

from holdfast.domain.time import to_ms
from holdfast.providers.okx.wire import (
    Holdings,
    LpToken,
    NetworkBalance,
    Platform,
    UnknownChainError,
    WalletPlatforms,
    index_of,
    name_of,
)
from services.api.dialects.okx.holdings import Asked, Known, Line, total


def platform_id(name: str) -> str:
    """A number for a name, the same for ever: 48 bits of its hash, or OKX's own where it has no name."""
    own = name.removeprefix("okx:")
    if own != name and own.isascii() and own.isdecimal():
        return own
    return str(int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big"))


def to_holdings(known: Known) -> Holdings:
    """One entry for each address that holds anything."""
    newest = known.newest
    wallets = [_to_wallet(address, known) for address in dict.fromkeys(one.address for one in known.asked)]
    return Holdings(
        wallet_id_platform_list=tuple(wallet for wallet in wallets if wallet.platform_list),
        lp_token_address_list=tuple(_to_lp_tokens(known)),
        update_at=None if newest is None else int(to_ms(newest).timestamp() * 1000),
        asset_status=1,
    )


def group_by_platform(lines: Iterable[Line]) -> dict[str, list[Line]]:
    grouped: dict[str, list[Line]] = {}
    for line in lines:
        grouped.setdefault(line.platform, []).append(line)
    return grouped


def _to_wallet(address: str, known: Known) -> WalletPlatforms:
    asked = [one for one in known.asked if one.address == address]
    accounts = {one.account: one for one in asked}
    lines = [line for line in known.lines if line.account in accounts]
    return WalletPlatforms(
        platform_list=tuple(_to_platform(name, held, accounts) for name, held in group_by_platform(lines).items()),
        wallet_id=hashlib.sha256(address.encode()).hexdigest()[:32],
        wallet_address=address,
        total_assets=total(lines),
    )


def _to_platform(name: str, lines: list[Line], accounts: dict[str, Asked]) -> Platform:
    by_account: dict[str, list[Line]] = {}
    for line in lines:
        by_account.setdefault(line.account, []).append(line)
    return Platform(
        platform_name=name,
        analysis_platform_id=platform_id(name),
        currency_amount=total(lines),
        network_balance_list=tuple(
            NetworkBalance(
                network=name_of(accounts[account].chain_index),
                chain_index=accounts[account].chain_index,
                currency_amount=total(held),
                investment_count=count_investments(held),
            )
            for account, held in by_account.items()
        ),
        investment_count=count_investments(lines),
    )


def count_investments(lines: Iterable[Line]) -> int:
    """Positions: what is of one kind under one name on one account."""
    return len({(line.account, line.kind, line.position) for line in lines})


def _to_lp_tokens(known: Known) -> Iterable[LpToken]:
    covered = dict.fromkeys(asset for snapshot in known.snapshots for asset in snapshot.covers)
    for asset in covered:
        chain, _, reference = asset.partition("/")
        try:
            yield LpToken(chain_index=index_of(chain), token_address=reference.partition(":")[2])
        except (UnknownChainError, ValueError):
            continue
