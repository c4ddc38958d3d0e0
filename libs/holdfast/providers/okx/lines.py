"""One balance line from what OKX states in text."""

from holdfast.domain.balances import Balance, Kind, Reason
from holdfast.providers.kit.exact import Stated, to_stated
from holdfast.providers.okx.wire import UnknownChainError, chain_of


def to_line(
    *,
    asset: str | None,
    kind: Kind,
    platform: str,
    chain_index: str,
    amount: str,
    value: str,
    symbol: str = "",
    position: str = "",
) -> Balance:
    """`amount` in units of the asset, `value` in US dollars: decimal text or empty. Raises UnreadableNumberError."""
    stated_amount, stated_value = to_stated(amount), to_stated(value)
    reason = _reason(stated_amount, stated_value)
    return Balance(
        asset=asset,
        kind=kind,
        side="debt" if kind == "borrowed" else "asset",
        amount=stated_amount.number,
        value=None if reason == "negative_amount" else stated_value.number,
        symbol=symbol,
        chain=_chain(chain_index),
        platform=platform,
        position=position,
        reason=reason,
    )


def _reason(amount: Stated, value: Stated) -> Reason | None:
    if amount.reason or value.reason:
        return amount.reason or value.reason
    if amount.number is not None:
        return None
    return "unreadable" if value.number is None else "value_only"


def _chain(index: str) -> str | None:
    try:
        return chain_of(index)
    except UnknownChainError:
        return None
