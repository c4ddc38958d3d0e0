"""What every total and breakdown must be at an instant: worked out here from the world alone.

Nothing of Holdfast's arithmetic is used: what is checked must not check itself.

Each source is valued at the instant at which it states its numbers. With the clock frozen at T:
a wallet on an EVM chain at the time of the newest block at or before T (amount and price alike:
price steps fall on block times, so the newest price at or before the block is the one at T too);
DeFi positions at T, at the value that OKX states; what is in custody at the hour, at the value that the custodian
states; securities at T, at the value that their platform states; a fund at the newest block, at the values that
Credmark states. Products are cut to 36 decimals once each.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from services.simulator.world.custody import Custody, converted, custody_lines, hour_of, rated_at
from services.simulator.world.funds import stated_tokens
from services.simulator.world.numbers import EXACT, STORED_DECIMALS, cut, plain, product, total
from services.simulator.world.portfolios import Portfolio
from services.simulator.world.statements import LegState, PositionState, positions_at
from services.simulator.world.tokenised import CHAIN as SECURITIES_CHAIN
from services.simulator.world.tokenised import Holdings, Participant, holdings_at
from services.simulator.world.tokens import TOKENS, Token
from services.simulator.world.wallets import Wallet
from services.simulator.world.world import World, block_at, price_of, raw_amount, to_units

AXES = ("asset", "type", "class", "chain", "platform", "account", "provider", "kind", "side")


class Line(Struct, frozen=True, kw_only=True):
    """One line as Holdfast must come to know it."""

    asset: str = ""
    """Empty where only a value is stated."""
    type: str = "crypto"
    asset_class: str = ""
    chain: str = ""
    platform: str = ""
    account: str
    provider: str
    kind: str
    side: str = "asset"
    amount: Decimal | None
    value: Decimal | None

    def key(self, axis: str) -> str:
        return str(getattr(self, "asset_class" if axis == "class" else axis))


class Sum(Struct, frozen=True, kw_only=True):
    """Decimals as text, USD."""

    net: str
    assets: str
    debt: str
    lines: int
    lines_unpriced: int


class Truth(Struct, frozen=True, kw_only=True):
    """Of one portfolio."""

    tenant: str
    id: str
    net: str
    assets: str
    debt: str
    lines: int
    """That count: with those without a value, without the excluded ones."""
    lines_unpriced: int
    lines_excluded: int
    """Receipt tokens in wallets whose positions are counted."""
    breakdown: dict[str, dict[str, Sum]]
    """By axis and key; the key of what is not stated is empty."""


def truth_at(world: World, instant: datetime) -> list[Truth]:
    lines = {wallet.account: _account_lines(world, wallet, instant) for wallet in world.wallets}
    lines |= {custody.account: (in_custody(world, custody, instant), 0) for custody in world.custodies}
    lines |= {one.account: (security_lines(world, one, instant), 0) for one in world.participants}
    lines |= {fund.account: (fund_lines(world, fund, instant), 0) for fund in world.funds}
    return [_truth(world, portfolio, lines) for portfolio in world.portfolios]


def _truth(world: World, portfolio: Portfolio, lines: dict[str, tuple[list[Line], int]]) -> Truth:
    wallets = {wallet.account for wallet in members(world, portfolio)}
    custodies = {custody.account for custody in portfolio.custodies}
    participants = {participant.account for participant in portfolio.participants}
    funds = {fund.account for fund in portfolio.funds}
    accounts = sorted(wallets | custodies | participants | funds)
    counted = [line for account in accounts for line in lines[account][0]]
    whole = _sum(counted)
    return Truth(
        tenant=portfolio.tenant,
        id=portfolio.id,
        net=whole.net,
        assets=whole.assets,
        debt=whole.debt,
        lines=whole.lines,
        lines_unpriced=whole.lines_unpriced,
        lines_excluded=sum(lines[account][1] for account in accounts),
        breakdown={axis: _broken_down(counted, axis) for axis in AXES},
    )


def members(world: World, portfolio: Portfolio) -> list[Wallet]:
    """Its own wallets and those of nested portfolios; one that is reached twice is there twice."""
    nested = [other for other in world.portfolios if other.tenant == portfolio.tenant and other.id in portfolio.nested]
    return [*portfolio.wallets, *(wallet for other in nested for wallet in members(world, other))]


def _broken_down(lines: Iterable[Line], axis: str) -> dict[str, Sum]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.key(axis), []).append(line)
    return {key: _sum(groups[key]) for key in sorted(groups)}


def _sum(lines: Iterable[Line]) -> Sum:
    rows = list(lines)
    assets = total([line.value for line in rows if line.side == "asset" and line.value is not None])
    debt = total([line.value for line in rows if line.side == "debt" and line.value is not None])
    return Sum(
        net=plain(total([assets, debt.copy_negate()])),
        assets=plain(assets),
        debt=plain(debt),
        lines=len(rows),
        lines_unpriced=sum(line.value is None for line in rows),
    )


def _account_lines(world: World, wallet: Wallet, instant: datetime) -> tuple[list[Line], int]:
    """The lines that count, and how many do not."""
    defi = defi_lines(world, wallet, instant) if wallet.role.okx else []
    own = wallet_lines(world, wallet, instant) if wallet.chain.is_evm else []
    covered = _receipts(world, wallet) if wallet.role.okx else set()
    kept = [line for line in own if line.asset not in covered]
    return kept + defi, len(own) - len(kept)


def _receipts(world: World, wallet: Wallet) -> set[str]:
    return {position.receipt.asset for position in world.positions[wallet.account] if position.receipt is not None}


def wallet_lines(world: World, wallet: Wallet, instant: datetime) -> list[Line]:
    """What a node says of the coin and of the configured tokens: nothing of those it has none of."""
    block = block_at(wallet.chain, instant)
    lines = (_wallet_line(world, wallet, token, block.time) for token in TOKENS if token.chain is wallet.chain)
    return [line for line in lines if line is not None]


def _wallet_line(world: World, wallet: Wallet, token: Token, at: datetime) -> Line | None:
    amount = value = None
    if token.balance_of == "answers":
        raw = raw_amount(world, wallet.account, token, at)
        if raw == 0:
            return None
        amount, quote = to_units(raw, token), price_of(world, token, at)
        value = product(amount, quote.price) if quote is not None else None
    return Line(
        asset=token.asset,
        chain=wallet.chain.id,
        account=wallet.account,
        provider="evm",
        kind="wallet",
        amount=amount,
        value=value,
    )


def defi_lines(world: World, wallet: Wallet, instant: datetime) -> list[Line]:
    """Leg by leg, at the value stated; one line with a value alone for a platform without detail."""
    lines: list[Line] = []
    for state in positions_at(world, wallet.account, instant):
        if state.position.platform.detailed:
            lines += [_leg_line(wallet, state, leg) for leg in state.legs]
        else:
            lines.append(_value_only(wallet, state))
    return lines


def security_lines(world: World, participant: Participant, instant: datetime) -> list[Line]:
    """Wallet by wallet, what is free and what is frozen."""
    return [
        line
        for holdings in holdings_at(world.seed, participant, instant)
        for line in _security_lines(participant, holdings)
    ]


def _security_lines(participant: Participant, holdings: Holdings) -> list[Line]:
    """The stated value shared out by amount: each share cut, the last takes the rest."""
    parts = [
        (kind, amount)
        for one in holdings.wallets
        for kind, amount in (("wallet", EXACT.subtract(one.amount, one.frozen)), ("locked", one.frozen))
        if amount
    ]
    shares = [
        cut(EXACT.divide(EXACT.multiply(holdings.value, amount), holdings.amount), STORED_DECIMALS)
        for _, amount in parts
    ]
    shares[-1] = EXACT.subtract(holdings.value, total(shares[:-1]))
    return [
        Line(
            asset=holdings.security.asset,
            type=holdings.security.type,
            asset_class=holdings.security.asset_class,
            chain=SECURITIES_CHAIN.id,
            account=participant.account,
            provider="dalp",
            kind=kind,
            amount=amount,
            value=share,
        )
        for (kind, amount), share in zip(parts, shares, strict=True)
    ]


def fund_lines(world: World, fund: Wallet, instant: datetime) -> list[Line]:
    """At the newest block, at the value that Credmark states: a double."""
    at = block_at(fund.chain, instant).time
    stated = stated_tokens(
        lambda token: raw_amount(world, fund.account, token, at), lambda token: price_of(world, token, at)
    )
    return [
        Line(
            asset=one.token.asset,
            chain=fund.chain.id,
            account=fund.account,
            provider="credmark",
            kind="wallet",
            amount=one.amount,
            value=one.value,
        )
        for one in stated
    ]


def _leg_line(wallet: Wallet, state: PositionState, leg: LegState) -> Line:
    return Line(
        asset=leg.leg.token.asset,
        chain=wallet.chain.id,
        platform=state.position.platform.name,
        account=wallet.account,
        provider="okx",
        kind=leg.leg.kind,
        side="debt" if leg.leg.kind == "borrowed" else "asset",
        amount=leg.amount,
        value=leg.value,
    )


def _value_only(wallet: Wallet, state: PositionState) -> Line:
    return Line(
        chain=wallet.chain.id,
        platform=state.position.platform.name,
        account=wallet.account,
        provider="okx",
        kind="other",
        amount=None,
        value=state.value,
    )


def in_custody(world: World, custody: Custody, instant: datetime) -> list[Line]:
    """At the newest hour; in dollars at the custodian's own rate, which may be some minutes younger."""
    hour = hour_of(instant)
    rated = rated_at(hour, instant)
    return [
        Line(
            asset=f"bitpanda:{line.asset.symbol}",
            account=custody.account,
            provider="bitpanda",
            kind="wallet",
            amount=line.amount,
            value=converted(world.seed, line.amount, line.asset.symbol, "USD", rated)
            if line.amount is not None
            else None,
        )
        for line in custody_lines(world.seed, custody, hour)
    ]
