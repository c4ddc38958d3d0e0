"""Who holds a token together: the `data` of `/api/v6/dex/market/token/cluster/…`.

One documentation, several generations: the list is called clustList or clusterList and comes as an object
or as an array of one; trends are an object, a text or an array of texts; an overview's first letter is a
capital or not. All of these are read. Numbers are text and stay it here; "--" is "no value".
Source: OKX OnchainOS documentation, "Get Token Cluster List", "Overview" and "Top Holders".
"""

from typing import Any

from msgspec import Struct

from holdfast.providers.okx.wire.reading import ShapeError, to_struct


class ClusterHolder(Struct, frozen=True, kw_only=True, rename="camel"):
    """One address of a cluster."""

    address: str
    holding_amount: str = ""
    holding_value_usd: str = ""
    holding_percent: str = ""
    average_holding_period: str = ""
    last_active_timestamp: str = ""
    """Unix milliseconds."""
    is_contract: bool | None = None
    is_exchange: bool | None = None
    is_kol: bool | None = None
    address_rank: str = ""
    """Among all holders, from 1."""


class HolderCluster(Struct, frozen=True, kw_only=True, rename="camel"):
    holding_amount: str = ""
    holding_value_usd: str = ""
    holding_percent: str = ""
    trend_type: tuple[str, ...] = ()
    average_holding_period: str = ""
    pnl_usd: str = ""
    pnl_percent: str = ""
    buy_volume: str = ""
    average_buy_price_usd: str = ""
    sell_volume: str = ""
    average_sell_price_usd: str = ""
    last_active_timestamp: str = ""
    cluster_address_list: tuple[ClusterHolder, ...] = ()


class HolderOverview(Struct, frozen=True, kw_only=True, rename="camel"):
    cluster_concentration: str = ""
    """Low, Medium or High, in any case."""
    top_100_holdings_percent: str = ""
    rug_pull_percent: str = ""
    holder_new_address_percent: str = ""
    holder_same_fund_source_percent: str = ""
    holder_same_creation_time_percent: str = ""


class TopHolders(Struct, frozen=True, kw_only=True, rename="camel"):
    """The 10, 50 or 100 greatest holders, taken together."""

    holding_amount: str = ""
    holding_percent: str = ""
    cluster_trend_type: tuple[str, ...] = ()
    average_holding_period: str = ""
    average_pnl_usd: str = ""
    average_buy_price_usd: str = ""
    average_buy_price_percent: str = ""
    """How far it is from the current price."""
    average_sell_price_usd: str = ""
    average_sell_price_percent: str = ""


class SupportedChain(Struct, frozen=True, kw_only=True, rename="camel"):
    chain_index: str
    chain_name: str = ""
    chain_logo: str = ""


def to_clusters(data: object) -> tuple[HolderCluster, ...] | None:
    """None where OKX has nothing to say of the token: null, [] or {}. Raises ShapeError.

    An empty list is something else: a token whose holders form no clusters. An object without a list is
    refused: a renamed field must not look like either.
    """
    whole = _one(data, "cluster list")
    if whole is None:
        return None
    named = [whole[name] for name in ("clustList", "clusterList") if whole.get(name) is not None]
    if len(named) != 1 or not isinstance(named[0], list):
        raise ShapeError("data: expected one list, called clustList or clusterList")
    return tuple(to_struct(_with_trends(cluster, "trendType"), HolderCluster) for cluster in named[0])


def to_overview(data: object) -> HolderOverview | None:
    """None for null, [] or {}. Raises ShapeError."""
    whole = _one(data, "cluster overview")
    if whole is None:
        return None
    if "ClusterConcentration" in whole:
        whole = {"clusterConcentration": whole["ClusterConcentration"]} | whole
    _refuse_stranger(whole, HolderOverview, "cluster overview")
    return to_struct(whole, HolderOverview)


def to_top_holders(data: object) -> TopHolders | None:
    """None for null, [] or {}. Raises ShapeError."""
    whole = _one(data, "top holders")
    if whole is None:
        return None
    _refuse_stranger(whole, TopHolders, "top holders")
    return to_struct(_with_trends(whole, "clusterTrendType"), TopHolders)


def to_chains(data: object) -> tuple[SupportedChain, ...]:
    """Raises ShapeError."""
    if data in (None, {}):
        return ()
    if not isinstance(data, list):
        raise ShapeError("data: expected a list of chains")
    return tuple(to_struct(chain, SupportedChain) for chain in data)


def clusters_json(clusters: tuple[HolderCluster, ...]) -> Any:
    """As the documentation of the list has it: an array of one object."""
    return [{"clustList": [_cluster_json(cluster) for cluster in clusters]}]


def overview_json(overview: HolderOverview) -> Any:
    return _spelled(overview)


def top_holders_json(group: TopHolders) -> Any:
    return _spelled(group)


def chains_json(chains: tuple[SupportedChain, ...]) -> Any:
    return [_spelled(chain, nothing="") for chain in chains]


def _cluster_json(cluster: HolderCluster) -> Any:
    """One trend is an object; several, which this list has no shape for, are an array as of top holders."""
    trends = cluster.trend_type
    return _spelled(cluster) | {
        "trendType": list(trends) if len(trends) > 1 else {"trendType": trends[0] if trends else "--"},
        "clusterAddressList": [_spelled(holder) for holder in cluster.cluster_address_list],
    }


def _spelled(value: Struct, *, nothing: str = "--") -> dict[str, Any]:
    """Its fields under OKX's names; text without a value is spelled as OKX does."""
    texts: dict[str, Any] = {}
    for field, name in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        item = getattr(value, field)
        texts[name] = list(item) if isinstance(item, tuple) else nothing if item == "" else item
    return texts


def _one(data: object, what: str) -> dict[str, Any] | None:
    """The object of an answer, also where it is wrapped in an array; None where there is none."""
    if isinstance(data, list) and len(data) <= 1:
        data = data[0] if data else None
    if data is None or data == {}:
        return None
    if not isinstance(data, dict):
        raise ShapeError(f"data: expected the object of a {what}")
    return data


def _with_trends(of: object, name: str) -> object:
    """The same with its trends as an array of texts, whichever of three shapes they came in."""
    if not isinstance(of, dict):
        return of
    said = of.get(name)
    if isinstance(said, dict):
        said = said.get(name, said.get("trendType"))
    texts = said if isinstance(said, list) else [said]
    return of | {name: [text for text in texts if text not in (None, "", "--")]}


def _refuse_stranger(whole: dict[str, Any], kind: type[Struct], what: str) -> None:
    """All of its fields may be absent, but not all at once: that is another object."""
    if not whole.keys() & set(kind.__struct_encode_fields__):
        raise ShapeError(f"data: none of the fields of a {what} is in it")
