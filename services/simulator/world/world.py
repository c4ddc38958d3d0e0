"""The world itself, and what is so in it at an instant."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from services.simulator.world.chains import CHAINS, Chain
from services.simulator.world.curves import Holding, held
from services.simulator.world.custody import Custody, build_custody
from services.simulator.world.funds import build_funds, fund_holdings
from services.simulator.world.holdings import (
    Trade,
    Transfer,
    build_holdings,
    build_openings,
    build_trades,
    build_transfers,
)
from services.simulator.world.instants import at_second, since_genesis
from services.simulator.world.numbers import EXACT
from services.simulator.world.portfolios import Portfolio, build_portfolios
from services.simulator.world.positions import Position, open_positions
from services.simulator.world.prices import Quote, price_at
from services.simulator.world.tokenised import Participant, build_participants
from services.simulator.world.tokens import TOKENS, Token
from services.simulator.world.wallets import COHORT, Wallet, build_wallets


class World(Struct, frozen=True, kw_only=True):
    """Everything that does not move, and the curves of what does."""

    seed: int
    wallets: tuple[Wallet, ...]
    by_address: dict[tuple[str, str], Wallet]
    """By (chain id, address as it is compared)."""
    tokens: dict[tuple[str, str], Token]
    """By (chain id, contract in lower case; empty for the coin)."""
    transfers: tuple[Transfer, ...]
    trades: tuple[Trade, ...]
    positions: dict[str, tuple[Position, ...]]
    """By account."""
    holdings: dict[tuple[str, str], Holding]
    """By (account, asset)."""
    portfolios: tuple[Portfolio, ...]
    custodies: tuple[Custody, ...]
    participants: tuple[Participant, ...]
    funds: tuple[Wallet, ...]
    chains: tuple[Chain, ...] = CHAINS


class WorldTooSmallError(ValueError):
    """Fewer wallets than one cohort."""


def build_world(*, seed: int, wallets: int = len(COHORT)) -> World:
    """The same arguments give the same world. The wallets of a smaller world are the first of a larger one."""
    if wallets < len(COHORT):
        raise WorldTooSmallError(f"wallets = {wallets}: the smallest world has {len(COHORT)}")
    people, custodies, participants = build_wallets(seed, wallets), build_custody(seed), build_participants(seed)
    funds = build_funds(seed)
    openings = build_openings(seed, people)
    transfers = build_transfers(seed, people, openings)
    trades = build_trades(seed, people, openings)
    positions = {wallet.account: open_positions(seed, wallet.number, wallet.role.positions) for wallet in people}
    return World(
        seed=seed,
        wallets=people,
        by_address={(wallet.chain.id, wallet.account.rpartition(":")[2]): wallet for wallet in (*people, *funds)},
        tokens={(token.chain.id, token.address.lower()): token for token in TOKENS},
        transfers=transfers,
        trades=trades,
        positions=positions,
        holdings=build_holdings(openings, transfers, trades, positions) | fund_holdings(seed, funds),
        portfolios=build_portfolios(people, custodies, participants, funds),
        custodies=custodies,
        participants=participants,
        funds=funds,
    )


def raw_amount(world: World, account: str, token: Token, instant: datetime) -> int:
    """What the account holds in the wallet itself, in the token's smallest units."""
    holding = world.holdings.get((account, token.asset))
    return held(world.seed, holding, instant) if holding is not None else 0


def to_units(raw: int, token: Token) -> Decimal:
    """raw × 10^-decimals, exactly."""
    return EXACT.scaleb(Decimal(raw), -token.decimals)


def price_of(world: World, token: Token, instant: datetime) -> Quote | None:
    """None where nobody quotes it."""
    return price_at(world.seed, token.path, instant) if token.path is not None else None


class Block(NamedTuple):
    number: int
    time: datetime


def block_at(chain: Chain, instant: datetime) -> Block:
    """The newest block at or before the instant."""
    count = since_genesis(instant) // chain.block_s
    return Block(chain.first_block + count, at_second(count * chain.block_s))


def block_numbered(chain: Chain, number: int) -> Block:
    """Blocks before the world began are not known: the caller checks `number >= chain.first_block`."""
    return Block(number, at_second((number - chain.first_block) * chain.block_s))
