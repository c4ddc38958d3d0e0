"""The world is a pure function of seed and instant, and nothing in it is made from nothing."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.accounts import parse_account
from holdfast.domain.assets import parse_asset
from services.simulator.world.curves import Bought, Holding, Moved, held, reached
from services.simulator.world.draws import digest
from services.simulator.world.instants import GENESIS, BeforeGenesisError
from services.simulator.world.prices import PricePath, price_at
from services.simulator.world.tokens import ETH, FINE, HOLD30, TOKENS
from services.simulator.world.world import (
    WorldTooSmallError,
    block_at,
    block_numbered,
    build_world,
    raw_amount,
    to_units,
)

WORLD = build_world(seed=7)
FUNDS = {fund.account for fund in WORLD.funds}
"""What comes and goes there comes from elsewhere."""
INSTANTS = st.integers(0, 20 * 366 * 86_400_000).map(lambda ms: GENESIS + timedelta(milliseconds=ms))
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)

PRINT_SOME = """
from datetime import UTC, datetime
from services.simulator.world.truth import truth_at
from services.simulator.world.world import build_world
print([truth.net for truth in truth_at(build_world(seed=7), datetime(2026, 3, 14, 12, tzinfo=UTC))])
"""


def test_another_process_sees_the_same_world() -> None:
    outputs = {
        subprocess.run([sys.executable, "-c", PRINT_SOME], capture_output=True, check=True, text=True).stdout
        for _ in range(2)
    }
    assert len(outputs) == 1
    assert "." in outputs.pop()


def test_another_seed_is_another_world() -> None:
    assert build_world(seed=8).wallets[0].address != WORLD.wallets[0].address


def test_a_larger_world_begins_with_the_wallets_of_a_smaller_one() -> None:
    larger = build_world(seed=7, wallets=40)
    assert larger.wallets[:12] == WORLD.wallets
    for wallet in WORLD.wallets:
        for token in TOKENS:
            assert raw_amount(larger, wallet.account, token, NOON) == raw_amount(WORLD, wallet.account, token, NOON)


def test_a_world_below_one_cohort_is_refused() -> None:
    with pytest.raises(WorldTooSmallError, match="12"):
        build_world(seed=7, wallets=11)


def test_every_account_and_asset_id_is_one_that_holdfast_accepts() -> None:
    for wallet in WORLD.wallets:
        assert parse_account(wallet.spelling).id == wallet.account
    for token in TOKENS:
        assert parse_asset(token.asset) == token.asset
        if token.address and token.chain.is_evm:
            parse_account(f"{token.chain.id}:{token.address}")


def test_the_cast_is_complete() -> None:
    assert {token.decimals for token in TOKENS} >= {0, 6, 8, 18, 30}
    assert {token.label for token in TOKENS} == {"string", "bytes32"}
    assert {token.balance_of for token in TOKENS} == {"answers", "reverts", "empty"}
    assert any(token.path is None for token in TOKENS)
    assert sum(not wallet.chain.is_evm for wallet in WORLD.wallets) == 1
    kinds = {leg.kind for positions in WORLD.positions.values() for one in positions for leg in one.legs}
    assert kinds == {"deposit", "borrowed", "staked", "locked", "liquidity", "reward", "vesting"}
    assert [chain.id for chain in WORLD.chains if not chain.multicall] == ["eip155:137"]
    assert any(portfolio.nested for portfolio in WORLD.portfolios)


@given(instant=INSTANTS)
def test_no_amount_is_ever_negative(instant: datetime) -> None:
    for holding in WORLD.holdings.values():
        assert held(WORLD.seed, holding, instant) >= 0


@given(instant=INSTANTS, later=INSTANTS)
def test_transfers_between_wallets_cancel(instant: datetime, later: datetime) -> None:
    """Over all wallets, what changed of an asset is what trades and receipts changed: transfers are not in it."""
    for asset in {transfer.token.asset for transfer in WORLD.transfers}:
        changed = sum(
            held(WORLD.seed, holding, later) - held(WORLD.seed, holding, instant)
            for (account, held_asset), holding in WORLD.holdings.items()
            if held_asset == asset and account not in FUNDS
        )
        traded = 0
        for trade in WORLD.trades:
            for sign, at in ((1, later), (-1, instant)):
                if trade.bought.asset == asset:
                    traded += sign * reached(WORLD.seed, trade.bargain, at)
                if trade.sold.asset == asset:
                    traded -= sign * reached(WORLD.seed, trade.bargain.sold, at)
        assert changed == traded


def test_transfers_and_trades_do_move_something() -> None:
    hours = [NOON + timedelta(hours=n) for n in range(48)]
    for transfer in WORLD.transfers:
        assert len({reached(WORLD.seed, transfer.moved, hour) for hour in hours}) > 2
    for trade in WORLD.trades:
        assert len({reached(WORLD.seed, trade.bargain, hour) for hour in hours}) > 10


@given(paid=st.integers(0, 10**24))
def test_a_pool_never_pays_out_more_than_its_product_allows(paid: int) -> None:
    sold = Moved(name="t", cap=paid, period_s=60)
    bargain = Bought(sold=sold, sold_reserve=10**24, bought_reserve=10**12)
    got, given_ = reached(1, bargain, NOON), reached(1, sold, NOON)
    assert (10**24 + given_) * (10**12 - got) >= 10**36
    assert (10**24 + given_) * (10**12 - got - 1) < 10**36


def test_what_a_wallet_holds_is_the_sum_of_its_terms() -> None:
    holding = Holding(
        plus=(Moved(name="in", cap=10**18, period_s=60),), minus=(Moved(name="in", cap=10**18, period_s=60),)
    )
    assert held(7, holding, NOON) == 0


def recomputed_price(path: PricePath, instant: datetime) -> Decimal:
    """The documented path, in fractions of its own: five waves of straight lines between drawn levels."""
    second = int(instant.timestamp()) - int(GENESIS.timestamp())
    second -= second % path.step_s
    departure = Fraction(0)
    for length, share in ((2_592_000, 40), (432_000, 25), (86_400, 18), (10_800, 11), (3_600, 6)):
        levels = [
            int.from_bytes(digest(7, f"price/{path.name}/{length}/{second // length + n}", 32), "big") % 2_000_001
            - 10**6
            for n in (0, 1)
        ]
        inside = second % length
        line = (levels[0] * (length - inside) + levels[1] * inside) // length
        departure += Fraction(share, 100) * Fraction(line, 10**6)
    exact = Fraction(path.base) * (1 + departure * Fraction(path.swing_ppm, 10**6))
    return Decimal(exact.numerator * 10**15 // exact.denominator).scaleb(-15)


@given(instant=INSTANTS)
def test_a_price_at_any_instant_equals_an_independent_recomputation(instant: datetime) -> None:
    for token in TOKENS:
        if token.path is not None:
            assert price_at(7, token.path, instant).price == recomputed_price(token.path, instant)


@given(instant=INSTANTS)
def test_a_price_is_that_of_the_start_of_its_step(instant: datetime) -> None:
    assert ETH.path is not None
    quote = price_at(7, ETH.path, instant)
    assert quote.at <= instant < quote.at + timedelta(seconds=ETH.path.step_s)
    assert price_at(7, ETH.path, quote.at) == quote
    assert quote.at.timestamp() % 60 == 0


@given(instant=INSTANTS)
def test_prices_stay_within_their_swing(instant: datetime) -> None:
    for token in TOKENS:
        if token.path is not None:
            swing = token.path.base * token.path.swing_ppm / 1_000_000
            assert abs(price_at(7, token.path, instant).price - token.path.base) <= swing


def test_before_genesis_there_is_nothing() -> None:
    assert ETH.path is not None
    with pytest.raises(BeforeGenesisError, match="2020"):
        price_at(7, ETH.path, GENESIS - timedelta(seconds=1))


@given(instant=INSTANTS)
def test_the_newest_block_is_at_most_one_block_time_old(instant: datetime) -> None:
    for chain in WORLD.chains:
        block = block_at(chain, instant)
        assert timedelta(0) <= instant - block.time < timedelta(seconds=chain.block_s)
        assert block_numbered(chain, block.number) == block


def test_units_are_exact_for_any_number_of_decimals() -> None:
    assert str(to_units(12, HOLD30)) == "12"
    assert str(to_units(12345678901234567890123456789012345678, FINE)) == "12345678.901234567890123456789012345678"
