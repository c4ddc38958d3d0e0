"""What random worlds are made of: statements of accounts and prices, as messages."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

from holdfast.domain.balances import Balance, Snapshot, snapshot_id
from holdfast.domain.prices import Price
from holdfast.domain.sources import Source
from holdfast.events import BalancesObserved, PricesObserved
from holdfast.events.splitting import split_balances

START = datetime(2026, 1, 30, 22, 10, tzinfo=UTC)  # over the end of a month, so of a partition
ETH, USDC, RECEIPT, EUR, GBP, USD = (
    "eip155:1/slip44:60",
    "eip155:1/erc20:0x" + "c" * 40,
    "eip155:1/erc20:0x" + "e" * 40,
    "iso4217:EUR",
    "iso4217:GBP",
    "iso4217:USD",
)
ACCOUNTS = ("eip155:1:0x" + "1" * 40, "eip155:1:0x" + "2" * 40, "bank:user-7")
SCOPES = (("okx", "defi"), ("evm", "wallet"))

minutes = st.sampled_from((0, 1, 20, 49, 50, 60, 110, 25 * 60, 24 * 60, 3 * 1440, 6 * 1440, 8 * 1440))
times = minutes.map(lambda minutes: START + timedelta(minutes=minutes))
_numbers = st.sampled_from(
    [
        Decimal(text)
        for text in (
            "0",
            "1",
            "2.5",
            "12345678901234567890.123456789012345678",
            "1e30",
            "3e-36",
            "0.1e-36",
            "1e-50",
            "9" * 39,
        )
    ]
) | st.decimals(min_value=0, max_value=10**9, places=18)
_maybe = st.none() | _numbers


class Place(NamedTuple):
    """What a statement is of. Two of one place: the one corrects the other."""

    account: str
    provider: str
    scope: str
    at: datetime


@st.composite
def places(draw: st.DrawFn) -> list[Place]:
    """Few, so that statements meet: of one place, of one account, of one hour."""
    accounts = draw(st.lists(st.sampled_from(ACCOUNTS), min_size=1, max_size=2, unique=True))
    instants = draw(st.lists(times, min_size=1, max_size=3, unique=True))
    return [Place(account, *scope, at) for account in accounts for scope in SCOPES for at in instants]


@st.composite
def balances(draw: st.DrawFn) -> Balance:
    amount, price, value = draw(_maybe), draw(st.none() | _numbers), draw(st.none() | _numbers)
    reason = draw(st.sampled_from((None,) * 6 + ("negative_amount", "excluded", "no_price")))
    if draw(st.booleans()):  # an amount alone: worth what the feeds say
        amount, price, value, reason = draw(_numbers), None, None, None
    return Balance(
        asset=draw(st.sampled_from((ETH, ETH, USDC, RECEIPT, EUR, USD, None))),
        kind=draw(st.sampled_from(("wallet", "deposit", "borrowed", "other"))),
        side=draw(st.sampled_from(("asset", "asset", "debt"))),
        amount=None if reason == "negative_amount" else amount,
        asset_type=draw(st.sampled_from(("crypto", "bond"))),
        platform=draw(st.sampled_from(("", "aave"))),
        chain=draw(st.sampled_from((None, "eip155:1"))),
        price=price,
        value=value,
        currency=draw(st.sampled_from((USD, USD, EUR, GBP))),
        reason="value_only" if reason is None and amount is None and value is not None else reason,
    )


def statement(place: Place, *, fetched_ms: int, lines: list[Balance], covers: tuple[str, ...] = ()) -> BalancesObserved:
    snapshot = Snapshot(
        account=place.account,
        scope=place.scope,
        observed_at=place.at,
        fetched_at=place.at + timedelta(milliseconds=fetched_ms),
        balances=tuple(lines),
        covers=covers,
    )
    source = Source(tenant="acme", provider=place.provider, account=place.account, scope=place.scope)
    identity = snapshot_id(source, snapshot)
    return BalancesObserved(
        id=identity,
        tenant="acme",
        provider=place.provider,
        account=place.account,
        scope=place.scope,
        snapshot_id=identity,
        observed_at=place.at,
        fetched_at=snapshot.fetched_at,
        job_id="0" * 32,
        balances=snapshot.balances,
        covers=covers,
        lines=len(lines),
    )


@st.composite
def snapshots(draw: st.DrawFn, place: Place) -> list[BalancesObserved]:
    """A whole snapshot, or all parts of one."""
    event = statement(
        place,
        fetched_ms=draw(st.integers(0, 3)),
        lines=draw(st.lists(balances(), min_size=draw(st.sampled_from((1, 2, 3, 0))), max_size=4)),
        covers=draw(st.sampled_from(((), (RECEIPT,), (RECEIPT, ETH)))),
    )
    return split_balances(event, draw(st.sampled_from((100_000, 1_300))))


@st.composite
def prices(draw: st.DrawFn) -> PricesObserved:
    stated = draw(
        st.lists(
            st.builds(
                Price,
                asset=st.sampled_from((ETH, ETH, USDC, RECEIPT, EUR, GBP)),
                quote=st.sampled_from((USD, USD, USD, EUR)),
                at=times | times.map(lambda at: at - timedelta(hours=25)),
                price=st.sampled_from(
                    [Decimal(text) for text in ("0", "1", "0.9990", "2000.123456789012345678", "1e-40", "1e12")]
                ),
                source=st.sampled_from(("feed_a", "feed_b", "feed_c")),
            ).filter(lambda price: price.asset != price.quote),
            min_size=1,
            max_size=3,
        )
    )
    number = draw(st.integers(0, 2**32))
    return PricesObserved(
        id=hashlib.sha256(f"{number}{stated}".encode()).hexdigest()[:32],
        tenant="public",
        provider="prices",
        fetched_at=START + timedelta(days=9, seconds=draw(st.integers(0, 2))),
        job_id="0" * 32,
        prices=tuple(stated),
    )
