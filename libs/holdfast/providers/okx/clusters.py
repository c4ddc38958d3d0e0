"""Feed `clusters`: who holds a token together, as one complete statement about one token.

The list of clusters, then (unless the settings say no) the overview and the greatest 10, 50 and 100
holders. A token of which OKX says nothing at all has no statement, which is not one without clusters. The
chains that OKX can look into are asked for first, once a day.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from holdfast.domain.assets import AssetIdError, parse_asset
from holdfast.domain.clusters import ClusterOverview, HolderGroup, TokenClusters
from holdfast.domain.time import Clock
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.exact import UnreadableNumberError
from holdfast.providers.okx import holders
from holdfast.providers.okx.client import OkxClient
from holdfast.providers.okx.scales import ScaleError, check_scales
from holdfast.providers.okx.settings import ClusterSettings
from holdfast.providers.okx.wire import (
    HOLDERS_BY_RANGE,
    ClusterRequest,
    HolderCluster,
    ShapeError,
    UnknownChainError,
    index_of,
    to_chains,
    to_clusters,
    to_envelope,
    to_overview,
    to_top_holders,
)

_CHAINS_LAST = timedelta(days=1)


class ClusterFeed:
    """One for a process: it remembers which chains there are."""

    def __init__(self, client: OkxClient, settings: ClusterSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._chains: frozenset[str] = frozenset()
        self._chains_until: datetime | None = None
        self._asking = asyncio.Lock()

    async def fetch(self, target: Target) -> Fetched:
        """Raises ProviderError."""
        request = to_request(target.target)
        await self._check_chain(request)
        answer = await self._client.fetch_clusters("list", request)
        listed = _to_listed(answer)
        if listed is None:
            return Fetched()
        parts = [part async for part in self._fetch_parts(request)]
        try:
            statement = self._to_statement(target.target, answer, listed, parts)
            check_scales(statement, self._settings)
        except (ShapeError, UnreadableNumberError, ScaleError) as error:
            raise answer.unexpected(f"token clusters: {error}") from error
        return Fetched(clusters=(statement,))

    async def _fetch_parts(self, request: ClusterRequest) -> AsyncIterator[tuple[ClusterOverview | HolderGroup, str]]:
        """What is told beside the list, each with the hash of the body that tells it."""
        if self._settings.overview:
            answer = await self._client.fetch_clusters("overview", request)
            if (overview := _to_overview(answer, self._settings)) is not None:
                yield overview, answer.sha256
        for range_filter, count in HOLDERS_BY_RANGE.items() if self._settings.top_holders else ():
            answer = await self._client.fetch_clusters("top-holders", request, range_filter=range_filter)
            if (group := _to_group(answer, count, self._settings)) is not None:
                yield group, answer.sha256

    def _to_statement(
        self,
        token: str,
        answer: Answer,
        listed: tuple[HolderCluster, ...],
        parts: list[tuple[ClusterOverview | HolderGroup, str]],
    ) -> TokenClusters:
        """As of the list's own request: OKX states no instant."""
        return TokenClusters(
            token=token,
            observed_at=answer.sent_at,
            clusters=tuple(holders.to_cluster(cluster, self._settings) for cluster in listed),
            overview=next((part for part, _ in parts if isinstance(part, ClusterOverview)), None),
            top_holders=tuple(part for part, _ in parts if isinstance(part, HolderGroup)),
            raw=tuple(dict.fromkeys((answer.sha256, *(sha256 for _, sha256 in parts)))),
        )

    async def _check_chain(self, request: ClusterRequest) -> None:
        """Raises UnexpectedResponseError for a chain that OKX does not list; if it lists none, it is asked anyway."""
        async with self._asking:
            if self._chains_until is None or self._clock.now() >= self._chains_until:
                self._chains = _to_indexes(await self._client.fetch_cluster_chains())
                self._chains_until = self._clock.now() + _CHAINS_LAST
        if self._chains and request.chain_index not in self._chains:
            raise UnexpectedResponseError(
                f"OKX has no token clusters on the chain {request.chain_index}: remove the feed of this token"
            )


def to_request(token: str) -> ClusterRequest:
    """Of a CAIP-19 token, as `eip155:1/erc20:0x…`. Raises UnexpectedResponseError."""
    try:
        canonical = parse_asset(token)
        chain, slash, rest = canonical.partition("/")
        kind, _, reference = rest.partition(":")
        if not slash or kind == "slip44" or canonical != token:
            raise AssetIdError(f"expected a token as eip155:1/erc20:0x…, in lower case: {token[:160]!r}")
        return ClusterRequest(chain_index=index_of(chain), token_contract_address=reference)
    except (AssetIdError, UnknownChainError) as error:
        raise UnexpectedResponseError(f"not a token that OKX could know: {error}") from error


def _to_listed(answer: Answer) -> tuple[HolderCluster, ...] | None:
    try:
        return to_clusters(to_envelope(answer.json()).data)
    except ShapeError as error:
        raise answer.unexpected(f"cluster list: {error}") from error


def _to_overview(answer: Answer, settings: ClusterSettings) -> ClusterOverview | None:
    try:
        overview = to_overview(to_envelope(answer.json()).data)
        return None if overview is None else holders.to_overview(overview, settings)
    except (ShapeError, UnreadableNumberError) as error:
        raise answer.unexpected(f"cluster overview: {error}") from error


def _to_group(answer: Answer, count: int, settings: ClusterSettings) -> HolderGroup | None:
    try:
        group = to_top_holders(to_envelope(answer.json()).data)
        return None if group is None else holders.to_group(group, count, settings)
    except (ShapeError, UnreadableNumberError) as error:
        raise answer.unexpected(f"top holders: {error}") from error


def _to_indexes(answer: Answer) -> frozenset[str]:
    try:
        return frozenset(chain.chain_index for chain in to_chains(to_envelope(answer.json()).data))
    except ShapeError as error:
        raise answer.unexpected(f"supported chains: {error}") from error
