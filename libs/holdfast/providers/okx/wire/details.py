"""The `data` of a detail answer: the positions on a platform, token by token. v6 names; see `reading` for v5."""

from msgspec import Struct, field

from holdfast.providers.okx.wire.reading import ShapeError, to_struct


class Token(Struct, frozen=True, kw_only=True, rename="camel"):
    token_symbol: str = ""
    token_logo: str = ""
    coin_amount: str = ""
    """In units of the coin, not of its smallest part."""
    currency_amount: str = ""
    """In US dollars."""
    token_precision: int | None = None
    token_address: str = ""
    """Empty or 0xeee… for the chain's own coin."""
    network: str = ""
    chain_index: str = ""


class TokenGroup(Struct, frozen=True, kw_only=True, rename="camel"):
    """Rewards of one type, or the unclaimed fees of a position."""

    base_defi_token_infos: tuple[Token, ...] = ()
    reward_type: str = ""
    currency_amount: str = ""


class Position(Struct, frozen=True, kw_only=True, rename="camel"):
    """One NFT of a V3 pool, or one of several stakes in a product."""

    token_id: str = ""
    position_name: str = ""
    position_status: str = ""
    """ACTIVE or INACTIVE."""
    range: str = ""
    assets_token_list: tuple[Token, ...] = ()
    unclaim_fees_defi_token_info: tuple[TokenGroup, ...] = ()
    total_value: str = ""


class Investment(Struct, frozen=True, kw_only=True, rename="camel"):
    invest_type: int | None = None
    """1 save, 2 pool, 3 farm, 4 vault, 5 stake, 6 borrow, 7 staking, 8 locked, 9 deposit, 10 vesting."""
    invest_name: str = ""
    investment_id: str = ""
    investment_name: str = ""
    investment_key: str = ""
    aggregate_product_id: str = ""
    pool_address: str = ""
    assets_token_list: tuple[Token, ...] = ()
    borrow_token_list: tuple[Token, ...] = ()
    position_list: tuple[Position, ...] = ()
    non_pool_position_list: tuple[Position, ...] = ()
    reward_defi_token_info: tuple[TokenGroup, ...] = ()
    total_value: str = ""


class AssetMap(Struct, frozen=True, kw_only=True):
    supply: tuple[Investment, ...] = field(name="SUPPLY", default=())
    borrow: tuple[Investment, ...] = field(name="BORROW", default=())


class Market(Struct, frozen=True, kw_only=True, rename="camel"):
    """A lending market: what is supplied to it and what is owed to it."""

    market_id: str = ""
    asset_map: AssetMap = AssetMap()
    market_rewards: tuple[TokenGroup, ...] = ()
    total_value: str = ""


class NetworkHold(Struct, frozen=True, kw_only=True, rename="camel"):
    network: str = ""
    chain_index: str = ""
    total_assert: str = ""
    """Spelled so on the wire."""
    invest_token_balance_vo_list: tuple[Investment, ...] = ()
    invest_market_token_balance_vo_list: tuple[Market, ...] = ()
    available_rewards: tuple[TokenGroup, ...] = ()
    air_drop_reward_info: tuple[TokenGroup, ...] = ()


class WalletDetail(Struct, frozen=True, kw_only=True, rename="camel"):
    network_hold_vo_list: tuple[NetworkHold, ...] = ()
    account_id: str = ""
    wallet_address: str = ""


class PlatformDetail(Struct, frozen=True, kw_only=True, rename="camel"):
    wallet_id_platform_detail_list: tuple[WalletDetail, ...] = ()
    platform_name: str = ""
    analysis_platform_id: str = ""
    platform_logo: str = ""
    platform_url: str = ""


def to_details(data: object) -> tuple[PlatformDetail, ...]:
    """From the `data` of a detail answer: an object in v5, an array in v6. Raises ShapeError."""
    platforms = data if isinstance(data, list) else [data]
    return tuple(_to_detail(platform) for platform in platforms if platform not in (None, {}))


def _to_detail(platform: object) -> PlatformDetail:
    if not isinstance(platform, dict):
        raise ShapeError("data: expected an object for each platform")
    if "walletIdPlatformDetailList" not in platform:
        raise ShapeError("data: no walletIdPlatformDetailList in it")
    return to_struct(platform, PlatformDetail)
