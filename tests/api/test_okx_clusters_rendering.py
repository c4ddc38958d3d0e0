"""What the cluster dialect renders of any statement, the provider reads as that statement: no server, no tables."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.clusters import Cluster, ClusterAddress, ClusterOverview, HolderGroup
from holdfast.providers.kit.strict_json import decode
from holdfast.providers.okx import holders, wire
from holdfast.providers.okx.settings import ClusterSettings
from services.api.dialects.okx import clusters as dialect
from services.api.dialects.okx.statements import AddressRow, ClusterRow, GroupRow, Statement

AS_SERVED = ClusterSettings(share_scale="percent", change_scale="percent")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

numbers = st.none() | st.decimals(0, Decimal(10) ** 37, allow_nan=False, places=36)
signed = st.none() | st.decimals(-(10**30), 10**30, allow_nan=False, places=20)
flags = st.none() | st.booleans()
trends = st.lists(st.sampled_from(("buy", "sell", "neutral", "transfer", "transfer_in")), max_size=5, unique=True)
times = st.none() | st.integers(1_230_768_000_001, 9_999_999_999_999).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
addresses = st.builds(
    ClusterAddress,
    address=st.binary(min_size=20, max_size=20).map(lambda raw: f"0x{raw.hex()}"),
    amount=numbers,
    value_usd=numbers,
    share=numbers,
    average_holding_s=numbers,
    last_active_at=times,
    is_contract=flags,
    is_exchange=flags,
    is_kol=flags,
    rank=st.none() | st.integers(1, 2**32 - 1),
)
clusters = st.builds(
    Cluster,
    amount=numbers,
    value_usd=numbers,
    share=numbers,
    trends=trends.map(lambda some: tuple(some[:1])),
    average_holding_s=numbers,
    pnl_usd=signed,
    pnl_ratio=signed,
    buy_volume_usd=numbers,
    average_buy_price_usd=numbers,
    sell_volume_usd=numbers,
    average_sell_price_usd=numbers,
    last_active_at=times,
    addresses=st.lists(addresses, max_size=3).map(tuple),
)
groups = st.builds(
    HolderGroup,
    holders=st.sampled_from((10, 50, 100)),
    amount=numbers,
    share=numbers,
    trends=trends.map(tuple),
    average_holding_s=numbers,
    average_pnl_usd=signed,
    average_buy_price_usd=numbers,
    average_buy_distance=signed,
    average_sell_price_usd=numbers,
    average_sell_distance=signed,
)
overviews = st.builds(
    ClusterOverview,
    concentration=st.sampled_from((None, "Low", "Medium", "High")),
    top_100_share=numbers,
    rug_pull_ratio=numbers,
    new_holder_ratio=numbers,
    same_fund_source_ratio=numbers,
    same_creation_time_ratio=numbers,
)


def over_the_wire(value: Any) -> object:
    return wire.to_envelope(decode(msgspec.json.encode(wire.market_answer(value)))).data


def stored(of: msgspec.Struct, *leaving: str, **more: Any) -> dict[str, Any]:
    """The columns of its row: decimals as text, as the warehouse answers them."""
    columns = {name: value for name, value in msgspec.structs.asdict(of).items() if name not in leaving}
    texts = {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in columns.items()}
    if "last_active_at" in texts:
        at = texts.pop("last_active_at")
        texts["last_active_ms"] = None if at is None else (at - EPOCH) // timedelta(milliseconds=1)
    return texts | more


@settings(max_examples=60, deadline=None)
@given(said=st.lists(clusters, max_size=3).map(tuple))
def test_clusters_are_read_as_they_were_stored(said: tuple[Cluster, ...]) -> None:
    rows = [
        ClusterRow(**stored(one, "addresses", cluster=place, trends=list(one.trends))) for place, one in enumerate(said)
    ]
    members = [
        AddressRow(**stored(address, "rank", cluster=place, holder_rank=address.rank))
        for place, one in enumerate(said)
        for address in one.addresses
    ]
    read = wire.to_clusters(over_the_wire(wire.clusters_json(dialect.to_clusters(rows, members))))
    assert read is not None
    assert tuple(holders.to_cluster(one, AS_SERVED) for one in read) == said


@given(said=groups)
def test_the_greatest_holders_are_read_as_they_were_stored(said: HolderGroup) -> None:
    row = GroupRow(**stored(said, trends=list(said.trends)))
    read = wire.to_top_holders(over_the_wire(wire.top_holders_json(dialect.to_top_holders(row))))
    assert read is not None
    assert holders.to_group(read, said.holders, AS_SERVED) == said


@given(said=overviews)
def test_an_overview_is_read_as_it_was_stored(said: ClusterOverview) -> None:
    key = {"tenant": "acme", "provider": "okx", "observed_at": EPOCH, "event_id": "", "has_overview": True}
    row = Statement(**stored(said, **key))
    read = wire.to_overview(over_the_wire(wire.overview_json(dialect.to_overview(row))))
    assert read is not None
    assert holders.to_overview(read, AS_SERVED) == said
