"""From the list answer to what we ask and state: the platforms of one wallet on one chain, and their totals."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.balances import Balance
from holdfast.domain.money import EXACT
from holdfast.providers.kit.exact import to_decimal
from holdfast.providers.kit.labels import to_label
from holdfast.providers.okx.assets import asset_of
from holdfast.providers.okx.lines import to_line
from holdfast.providers.okx.wire import Holdings, Platform, ShapeError, Wallet, WalletPlatforms, is_chain


class Held(Struct, frozen=True, kw_only=True):
    """One platform of the wallet, on the wallet's chain."""

    id: str
    name: str
    chain_index: str
    value: str
    """In US dollars as OKX states it; empty where it does not."""

    def value_only(self) -> Balance:
        """The line of a platform that OKX lists without being able to look into it."""
        return to_line(
            asset=None, kind="other", platform=self.name, chain_index=self.chain_index, amount="", value=self.value
        )


def to_held(holdings: Holdings, wallet: Wallet) -> list[Held]:
    """Raises ShapeError when the answer is about another wallet or states a total without platforms."""
    return [
        held
        for entry in holdings.wallet_id_platform_list
        for platform in _platforms(entry, wallet)
        for held in _on_chain(platform, wallet.chain_index)
    ]


def to_total(holdings: Holdings, held: Iterable[Held]) -> Decimal | None:
    """The wallet's total as OKX states it, else the sum of its platforms; None when one of them is unknown."""
    stated = [entry.total_assets for entry in holdings.wallet_id_platform_list if entry.platform_list]
    texts = stated if stated and all(stated) else [platform.value for platform in held]
    return _sum(texts)


def to_totals_by_platform(held: Iterable[Held]) -> dict[str, Decimal | None]:
    """By name, which is what our lines carry."""
    values: dict[str, list[str]] = {}
    for platform in held:
        values.setdefault(platform.name, []).append(platform.value)
    return {name: _sum(texts) for name, texts in values.items()}


def to_covers(holdings: Holdings) -> tuple[str, ...]:
    """Receipt and LP tokens (asset ids) that the wallet holds for these positions."""
    tokens = (asset_of(token.chain_index, token.token_address, "") for token in holdings.lp_token_address_list)
    return tuple(dict.fromkeys(asset for asset in tokens if asset and not asset.startswith("okx:")))


def _platforms(entry: WalletPlatforms, wallet: Wallet) -> tuple[Platform, ...]:
    address = entry.wallet_address
    if address and not _same_address(address, wallet.wallet_address):
        raise ShapeError("walletIdPlatformList: the platforms of a wallet that was not asked for")
    if not entry.platform_list and entry.total_assets and to_decimal(entry.total_assets) != 0:
        raise ShapeError("walletIdPlatformList: totalAssets without a platformList")
    return entry.platform_list


def _same_address(a: str, b: str) -> bool:
    return a.lower() == b.lower() if b.startswith("0x") else a == b


def _on_chain(platform: Platform, chain_index: str) -> Iterable[Held]:
    """Nothing when the platform is listed for other chains alone: those are other accounts."""
    networks = [n for n in platform.network_balance_list if not n.chain_index or is_chain(n.chain_index, chain_index)]
    if platform.network_balance_list and not networks:
        return
    values = [network.currency_amount for network in networks]
    yield Held(
        id=platform.analysis_platform_id,
        name=to_label(platform.platform_name) or f"okx:{platform.analysis_platform_id}",
        chain_index=chain_index,
        value=_text(_sum(values)) if values and all(values) else platform.currency_amount,
    )


def _sum(texts: Iterable[str]) -> Decimal | None:
    total = Decimal(0)
    for text in texts:
        if not text:
            return None
        total = EXACT.add(total, to_decimal(text))
    return total


def _text(number: Decimal | None) -> str:
    return "" if number is None else format(number, "f")
