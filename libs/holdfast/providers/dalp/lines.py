"""From a row of a token to balance lines: one for what is available and one for what is frozen, wallet by wallet."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from holdfast.domain.assets import AssetIdError, fiat, parse_asset
from holdfast.domain.balances import Balance, Kind, Reason
from holdfast.domain.money import EXACT, SCALE
from holdfast.providers.dalp.settings import DalpSettings
from holdfast.providers.dalp.wire import AssetRow, ShapeError, TokenRef
from holdfast.providers.kit.exact import to_decimal, to_stated
from holdfast.providers.kit.labels import to_label

_STEP = Decimal(1).scaleb(-SCALE)
_CLASSES = {"bond": "fixed-income", "equity": "flexible-income"}
"""As DALP's own example groups its types; another type has a class only if the row states one."""


class Part(Struct, frozen=True, kw_only=True):
    """Some of a token: in one wallet, frozen or not."""

    kind: Kind
    wallet: str
    amount: Decimal


def to_lines(row: AssetRow, settings: DalpSettings) -> Iterator[Balance]:
    """Nothing for a token of which nothing is held. Raises ShapeError, UnreadableNumberError."""
    amount, value = to_stated(row.value), to_stated(row.value_in_base_currency or "")
    template = _template(row.token, settings)
    reason: Reason | None = amount.reason or value.reason
    if amount.number is None:
        yield replace(template, reason=reason or "unreadable")
        return
    parts = [part for part in _parts(row, amount.number) if part.amount]
    for part, share in zip(parts, _shares(value.number, parts, amount.number), strict=True):
        yield replace(template, kind=part.kind, position=part.wallet, amount=part.amount, value=share, reason=reason)


def _template(token: TokenRef, settings: DalpSettings) -> Balance:
    asset = asset_of(token, settings.chain)
    kind = to_label(token.type, longest=60)
    return Balance(
        asset=asset,
        kind="wallet",
        amount=None,
        symbol=to_label(token.symbol, longest=60),
        name=to_label(token.name),
        asset_type=kind or "token",
        asset_class=to_label(token.asset_class, longest=60) or _CLASSES.get(kind, ""),
        chain=asset.partition("/")[0] if asset and "/" in asset else None,
        currency=fiat(settings.base_currency),
    )


def asset_of(token: TokenRef, chain: str) -> str | None:
    """An id that is an asset id already stays; else CAIP-19 where the chain is known, else an id of DALP's own."""
    address = token.address or token.id
    for spelling in (token.id, f"{chain}/erc20:{address}" if chain else "", f"dalp:{address.lower()}"):
        try:
            return parse_asset(spelling)
        except AssetIdError:
            continue
    return None


def _parts(row: AssetRow, amount: Decimal) -> list[Part]:
    """By wallet where the split adds up to the token's amount; a split that does not is not used."""
    wallets = [_in_wallet(share.wallet, share.value, share.frozen) for share in row.by_wallet]
    split = [part for parts in wallets if parts for part in parts]
    if all(wallets) and split and _sum(split) == amount:
        return split
    whole = _in_wallet("", row.value, row.frozen)
    if whole is None:
        raise ShapeError("frozen: more than there is")
    return whole


def _in_wallet(wallet: str, value: str, frozen: str) -> list[Part] | None:
    """None where the two numbers contradict each other."""
    amount, locked = to_decimal(value or "0"), to_decimal(frozen or "0")
    if not 0 <= locked <= amount:
        return None
    place = to_label(wallet).lower()
    return [
        Part(kind="wallet", wallet=place, amount=EXACT.subtract(amount, locked)),
        Part(kind="locked", wallet=place, amount=locked),
    ]


def _shares(value: Decimal | None, parts: list[Part], amount: Decimal) -> list[Decimal | None]:
    """The stated value over the parts by amount; the last one takes what the cuts left, so that the sum is exact."""
    if value is None or not parts:
        return [None for _ in parts]
    shares = [
        EXACT.divide(EXACT.multiply(value, part.amount), amount).quantize(_STEP, context=EXACT) for part in parts[:-1]
    ]
    rest = value
    for share in shares:
        rest = EXACT.subtract(rest, share)
    return [*shares, rest]


def _sum(parts: list[Part]) -> Decimal:
    total = Decimal(0)
    for part in parts:
        total = EXACT.add(total, part.amount)
    return total
