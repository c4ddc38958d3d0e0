"""A fund: a wallet that its owner follows through Credmark alone, with holdings that move at midnight.

It is as much on the chain as any other: a node that is asked about it says the same. Credmark states doubles, so what
it states here is rounded to doubles too: amount, price and value each on their own.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.accounts import checksum_address
from services.simulator.world.chains import ETHEREUM
from services.simulator.world.curves import Fixed, Holding, Moved
from services.simulator.world.draws import between, digest
from services.simulator.world.numbers import EXACT
from services.simulator.world.prices import Quote
from services.simulator.world.tokens import CRV, DAI, ETH, LDO, QUIET, TOKENS, USDC, WBTC, Token
from services.simulator.world.wallets import Role, Wallet

_DAY_S = 86_400
_RESEARCH = Role(label="research fund", chain=ETHEREUM, okx=False)
_KEPT = (ETH, USDC, WBTC, DAI, QUIET)
"""Always held, more or less of it."""
_TRADED = (CRV, LDO)
"""Bought, and sold to the last unit again."""


class Stated(Struct, frozen=True, kw_only=True):
    """What Credmark says of one token. Price and value are None where it has no price."""

    token: Token
    amount: Decimal
    price: Decimal | None
    value: Decimal | None


def build_funds(seed: int) -> tuple[Wallet, ...]:
    address = checksum_address("0x" + digest(seed, "fund/research", 20).hex())
    return (Wallet(number=1, role=_RESEARCH, address=address),)


def fund_holdings(seed: int, funds: Iterable[Wallet]) -> dict[tuple[str, str], Holding]:
    """By (account, asset)."""
    return {
        (fund.account, token.asset): hold(seed, token)
        for fund in funds
        for tokens, hold in ((_KEPT, _kept), (_TRADED, _traded))
        for token in tokens
    }


def _state(token: Token, raw: int, quote: Quote | None) -> Stated | None:
    if raw == 0:
        return None
    amount = EXACT.scaleb(Decimal(raw), -token.decimals)
    price = quote.price if quote is not None else None
    value = None if price is None else double(EXACT.multiply(amount, price))
    return Stated(token=token, amount=double(amount), price=None if price is None else double(price), value=value)


def stated_tokens(raw: Callable[[Token], int], quote: Callable[[Token], Quote | None]) -> list[Stated]:
    """Of all that are there, by address, the coin last."""
    found = (_state(token, raw(token), quote(token)) for token in known_tokens())
    return [stated for stated in found if stated is not None]


def known_tokens() -> list[Token]:
    """Those of Ethereum whose contract answers, by address, the coin last."""
    known = [token for token in TOKENS if token.chain is ETHEREUM and token.balance_of == "answers"]
    return sorted(known, key=lambda token: (not token.address, token.address.lower()))


def double(number: Decimal) -> Decimal:
    """The IEEE double nearest to it, as it is printed."""
    return Decimal(repr(float(number)))


def _kept(seed: int, token: Token) -> Holding:
    opening = _opening(seed, token)
    return Holding(plus=(Fixed(raw=opening),), minus=(_moved(seed, token, opening // 3),))


def _traded(seed: int, token: Token) -> Holding:
    return Holding(plus=(_moved(seed, token, _opening(seed, token)),))


def _opening(seed: int, token: Token) -> int:
    usual = token.usual * 10**token.decimals
    return between(seed, f"fund/{token.asset}/opening", usual // 4 + 1, usual)


def _moved(seed: int, token: Token, cap: int) -> Moved:
    name = f"fund/{token.asset}"
    return Moved(name=name, cap=cap, period_s=_DAY_S * between(seed, f"{name}/period", 2, 9))
