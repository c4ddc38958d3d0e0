"""The `data` of each question about a token's holders, as of now or of `asOf`.

Of a token of which nothing was ever stated nothing is said, which is not a list without clusters.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from holdfast.providers.okx.assets import asset_of
from holdfast.providers.okx.wire import (
    HOLDERS_BY_RANGE,
    SupportedChain,
    UnknownChainError,
    chain_of,
    chains_json,
    clusters_json,
    index_of,
    name_of,
    overview_json,
    top_holders_json,
)
from services.api.callers import Caller
from services.api.dialects.okx import failures
from services.api.dialects.okx.clusters import to_clusters, to_overview, to_top_holders
from services.api.dialects.okx.failures import OkxError
from services.api.dialects.okx.statements import (
    Statement,
    read_addresses,
    read_chains,
    read_clusters,
    read_groups,
    read_statement,
)
from services.api.resources import Resources

Query = Mapping[str, str]
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing was said before it."""
_FIRST_MS, _LAST_MS = 10**11, 253_402_300_799_999
"""From 1973, before any token: fewer digits are seconds, and would be answered that nothing was known. To 9999."""


class ClusterAnswers:
    """Each raises OkxError for a parameter that is missing or does not fit."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def chains(self, caller: Caller, _query: Query) -> Any:
        indexes = [_index(chain) for chain in await read_chains(self._resources, caller)]
        return chains_json(tuple(SupportedChain(chain_index=one, chain_name=name_of(one)) for one in indexes if one))

    async def clusters(self, caller: Caller, query: Query) -> Any:
        token, statement = await self._find(caller, query)
        if statement is None:
            return []
        rows = await read_clusters(self._resources, token, statement)
        return clusters_json(to_clusters(rows, await read_addresses(self._resources, token, statement)))

    async def overview(self, caller: Caller, query: Query) -> Any:
        _, statement = await self._find(caller, query)
        return overview_json(to_overview(statement)) if statement is not None and statement.has_overview else {}

    async def top_holders(self, caller: Caller, query: Query) -> Any:
        count = HOLDERS_BY_RANGE.get(_required(query, "rangeFilter"))
        if count is None:
            raise OkxError(failures.WRONG_MARKET_PARAMETER, "Parameter rangeFilter error: 1, 2 or 3")
        token, statement = await self._find(caller, query)
        groups = await read_groups(self._resources, token, statement) if statement is not None else []
        return next((top_holders_json(to_top_holders(group)) for group in groups if group.holders == count), {})

    async def _find(self, caller: Caller, query: Query) -> tuple[str, Statement | None]:
        token, at = _token(query), _instant(query, self._resources.clock.now())
        return token, await read_statement(self._resources, caller, token, at)


def _token(query: Query) -> str:
    """CAIP-19."""
    index, address = _required(query, "chainIndex"), _required(query, "tokenContractAddress")
    try:
        token = asset_of(index_of(chain_of(index)), address, "")
    except UnknownChainError as error:
        raise OkxError(failures.WRONG_MARKET_PARAMETER, f"Parameter chainIndex error: {error}") from error
    if token is None or "/" not in token:
        raise OkxError(failures.WRONG_MARKET_PARAMETER, "Parameter tokenContractAddress error")
    return token


def _required(query: Query, name: str) -> str:
    if not query.get(name):
        raise OkxError(failures.EMPTY_PARAMETER, f"Parameter {name} can not be empty")
    return query[name]


def _instant(query: Query, now: datetime) -> datetime:
    """`asOf` as Unix milliseconds or ISO 8601 with its zone; now, where it is not given."""
    text = query.get("asOf", "")
    if not text:
        return now
    try:
        if text.isascii() and text.isdecimal() and _FIRST_MS <= int(text[:20]) <= _LAST_MS:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        at = datetime.fromisoformat(text.replace(" ", "+"))  # in a query a plus sign is a space
        if at.tzinfo is not None:
            return max(at.astimezone(UTC), _FIRST)
    except (ValueError, OverflowError):
        pass
    raise OkxError(failures.WRONG_MARKET_PARAMETER, "Parameter asOf error: Unix milliseconds, or ISO 8601 with a zone")


def _index(chain: str) -> str:
    """Empty where OKX has no number for it: then this wire cannot ask about it either."""
    try:
        return index_of(chain)
    except (UnknownChainError, ValueError):
        return ""
