"""`/v1/watches`: what is fetched without being an account, as a token whose holders are clustered.

A key watches for its own tenant. What the operator watches for everybody has the tenant `public`: every key sees it,
and none changes it.
"""

from typing import Annotated

from litestar import delete, get, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from holdfast.events.subjects import PUBLIC
from holdfast.registry.errors import UsedUpError
from holdfast.registry.records import Watch
from holdfast.registry.state import RegistryState
from holdfast.registry.validation import default_every
from services.api.callers import Asker, Caller
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.problems import ApiError
from services.api.resources import Api, Resources
from services.api.vocabulary import Time

Provider = Annotated[str, QueryParameter(name="provider", min_length=1, max_length=63)]
FeedName = Annotated[str, QueryParameter(name="feed", min_length=1, max_length=63)]
Target = Annotated[str, QueryParameter(name="target", min_length=1, max_length=256)]
Scope = Annotated[str, QueryParameter(name="scope", max_length=63)]


class WatchView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tenant: str
    """`public` where it is fetched for everybody."""
    provider: str
    feed: str
    target: str
    scope: str
    every_s: int
    paused: str | None
    """Why it is not fetched; null while it is."""
    created_at: Time | None
    """null of one that is older than this field."""


class WatchPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[WatchView]
    next_cursor: str | None


class WatchWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out has the provider's default."""

    provider: Annotated[str, Meta(min_length=1, max_length=63, examples=["acme"])]
    feed: Annotated[str, Meta(min_length=1, max_length=63, examples=["clusters"])]
    target: Annotated[
        str, Meta(min_length=1, max_length=256, examples=["eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"])
    ]
    scope: Annotated[str, Meta(max_length=63)] = ""
    every_s: Annotated[int, Meta(ge=1, le=31 * 86400)] | None = None


@get("/watches", operation_id="list_watches", responses=refusals())
async def list_watches(api: Api, caller: Asker, limit: Limit = None, cursor: CursorText = None) -> WatchPage:
    """One's own and everybody's, by provider, feed, target, scope and tenant."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, tuple[str, str, str, str, str]) or ("",) * 5
    seen = [one for one in api.registry.watches.values() if one.tenant in caller.market_tenants()]
    found = sorted((one for one in seen if _place(one) > after), key=_place)
    page = found[:size]
    following = to_cursor(_place(page[-1])) if len(found) > size else None
    return WatchPage(items=[_to_view(one) for one in page], next_cursor=following)


@post("/watches", operation_id="add_watch", responses=refusals(403, 409, 413))
async def add_watch(api: Api, caller: Asker, data: JSONBody[WatchWish]) -> WatchView:
    """Fetch it from now on, also if it was paused; the same again changes its interval.

    What is watched for everybody is answered as it is. Every tenant's watches share the provider's budget: so they
    are not fetched faster than by default, and `api.max_watches` bounds how many there are.
    """
    caller.may_write()
    shared = api.registry.watches.get((PUBLIC, data.provider, data.feed, data.target, data.scope))
    if shared is not None:
        return _to_view(_as_wished(shared, data))
    _check_pace(api, data)
    made = await _stored(api, caller, data)
    if made.paused is not None:
        made = await _resumed(api, made)
    await api.settle()
    return _to_view(made)


@delete("/watches", operation_id="remove_watch", status_code=204, responses=refusals(403, 404))
async def remove_watch(
    api: Api, caller: Asker, *, provider: Provider, feed: FeedName, target: Target, in_scope: Scope = ""
) -> None:
    """Fetch it no more. What was fetched stays."""
    caller.may_write()
    _check_removable(api.registry, caller, (provider, feed, target, in_scope))
    await api.store.remove_watch(caller.tenant, provider=provider, feed=feed, target=target, scope=in_scope)
    await api.settle()


def _check_pace(api: Resources, wish: WatchWish) -> None:
    """Raises ApiError, and RegistryError for an unknown provider or feed."""
    least = default_every(api.catalogue, wish.provider, wish.feed)
    if wish.every_s is not None and wish.every_s < least:
        raise ApiError(
            400,
            "too_often",
            f"{wish.provider} {wish.feed} is fetched no more often than every {least} s",
            field="every_s",
            fix=f"Ask for {least} or more; whoever runs this Holdfast can go below it with `holdfast feed add`",
        )


async def _stored(api: Resources, caller: Caller, wish: WatchWish) -> Watch:
    """Raises ApiError where the tenant watches as much as it may, and RegistryError."""
    try:
        return await api.store.put_watch(
            caller.tenant,
            provider=wish.provider,
            feed=wish.feed,
            target=wish.target,
            scope=wish.scope,
            every_s=wish.every_s,
            at_most=api.settings.max_watches,
        )
    except UsedUpError as error:
        raise ApiError(
            409,
            "watches_used_up",
            error.message,
            field="target",
            fix="End one with DELETE /v1/watches; the limit is the setting api.max_watches",
        ) from error


async def _resumed(api: Resources, watch: Watch) -> Watch:
    found = await api.store.resume_source(
        tenant=watch.tenant, provider=watch.provider, feed=watch.feed, target=watch.target, scope=watch.scope
    )
    return found if isinstance(found, Watch) else watch


def _as_wished(shared: Watch, wish: WatchWish) -> Watch:
    """Raises ApiError where another interval is asked for than everybody has."""
    if wish.every_s in (None, shared.every_s):
        return shared
    raise ApiError(
        409,
        "watched_for_everybody",
        f"this is fetched for everybody, every {shared.every_s} s",
        field="every_s",
        fix="Leave every_s out; whoever runs this Holdfast changes it with `holdfast feed add`",
    )


def _check_removable(registry: RegistryState, caller: Caller, what: tuple[str, str, str, str]) -> None:
    if (caller.tenant, *what) in registry.watches:
        return
    if (PUBLIC, *what) in registry.watches:
        raise ApiError(
            403,
            "watched_for_everybody",
            "this is fetched for everybody",
            field="target",
            fix="Whoever runs this Holdfast ends it with `holdfast feed remove`",
        )
    raise ApiError(
        404,
        "watch_unknown",
        f"{' '.join(what)[:200]!r} is not watched",
        field="target",
        fix="GET /v1/watches lists what is",
    )


def _place(watch: Watch) -> tuple[str, str, str, str, str]:
    return (watch.provider, watch.feed, watch.target, watch.scope, watch.tenant)


def _to_view(watch: Watch) -> WatchView:
    return WatchView(
        tenant=watch.tenant,
        provider=watch.provider,
        feed=watch.feed,
        target=watch.target,
        scope=watch.scope,
        every_s=watch.every_s,
        paused=watch.paused,
        created_at=watch.created_at,
    )


ROUTES = [list_watches, add_watch, remove_watch]
