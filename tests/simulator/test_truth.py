"""The truth equals sums made by hand."""

from datetime import UTC, datetime
from decimal import Context, Decimal

from msgspec.structs import replace

from services.simulator.world.curves import Accrued, Fixed, Holding, reached
from services.simulator.world.instants import GENESIS
from services.simulator.world.numbers import plain
from services.simulator.world.platforms import AAVE, GMX
from services.simulator.world.portfolios import Portfolio
from services.simulator.world.positions import Leg, Position
from services.simulator.world.tokens import A_USDC, ETH, FINE, QUIET, TOKENS, USDC
from services.simulator.world.truth import AXES, truth_at
from services.simulator.world.world import World, build_world, price_of

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ONE_HOUR = datetime(2020, 1, 1, 1, tzinfo=UTC)
DEMO = build_world(seed=7)
WIDE = Context(prec=200)


def fixed(raw: int) -> Holding:
    return Holding(plus=(Fixed(raw=raw),))


def tiny_world() -> World:
    """One wallet: 2 ETH, 1,000 QUIET, 10⁻³⁰ FINE, 500 aEthUSDC; 500 USDC lent, 1 ETH owed; 3 USDC staked at GMX."""
    wallet = DEMO.wallets[0]
    lending = Position(
        id=1,
        name="lending",
        platform=AAVE,
        kind="deposit",
        legs=(
            Leg(token=USDC, kind="deposit", holding=fixed(500 * 10**6)),
            Leg(token=ETH, kind="borrowed", holding=fixed(10**18)),
        ),
        receipt=A_USDC,
        shares=fixed(500 * 10**6),
    )
    stake = Position(
        id=2,
        name="stake",
        platform=GMX,
        kind="staked",
        legs=(Leg(token=USDC, kind="staked", holding=fixed(3 * 10**6)),),
    )
    return replace(
        DEMO,
        wallets=(wallet,),
        positions={wallet.account: (lending, stake)},
        holdings={
            (wallet.account, ETH.asset): fixed(2 * 10**18),
            (wallet.account, QUIET.asset): fixed(1000 * 10**18),
            (wallet.account, FINE.asset): fixed(1),
            (wallet.account, A_USDC.asset): fixed(500 * 10**6),
        },
        portfolios=(
            Portfolio(tenant="t", id="inner", name="Inner", wallets=(wallet,)),
            Portfolio(tenant="t", id="outer", name="Outer", wallets=(wallet,), nested=("inner",)),
        ),
    )


def usd(token_price: Decimal, amount: int) -> Decimal:
    return WIDE.multiply(token_price, Decimal(amount))


def test_the_truth_of_a_tiny_world_equals_a_sum_by_hand() -> None:
    world = tiny_world()
    ether, dollar = price_of(world, ETH, NOON), price_of(world, USDC, NOON)
    assert ether is not None
    assert dollar is not None
    # 10⁻³⁰ of a token at 0.0007… is below 10⁻³³: thirty-six decimals keep only its first digits.
    dust = Decimal(10) ** -30 * price_of(world, FINE, NOON).price  # type: ignore[union-attr]
    dust = Decimal(int(dust.scaleb(36))).scaleb(-36)
    assert 0 < dust < Decimal("1e-33")
    assets = WIDE.add(WIDE.add(usd(ether.price, 2), usd(dollar.price, 503)), dust)
    truth = truth_at(world, NOON)[0]
    assert truth.assets == plain(assets)
    assert truth.debt == plain(ether.price)
    assert truth.net == plain(WIDE.subtract(assets, ether.price))
    # ETH, QUIET, FINE, two broken tokens, two legs, one value; the receipt is out.
    assert (truth.lines, truth.lines_unpriced, truth.lines_excluded) == (8, 3, 1)
    assert truth.breakdown["side"]["debt"].debt == plain(ether.price)
    assert truth.breakdown["asset"][""].net == plain(usd(dollar.price, 3))
    assert truth.breakdown["platform"]["Aave V3"].net == plain(WIDE.subtract(usd(dollar.price, 500), ether.price))
    assert truth.breakdown["kind"]["wallet"].lines == 5
    assert truth.breakdown["asset"][QUIET.asset].lines_unpriced == 1


def test_an_account_reached_twice_counts_once() -> None:
    inner, outer = truth_at(tiny_world(), NOON)
    assert outer.net == inner.net
    assert outer.lines == inner.lines


def test_every_breakdown_adds_up_to_the_total() -> None:
    for truth in truth_at(DEMO, NOON):
        assert set(truth.breakdown) == set(AXES)
        for parts in truth.breakdown.values():
            for field in ("net", "assets", "debt"):
                summed = Decimal(0)
                for part in parts.values():
                    summed = WIDE.add(summed, Decimal(getattr(part, field)))
                assert plain(summed) == getattr(truth, field)
            assert sum(part.lines for part in parts.values()) == truth.lines
            assert sum(part.lines_unpriced for part in parts.values()) == truth.lines_unpriced


def test_the_group_counts_the_wallet_that_two_of_its_portfolios_share_once() -> None:
    by_id = {truth.id: truth for truth in truth_at(DEMO, NOON)}
    assert len(by_id["group"].breakdown["account"]) == 12
    assert Decimal(by_id["group"].net) < Decimal(by_id["treasury"].net) + Decimal(by_id["trading"].net) + Decimal(
        by_id["group"].net
    )
    assert len(by_id["treasury"].breakdown["account"]) + len(by_id["trading"].breakdown["account"]) == 10
    assert by_id["treasury"].lines_excluded > 0
    assert Decimal(by_id["treasury"].debt) > 0


def test_interest_grows_by_simple_interest_from_genesis() -> None:
    loan = Accrued(principal=10**18, yearly_ppm=100_000)
    assert reached(7, loan, GENESIS) == 10**18
    # One hour of a tenth a year: 10^17 / 8,760.
    assert reached(7, loan, ONE_HOUR) == 10**18 + 10**17 // 8760


def test_numbers_have_at_most_36_decimals_and_some_use_them_all() -> None:
    nets = [part.net for truth in truth_at(DEMO, NOON) for part in truth.breakdown["asset"].values()]
    decimals = [len(net.partition(".")[2]) for net in nets]
    assert max(decimals) == 36


def test_every_token_of_a_broken_contract_is_a_line_without_a_value() -> None:
    broken = [token.asset for token in TOKENS if token.balance_of != "answers"]
    group = next(truth for truth in truth_at(DEMO, NOON) if truth.id == "group")
    for asset in broken:
        part = group.breakdown["asset"][asset]
        assert part.lines == part.lines_unpriced == 6
