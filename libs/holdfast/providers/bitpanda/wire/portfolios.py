"""What a user held, item by item: one for each instant asked for.

Numbers are decimal text, exact. `NaN` is text too: the upstream could not get the amount.
"""

from msgspec import UNSET, Struct, UnsetType

NOT_A_NUMBER = "NaN"


class Amount(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"in_": "in"}):
    value: str | UnsetType | None = UNSET
    currency: str | UnsetType = UNSET
    """The symbol of an asset (the upstream's own id) or a fiat code."""
    timestamp: str | UnsetType | None = UNSET
    """When the amount was read; of a converted amount, the time of the rate."""
    in_: "Amount | UnsetType" = UNSET


class Asset(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    symbol: str | UnsetType = UNSET
    display_symbol: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    type: str | UnsetType | None = UNSET
    chain: str | UnsetType | None = UNSET
    decimal_place: int | UnsetType | None = UNSET


class Balance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    amount: Amount | UnsetType | None = UNSET
    worth: Amount | UnsetType | None = UNSET
    """The same amount under another name, asked for its `in` alone: see `requests`."""
    available: Amount | UnsetType | None = UNSET
    asset: Asset | UnsetType | None = UNSET


class Balances(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    items: tuple[Balance, ...]
    next_token: str | UnsetType | None = UNSET


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True):
    timestamp: str
    total: Amount | UnsetType | None = UNSET
    balances: Balances | UnsetType | None = UNSET


class Portfolio(Struct, frozen=True, kw_only=True):
    items: tuple[Item, ...]
