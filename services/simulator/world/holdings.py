"""What the wallets hold: opening balances, transfers between them, trades of their own, receipts."""

from collections.abc import Sequence

from msgspec import Struct

from services.simulator.world.curves import Bought, Curve, Fixed, Holding, Moved
from services.simulator.world.draws import between, draw
from services.simulator.world.positions import Position
from services.simulator.world.tokens import TOKENS, Token
from services.simulator.world.wallets import COHORT, Wallet


class Transfer(Struct, frozen=True, kw_only=True):
    """A token that goes back and forth between two wallets of one chain."""

    token: Token
    sender: str
    receiver: str
    moved: Moved


class Trade(Struct, frozen=True, kw_only=True):
    """A wallet that sells one token for another, and buys it back."""

    wallet: str
    sold: Token
    bought: Token
    bargain: Bought


_Openings = dict[tuple[str, str], int]
"""Raw units by (account, asset)."""


def build_openings(seed: int, wallets: Sequence[Wallet]) -> _Openings:
    """Everybody has the coin of the chain; of the other tokens each has three in four. The first wallet has all."""
    return {
        (wallet.account, token.asset): _opening(seed, wallet, token)
        for wallet in wallets
        for token in tokens_of(wallet)
        if not token.receipt
        and (not token.address or wallet.number == 0 or draw(seed, f"has/{wallet.account}/{token.asset}", 4))
    }


def tokens_of(wallet: Wallet) -> list[Token]:
    return [token for token in TOKENS if token.chain is wallet.chain]


def _opening(seed: int, wallet: Wallet, token: Token) -> int:
    usual = token.usual * 10**token.decimals
    return between(seed, f"opening/{wallet.account}/{token.asset}", usual // 4 + 1, usual)


def build_transfers(seed: int, wallets: Sequence[Wallet], openings: _Openings) -> tuple[Transfer, ...]:
    """Each wallet sends to the next of its chain in the same cohort, the last to the first."""
    return tuple(
        _transfer(seed, sender, receiver, openings)
        for ring in _rings(wallets)
        for sender, receiver in zip(ring, ring[1:] + ring[:1], strict=True)
        if sender is not receiver
    )


def _rings(wallets: Sequence[Wallet]) -> list[list[Wallet]]:
    rings: dict[tuple[int, str], list[Wallet]] = {}
    for wallet in wallets:
        rings.setdefault((wallet.number // len(COHORT), wallet.chain.id), []).append(wallet)
    return list(rings.values())


def _transfer(seed: int, sender: Wallet, receiver: Wallet, openings: _Openings) -> Transfer:
    name = f"transfer/{sender.account}/{receiver.account}"
    token = _pick(seed, name, sender, openings)
    cap = openings[sender.account, token.asset] // 4
    period_s = 60 * between(seed, f"{name}/period", 4, 45)
    return Transfer(
        token=token,
        sender=sender.account,
        receiver=receiver.account,
        moved=Moved(name=name, cap=cap, period_s=period_s),
    )


def _pick(seed: int, name: str, wallet: Wallet, openings: _Openings) -> Token:
    """One of the tokens that it has and that answers."""
    has = [t for t in tokens_of(wallet) if (wallet.account, t.asset) in openings and t.balance_of == "answers"]
    return has[draw(seed, f"{name}/token", len(has))]


def build_trades(seed: int, wallets: Sequence[Wallet], openings: _Openings) -> tuple[Trade, ...]:
    """Each wallet trades its coin for the first token of its chain, in a pool a hundred times its own size."""
    return tuple(_trade(seed, wallet, openings) for wallet in wallets)


def _trade(seed: int, wallet: Wallet, openings: _Openings) -> Trade:
    coin, other = tokens_of(wallet)[:2]
    opening = openings[wallet.account, coin.asset]
    name = f"trade/{wallet.account}"
    sold = Moved(name=name, cap=opening // 4, period_s=60 * between(seed, f"{name}/period", 2, 20))
    reserve = 100 * other.usual * 10**other.decimals
    return Trade(
        wallet=wallet.account,
        sold=coin,
        bought=other,
        bargain=Bought(sold=sold, sold_reserve=100 * opening, bought_reserve=reserve),
    )


def build_holdings(
    openings: _Openings,
    transfers: Sequence[Transfer],
    trades: Sequence[Trade],
    positions: dict[str, tuple[Position, ...]],
) -> dict[tuple[str, str], Holding]:
    """By (account, asset): every term that touches it."""
    plus: dict[tuple[str, str], list[Curve]] = {key: [Fixed(raw=raw)] for key, raw in openings.items()}
    minus: dict[tuple[str, str], list[Curve]] = {}
    for transfer in transfers:
        minus.setdefault((transfer.sender, transfer.token.asset), []).append(transfer.moved)
        plus.setdefault((transfer.receiver, transfer.token.asset), []).append(transfer.moved)
    for trade in trades:
        minus.setdefault((trade.wallet, trade.sold.asset), []).append(trade.bargain.sold)
        plus.setdefault((trade.wallet, trade.bought.asset), []).append(trade.bargain)
    for account, opened in positions.items():
        for position in opened:
            if position.receipt is not None:
                plus.setdefault((account, position.receipt.asset), []).extend(position.shares.plus)
    return {key: Holding(plus=tuple(terms), minus=tuple(minus.get(key, ()))) for key, terms in plus.items()}
