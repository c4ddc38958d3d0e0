"""OKX's token clusters: who holds a token together. Everything but the statement's own time crosses this wire."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from holdfast.domain.money import EXACT
from holdfast.providers.kit.contract import Target
from holdfast.providers.okx.clusters import to_request
from holdfast.providers.okx.signing import sign
from holdfast.providers.okx.wire import cluster_target, to_clusters
from holdfast.registry.keys import derive_credentials
from services.local import probes
from services.local.comparing import Difference
from services.local.systems.bench import Bench, differing

PORTFOLIO = "group"
"""Whose key asks: market data is of no portfolio."""

_AS_SERVED = {"share_scale": "percent", "change_scale": "percent"}

Holdings = list[dict[str, Decimal | None]]
"""By cluster, the greatest first, what each address holds."""


async def fetched(bench: Bench) -> list[Difference]:
    differences: list[Difference] = []
    for token, clusters in bench.truth["clusters"].items():
        world = [{address: Decimal(amount) for address, amount in members.items()} for members in clusters]
        differences += _differing(token, world, await _ours(bench, token))
    return differences


async def served(bench: Bench) -> list[Difference]:
    """The list, with each cluster's total and its share in percent."""
    differences: list[Difference] = []
    for token in bench.truth["clusters"]:
        listed = to_clusters((await _ask(bench, token))["data"]) or ()
        shown: Holdings = [
            {holder.address: Decimal(holder.holding_amount) for holder in cluster.cluster_address_list}
            for cluster in listed
        ]
        differences += _differing(token, await _ours(bench, token), shown)
        totals = [(cluster.holding_amount, cluster.holding_percent) for cluster in listed]
        differences += differing(f"{token} totals of", _totals(await _clusters(bench, token)), _told(totals))
    return differences


async def round_trip(bench: Bench) -> list[Difference]:
    key = await bench.key(PORTFOLIO)
    credentials = derive_credentials(bench.master_key, key.id, dialect="okx")
    settings = {
        "base_url": bench.api_url,
        "api_key": key.id,
        "secret_key": credentials.secret.reveal(),
        "passphrase": credentials.passphrase.reveal(),
        "requests_per_second": 1000,
        "clusters": _AS_SERVED,
    }
    differences: list[Difference] = []
    for token in bench.truth["clusters"]:
        (again,) = (await bench.fetch("okx", settings, Target(feed="clusters", target=token))).clusters
        read: Holdings = [{one.address: one.amount for one in cluster.addresses} for cluster in again.clusters]
        differences += _differing(token, await _ours(bench, token), read)
    return differences


async def _ours(bench: Bench, token: str) -> Holdings:
    """As `/v1` has it."""
    clusters: Holdings = []
    for one in await _all(bench, "clusters/addresses", token):
        while len(clusters) <= one["cluster"]:
            clusters.append({})
        clusters[one["cluster"]][one["address"]] = None if one["amount"] is None else Decimal(one["amount"])
    return clusters


async def _clusters(bench: Bench, token: str) -> list[dict[str, Any]]:
    return await _all(bench, "clusters", token)


async def _all(bench: Bench, what: str, token: str) -> list[dict[str, Any]]:
    """Every page."""
    headers = {"Authorization": f"Bearer {(await bench.key(PORTFOLIO)).presented}"}
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        url = f"{bench.api_url}/v1/{what}?token={quote(token, safe='')}&limit=500{cursor}"
        page = await probes.get_json(url, headers)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={quote(page['next_cursor'])}"


async def _ask(bench: Bench, token: str) -> Any:
    key = await bench.key(PORTFOLIO)
    credentials = derive_credentials(bench.master_key, key.id, dialect="okx")
    target = cluster_target("list", to_request(token))
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers = {
        "OK-ACCESS-KEY": key.id,
        "OK-ACCESS-PASSPHRASE": credentials.passphrase.reveal(),
        "OK-ACCESS-TIMESTAMP": at,
        "OK-ACCESS-SIGN": sign(credentials.secret.reveal(), timestamp=at, method="GET", path=target),
    }
    return await probes.get_json(bench.api_url + target, headers)


def _differing(
    token: str, expected: Sequence[Mapping[str, Any]], actual: Sequence[Mapping[str, Any]]
) -> list[Difference]:
    if len(expected) != len(actual):
        return list(differing(token, {"clusters": len(expected)}, {"clusters": len(actual)}))
    return [
        difference
        for number, (ours, theirs) in enumerate(zip(expected, actual, strict=True))
        for difference in differing(f"{token} cluster {number}", ours, theirs)
    ]


def _totals(clusters: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Decimal, Decimal]]:
    return {
        str(one["cluster"]): (Decimal(one["amount"]), EXACT.multiply(Decimal(one["share"]), Decimal(100)))
        for one in clusters
    }


def _told(totals: Iterable[tuple[str, str]]) -> dict[str, tuple[Decimal, Decimal]]:
    return {str(number): (Decimal(amount), Decimal(share)) for number, (amount, share) in enumerate(totals)}
