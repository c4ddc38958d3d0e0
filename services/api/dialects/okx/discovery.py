"""`GET /api/v6/defi/product/supported-chains` and `supported-platforms`: those that the caller's accounts are on."""

from collections.abc import Iterable, Iterator
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from holdfast.domain.accounts import parse_account
from holdfast.providers.okx.wire import V6, UnknownChainError, index_of, name_of, ok_answer
from holdfast.registry.records import Account
from services.api.dialects.okx.admission import AnyRequest, Door
from services.api.dialects.okx.holdings import Line, counted_of, read_lines
from services.api.dialects.okx.platforms import count_investments, group_by_platform, platform_id
from services.api.native.totals.current import read_current
from services.api.resources import Resources


def build_discovery(resources: Resources, door: Door) -> list[HTTPRouteHandler]:
    @get("/api/v6/defi/product/supported-chains")
    async def supported_chains(request: AnyRequest) -> Response[Any]:
        caller, _ = await door.admit(request)
        indexes = sorted({index for _, index in _on_chains(caller.accounts(resources.registry))}, key=int)
        return Response(ok_answer([{"chainIndex": index, "network": name_of(index)} for index in indexes], V6))

    @get("/api/v6/defi/product/supported-platforms")
    async def supported_platforms(request: AnyRequest) -> Response[Any]:
        caller, _ = await door.admit(request)
        accounts = [account for account, _ in _on_chains(caller.accounts(resources.registry))]
        sources = counted_of(resources, caller, accounts)
        lines = await read_lines(resources, caller, await read_current(resources, sources))
        return Response(ok_answer([_platform(name, own) for name, own in group_by_platform(lines).items()], V6))

    return [supported_chains, supported_platforms]


def _on_chains(accounts: Iterable[Account]) -> Iterator[tuple[Account, str]]:
    """Those that this wire can ask about, with the number of their chain."""
    for account in accounts:
        if (index := _index(account)) is not None:
            yield account, index


def _index(account: Account) -> str | None:
    """None for an account that is on no chain, or on one that OKX does not number."""
    try:
        return index_of(parse_account(account.id).chain or "")
    except (UnknownChainError, ValueError):
        return None


def _platform(name: str, lines: list[Line]) -> dict[str, str]:
    return {
        "analysisPlatformId": platform_id(name),
        "platformName": name,
        "investmentCount": str(count_investments(lines)),
    }
