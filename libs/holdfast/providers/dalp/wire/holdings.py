"""A row of user-asset-balances: one token over all linked wallets. Amounts are decimal text in display units."""

from msgspec import Struct


class TokenRef(Struct, frozen=True, kw_only=True, rename="camel"):
    id: str = ""
    """The contract's address; `address` says the same in some answers."""
    address: str = ""
    name: str = ""
    symbol: str = ""
    decimals: int | None = None
    type: str = ""
    """An open set, as in the breakdown."""
    asset_class: str = ""


class WalletShare(Struct, frozen=True, kw_only=True, rename="camel"):
    wallet: str = ""
    value: str = ""
    frozen: str = "0"
    available: str = ""


class AssetRow(Struct, frozen=True, kw_only=True, rename="camel"):
    token: TokenRef
    value: str
    """Frozen and available together, over all wallets."""
    frozen: str = "0"
    available: str = ""
    by_wallet: tuple[WalletShare, ...] = ()
    value_in_base_currency: str | None = None
    """The reference was not to be had in full: that there is such a value is documented, its name is ours."""
