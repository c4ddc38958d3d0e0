"""OKX's token clusters on the wire: what is rendered is read, and so is every shape that was seen anywhere."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.providers.kit.strict_json import decode
from holdfast.providers.okx import wire
from tests.support.okx_examples import CLUSTERS_EXAMPLE, OLDER_OVERVIEW_EXAMPLE, OVERVIEW_EXAMPLE

texts = st.text(st.characters(codec="utf-8"), max_size=12).filter(lambda text: text != "--")
numbers = st.decimals(-(10**20), 10**30, allow_nan=False, places=33).map(lambda n: format(n, "f")) | st.just("")
flags = st.none() | st.booleans()
trends = st.lists(st.sampled_from(("buy", "sell", "neutral", "transfer", "transferIn", "new")), max_size=3).map(tuple)
times = st.just("") | st.integers(1, 2**50).map(str)
holders = st.builds(
    wire.ClusterHolder,
    address=texts.filter(bool),
    holding_amount=numbers,
    holding_value_usd=numbers,
    holding_percent=numbers,
    average_holding_period=numbers,
    last_active_timestamp=times,
    is_contract=flags,
    is_exchange=flags,
    is_kol=flags,
    address_rank=times,
)
clusters = st.builds(
    wire.HolderCluster,
    holding_amount=numbers,
    holding_percent=numbers,
    trend_type=trends,
    pnl_usd=numbers,
    last_active_timestamp=times,
    cluster_address_list=st.lists(holders, max_size=2).map(tuple),
)
overviews = st.builds(
    wire.HolderOverview, cluster_concentration=texts, top_100_holdings_percent=numbers, rug_pull_percent=numbers
)
groups = st.builds(
    wire.TopHolders, holding_amount=numbers, cluster_trend_type=trends, average_buy_price_percent=numbers
)
chains = st.builds(wire.SupportedChain, chain_index=times.filter(bool), chain_name=texts, chain_logo=texts)


def answered(data: Any) -> object:
    envelope = wire.to_envelope(decode(msgspec.json.encode(wire.market_answer(data))))
    assert envelope.is_ok
    return envelope.data


@given(value=st.lists(clusters, max_size=3).map(tuple))
def test_clusters_are_read_as_they_were_rendered(value: tuple[wire.HolderCluster, ...]) -> None:
    assert wire.to_clusters(answered(wire.clusters_json(value))) == value


@given(value=overviews)
def test_overviews_are_read_as_they_were_rendered(value: wire.HolderOverview) -> None:
    assert wire.to_overview(answered(wire.overview_json(value))) == value


@given(value=groups)
def test_top_holders_are_read_as_they_were_rendered(value: wire.TopHolders) -> None:
    assert wire.to_top_holders(answered(wire.top_holders_json(value))) == value


@given(value=st.lists(chains, max_size=3).map(tuple))
def test_chains_are_read_as_they_were_rendered(value: tuple[wire.SupportedChain, ...]) -> None:
    assert wire.to_chains(answered(wire.chains_json(value))) == value


def test_the_documentations_example_is_read_without_loss_and_rendered_word_for_word() -> None:
    read = wire.to_clusters(wire.to_envelope(decode(msgspec.json.encode(CLUSTERS_EXAMPLE))).data)
    assert read is not None
    assert wire.clusters_json(read) == CLUSTERS_EXAMPLE["data"]
    assert wire.market_answer(wire.clusters_json(read)) == CLUSTERS_EXAMPLE


@pytest.mark.parametrize("example", [OLDER_OVERVIEW_EXAMPLE, OVERVIEW_EXAMPLE])
def test_both_generations_of_the_overview_are_read(example: dict[str, Any]) -> None:
    envelope = wire.to_envelope(decode(msgspec.json.encode(example)))
    read = wire.to_overview(envelope.data)
    assert envelope.is_ok
    assert read is not None
    stated = example["data"][0] if isinstance(example["data"], list) else example["data"]
    by_name = {name.lower(): text for name, text in stated.items()}
    assert {name.lower(): text for name, text in wire.overview_json(read).items()} == by_name


ROW = {"holdingAmount": "1"}


@pytest.mark.parametrize("name", ["clustList", "clusterList"])
@pytest.mark.parametrize("wrapped", [True, False])
def test_the_list_is_read_under_both_names_and_in_both_nestings(name: str, wrapped: bool) -> None:
    data = [{name: [ROW]}] if wrapped else {name: [ROW]}
    assert wire.to_clusters(data) == (wire.HolderCluster(holding_amount="1"),)
    assert wire.to_clusters([{name: []}] if wrapped else {name: []}) == ()


def test_a_name_without_a_value_beside_the_other_is_none() -> None:
    assert wire.to_clusters({"clustList": None, "clusterList": [ROW]}) == (wire.HolderCluster(holding_amount="1"),)


@pytest.mark.parametrize("nothing", [None, {}, [], [None], [{}]])
def test_nothing_said_is_not_an_empty_list(nothing: object) -> None:
    assert wire.to_clusters(nothing) is None
    assert wire.to_overview(nothing) is None
    assert wire.to_top_holders(nothing) is None


@pytest.mark.parametrize("said", [{"trendType": "buy"}, "buy", ["buy"], ["buy", "", None], {"trendType": ["buy"]}])
def test_a_trend_is_read_in_every_shape(said: object) -> None:
    read = wire.to_clusters({"clustList": [{"trendType": said}]})
    assert read is not None
    assert read[0].trend_type == ("buy",)
    group = wire.to_top_holders({"clusterTrendType": said})
    assert group is not None
    assert group.cluster_trend_type == ("buy",)


@pytest.mark.parametrize("nothing", ["", "--", None])
def test_what_has_no_value_is_empty(nothing: str | None) -> None:
    row = {"holdingAmount": nothing, "trendType": nothing, "lastActiveTimestamp": nothing}
    assert wire.to_clusters({"clustList": [row]}) == (wire.HolderCluster(),)


@pytest.mark.parametrize(
    "data", [{"list": []}, {"clustList": None}, {"clustList": {}}, "x", 1, [[]], [1], [{"clustList": []}] * 2]
)
def test_another_shape_is_refused_rather_than_read_as_nothing(data: object) -> None:
    with pytest.raises(wire.ShapeError):
        wire.to_clusters(data)
