"""What the holdings dialect renders of any positions, the provider reads as those positions: no server, no tables.

What this wire has no room for is not drawn: `margin` (read as `other`), rewards that state nothing, and rewards that
state a value alone.
"""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.money import EXACT
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.session import Request, build_session
from holdfast.providers.kit.strict_json import decode
from holdfast.providers.kit.testing import FakeClock, FakeUpstream, Reply
from holdfast.providers.okx import MANIFEST, build, wire
from holdfast.providers.okx.settings import OkxSettings
from holdfast.providers.okx.wire import GENERATIONS, Version
from holdfast.settings import Secret
from services.api.dialects.okx.holdings import Known, Line, parse_wallets
from services.api.dialects.okx.investments import to_details
from services.api.dialects.okx.platforms import to_holdings
from services.api.native.totals.current import CurrentSnapshot
from tests.api.world import AWETH, ETH, NOW, USDC, A

SOURCE = f"acme/okx/{A}/defi"
SNAPSHOT = CurrentSnapshot(
    source=SOURCE,
    account=A,
    scope="defi",
    observed_at="2026-03-01T11:10:00.000",
    snapshot_id="1",
    lines=1,
    covers=[AWETH],
)
SIDES = {"borrowed": "debt"}
KINDS = ("deposit", "liquidity", "staked", "borrowed", "locked", "vesting", "other")

numbers = st.decimals(0, 10**20, allow_nan=False, places=18).map(lambda number: format(number, "f"))
places = st.fixed_dictionaries(
    {
        "platform": st.sampled_from(("Aave V3", "Curve", "okx:77")),
        "position": st.sampled_from(("", "pool-1", "a/b")),
    }
)


def line(place: dict[str, str], kind: str, asset: str | None, amount: str | None, value: str | None) -> Line:
    symbol = {ETH: "ETH", USDC: "USDC"}.get(asset or "", "")
    return Line(
        source=SOURCE, account=A, asset=asset, symbol=symbol, chain="eip155:1", kind=kind,
        side=SIDES.get(kind, "asset"), amount=amount, value_usd=value, **place,
    )  # fmt: skip


lines = st.one_of(
    st.builds(line, places, st.sampled_from(KINDS), st.sampled_from((ETH, USDC)), numbers, st.none() | numbers),
    st.builds(line, places, st.sampled_from(KINDS), st.sampled_from((ETH, USDC)), st.none(), st.none() | numbers),
    st.builds(line, places, st.sampled_from(KINDS), st.none(), st.none(), numbers),
    st.builds(line, places, st.just("reward"), st.sampled_from((ETH, USDC)), numbers, st.none() | numbers),
)


@pytest.mark.parametrize("version", ["v5", "v6"])
@settings(max_examples=60, deadline=None)
@given(held=st.lists(lines, max_size=8))
def test_positions_are_read_as_they_were_stored(version: Version, held: list[Line]) -> None:
    fetched = asyncio.run(fetch(held, version))
    (snapshot,) = fetched.snapshots
    read = Counter(
        (one.asset, one.kind, one.side, one.amount, one.value, one.platform, one.position, one.symbol)
        for one in snapshot.balances
    )
    assert read == Counter(
        (
            one.asset,
            one.kind,
            one.side,
            number(one.amount),
            number(one.value_usd),
            one.platform,
            one.position,
            one.symbol,
        )
        for one in held
    )
    assert (snapshot.covers, snapshot.observed_at.isoformat()) == ((AWETH,), "2026-03-01T11:10:00+00:00")
    totals = {total.platform: total.total for total in fetched.totals}
    assert totals == {"": net(held) if held else Decimal(0)} | {
        name: net([one for one in held if one.platform == name]) for name in {one.platform for one in held}
    }


async def fetch(held: list[Line], version: Version) -> Fetched:
    """The provider over the dialect's own functions."""
    generation = GENERATIONS[version]

    def answer(request: Request) -> Reply:
        asked = decode(request.body)
        if request.url.endswith("list"):
            data = wire.to_json(to_holdings(known(wire.to_list_request(asked).wallet_address_list)), generation)
        else:
            wish = wire.to_detail_request(asked)
            details = to_details(known(wish.wallet_address_list), wish.platform_list)
            data = wire.to_json(details if generation.detail_in_list else details[0], generation)
        return Reply(body=msgspec.json.encode(wire.ok_answer(data, generation)))

    def known(wallets: Any) -> Known:
        return Known(asked=parse_wallets(wallets), snapshots=[SNAPSHOT], lines=held)

    clock = FakeClock(NOW)
    settings = OkxSettings(
        api_key=Secret("k" * 8), secret_key=Secret("s" * 8), passphrase=Secret("p" * 8), version=version,
        requests_per_second=1000,
    )  # fmt: skip
    session = build_session(MANIFEST, settings, clock, transport=FakeUpstream(answer))
    try:
        return await build(settings, session, clock).fetch(Target(feed="balances", target=A, scope="defi"))
    finally:
        await session.close()


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def net(some: list[Line]) -> Decimal | None:
    """Assets less debt of what has a value; None where nothing has."""
    values = [(one.side, Decimal(one.value_usd)) for one in some if one.value_usd is not None]
    if not values:
        return None
    total = Decimal(0)
    for side, value in values:
        total = EXACT.subtract(total, value) if side == "debt" else EXACT.add(total, value)
    return total
