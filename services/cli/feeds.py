"""`holdfast feed`"""

from typing import Annotated

from cyclopts import App, Parameter

from holdfast.events.subjects import PUBLIC
from holdfast.registry.errors import RegistryError
from services.cli import connections
from services.cli.history import Asking, From, To, Wait, read_pasts
from services.cli.history import Every as HistoryStep
from services.cli.output import done, print_json, show
from services.cli.registry import JsonFlag, registry

app = App(name="feed", help="What is fetched of nobody's account: prices, rates, clusters.")

ProviderName = Annotated[str, Parameter(help="Who fetches it, as ecb.")]
FeedName = Annotated[str, Parameter(help="Which feed of its, as prices.")]
TargetText = Annotated[
    str, Parameter(help="What of it: * for all that the provider's settings name, or asset ids with commas.")
]
ScopeOption = Annotated[str, Parameter(name="--scope", help="Which of the feed's lists, where it has several.")]
OwnerOption = Annotated[
    str, Parameter(name="--tenant", help="Whose; public, if left out: market data is nobody's own.")
]


@app.command
async def add(
    provider: ProviderName,
    feed: FeedName,
    target: TargetText = "*",
    *,
    scope: ScopeOption = "",
    every: Annotated[int | None, Parameter(help="Seconds; the provider's own interval if left out.")] = None,
    tenant: OwnerOption = PUBLIC,
    json: JsonFlag = False,
) -> None:
    """Fetch it from now on. The same target again changes its interval."""
    async with registry() as store:
        made = await store.put_watch(tenant, provider=provider, feed=feed, target=target, scope=scope, every_s=every)
    if json:
        print_json(made)
        return
    done(f"{made.provider} {made.feed} {made.target} is fetched every {made.every_s} s")


@app.command
async def remove(
    provider: ProviderName,
    feed: FeedName,
    target: TargetText = "*",
    *,
    scope: ScopeOption = "",
    tenant: OwnerOption = PUBLIC,
) -> None:
    """Fetch it no more. What was fetched stays."""
    async with registry() as store:
        await store.remove_watch(tenant, provider=provider, feed=feed, target=target, scope=scope)
    done(f"{provider} {feed} {target} is no longer fetched")


@app.command
async def backfill(
    provider: ProviderName,
    feed: FeedName,
    target: TargetText = "*",
    *,
    from_: From,
    to: To = None,
    every: HistoryStep = "1h",
    scope: ScopeOption = "",
    tenant: OwnerOption = PUBLIC,
    wait: Wait = True,
    json: JsonFlag = False,
) -> None:
    """Fetch its past. Again: only what is still missing."""
    asking = Asking(from_, to, every)
    async with connections.nats() as connection:
        _, pasts = await read_pasts(connection)
        mine = [past for past in pasts if past.schedule.identity == (tenant, provider, feed, target, scope)]
        if not mine:
            raise RegistryError(
                "feed", f"{provider} {feed} {target} is not fetched, or has no past", "holdfast feed list shows them"
            )
        await asking.ask(connection, mine, wait=wait, json=json)


@app.command
async def resume(
    provider: ProviderName,
    feed: FeedName,
    target: TargetText = "*",
    *,
    scope: ScopeOption = "",
    tenant: OwnerOption = PUBLIC,
) -> None:
    """Fetch a paused one again, once what paused it is put right."""
    async with registry() as store:
        await store.resume_source(tenant=tenant, provider=provider, feed=feed, target=target, scope=scope)
    done(f"{provider} {feed} {target} is fetched again")


@app.command(name="list")
async def list_feeds(*, json: JsonFlag = False) -> None:
    """All of them."""
    async with registry() as store:
        state = await store.read()
    columns = ["provider", "feed", "target", "scope", "every_s", "tenant", "paused"]
    rows = [{column: getattr(watch, column) for column in columns} for watch in state.watches.values()]
    show(rows, columns, as_json=json)
