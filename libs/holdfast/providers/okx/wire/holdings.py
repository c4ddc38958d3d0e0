"""The `data` of a list answer: which platforms hold how much of a wallet. v6 names; see `reading` for v5.

All money is US dollars in decimal text, with up to 38 digits; it stays text here.
"""

from msgspec import Struct

from holdfast.providers.okx.wire.reading import ShapeError, to_struct


class NetworkBalance(Struct, frozen=True, kw_only=True, rename="camel"):
    network: str = ""
    network_logo: str = ""
    chain_index: str = ""
    currency_amount: str = ""
    investment_count: int | None = None


class Platform(Struct, frozen=True, kw_only=True, rename="camel"):
    platform_name: str = ""
    analysis_platform_id: str
    platform_logo: str = ""
    platform_color: str = ""
    currency_amount: str = ""
    is_support_invest: bool = False
    bonus_tag: int | None = None
    platform_url: str = ""
    network_balance_list: tuple[NetworkBalance, ...] = ()
    investment_count: int | None = None


class WalletPlatforms(Struct, frozen=True, kw_only=True, rename="camel"):
    platform_list: tuple[Platform, ...] = ()
    wallet_id: str = ""
    wallet_address: str = ""
    total_assets: str = ""


class LpToken(Struct, frozen=True, kw_only=True, rename="camel"):
    """A receipt token that the wallet holds for a position listed here."""

    chain_index: str
    token_address: str


class Holdings(Struct, frozen=True, kw_only=True, rename="camel"):
    wallet_id_platform_list: tuple[WalletPlatforms, ...] = ()
    lp_token_address_list: tuple[LpToken, ...] = ()
    update_at: int | None = None
    """Unix milliseconds."""
    asset_status: int | None = None


def to_holdings(data: object) -> Holdings:
    """From the `data` of a list answer of either generation. Raises ShapeError.

    An empty wallet is null, [], {}, or a walletIdPlatformList that is null or [], [{}] or [{"platformList": []}].
    An object without that key is refused: a renamed field must not look like an empty wallet.
    """
    if isinstance(data, list) and len(data) <= 1:
        data = data[0] if data else {}
    if data in (None, {}):
        return Holdings()
    if not isinstance(data, dict):
        raise ShapeError("data: expected an object")
    if "walletIdPlatformList" not in data:
        raise ShapeError("data: no walletIdPlatformList in it")
    _refuse_renamed(data["walletIdPlatformList"])
    return to_struct(data, Holdings)


def _refuse_renamed(wallets: object) -> None:
    for wallet in wallets if isinstance(wallets, list) else ():
        if (
            isinstance(wallet, dict)
            and "platformList" not in wallet
            and any(isinstance(v, list) for v in wallet.values())
        ):
            raise ShapeError("walletIdPlatformList: a list that is not called platformList")
