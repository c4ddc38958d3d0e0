"""Positions and values at a block, over all accounts of the request, quoted in a currency or a token."""

from collections.abc import Sequence
from decimal import Decimal

from holdfast.providers.credmark.wire import COIN_ADDRESS, Position, Query, ValuedPosition, quote_asset
from services.simulator.upstreams.credmark.errors import CredmarkError
from services.simulator.world.custody import FIAT, quote_of
from services.simulator.world.funds import Stated, double, stated_tokens
from services.simulator.world.numbers import EXACT
from services.simulator.world.tokens import Token
from services.simulator.world.wallets import Wallet
from services.simulator.world.world import Block, World, price_of, raw_amount


def stated_at(world: World, wallets: Sequence[Wallet], query: Query, block: Block) -> list[Stated]:
    """The tokens that are there, by address, in US dollars."""
    accounts = {wallet.account for wallet in wallets}
    found = stated_tokens(
        lambda token: sum(raw_amount(world, account, token, block.time) for account in accounts),
        lambda token: price_of(world, token, block.time),
    )
    wanted = {address.lower() for address in query.tokens}
    return [one for one in found if not wanted or address_of(one.token) in wanted]


def unit_of(world: World, query: Query, block: Block) -> Decimal:
    """US dollars for one of what is quoted in. Raises CredmarkError where nobody quotes it."""
    asset = quote_asset(1, query.quote_address)
    code = asset.removeprefix("iso4217:")
    if code in FIAT:
        quote = quote_of(world.seed, code, block.time)
    else:
        token = next((token for (chain, _), token in world.tokens.items() if token.asset == asset), None)
        quote = price_of(world, token, block.time) if token is not None else None
    if quote is None:
        raise CredmarkError(422, f"No price for {query.quote_address} at block {block.number}")
    return quote.price


def to_position(stated: Stated) -> Position:
    return Position(token_address=address_of(stated.token), balance=stated.amount)


def to_valued(stated: Stated, unit: Decimal) -> ValuedPosition:
    """Without a price both are 0, as Credmark shows it."""
    return ValuedPosition(
        token_address=address_of(stated.token),
        token_price=quoted(stated.price, unit),
        balance=stated.amount,
        value=quoted(stated.value, unit),
    )


def quoted(dollars: Decimal | None, unit: Decimal) -> Decimal:
    if dollars is None:
        return Decimal(0)
    return dollars if unit == 1 else double(EXACT.divide(dollars, unit))


def address_of(token: Token) -> str:
    return token.address.lower() or COIN_ADDRESS
