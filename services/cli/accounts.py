"""`holdfast account`"""

from typing import Annotated

from cyclopts import App, Parameter

from holdfast.registry.commands import SourceChoice
from holdfast.registry.errors import RegistryError
from holdfast.registry.records import Member
from services.cli.output import done, print_json, show
from services.cli.registry import JsonFlag, TenantOption, chosen_tenant, registry

app = App(name="account", help="Wallets and accounts that are fetched.")


@app.command
async def add(
    account: str,
    *,
    tenant: TenantOption = None,
    source: Annotated[list[str], Parameter(negative=())],
    label: str = "",
    portfolio: str | None = None,
    json: JsonFlag = False,
) -> None:
    """Track an account; its first fetch is due at once.

    Parameters
    ----------
    account
        CAIP-10, as eip155:1:0x…, or <provider>:<account id>.
    source
        Who fetches it: PROVIDER[/FEED][:SCOPE[:SECONDS]], as evm:wallet:300 or evm/transfers; may be repeated.
        The feed is `balances` unless named. Without any source every feed of every provider that takes it.
    label
        What people call it.
    portfolio
        Make it a member of this portfolio as well.
    """
    choices = [_to_choice(one) for one in source]
    async with registry() as store:
        owner = chosen_tenant(await store.read(), tenant)
        made = await store.add_account(owner, account, sources=choices, label=label)
        if portfolio is not None:
            await store.add_member(owner, portfolio, Member(account=made.id))
    if json:
        print_json(made)
        return
    fetched = ", ".join(f"{s.provider}/{s.scope} {s.feed} every {s.every_s} s" for s in made.sources)
    done(f"account {made.id}: {fetched}")


@app.command
async def remove(account: str, *, tenant: TenantOption = None) -> None:
    """Fetch it no more. What was observed stays; end its memberships first (holdfast portfolio end)."""
    async with registry() as store:
        await store.remove_account(chosen_tenant(await store.read(), tenant), account)
    done(f"account {account} is no longer fetched")


@app.command(name="list")
async def list_accounts(*, tenant: TenantOption = None, json: JsonFlag = False) -> None:
    """All accounts with their sources."""
    async with registry() as store:
        state = await store.read()
    rows = [
        {
            "account": account.spelling,
            "tenant": account.tenant,
            "label": account.label,
            "provider": source.provider,
            "feed": source.feed,
            "scope": source.scope,
            "every_s": source.every_s,
            "counted": source.counted,
            "paused": source.paused,
        }
        for account in state.accounts.values()
        if tenant in (None, account.tenant)
        for source in account.sources
    ]
    show(
        rows, ["account", "tenant", "label", "provider", "feed", "scope", "every_s", "counted", "paused"], as_json=json
    )


@app.command
async def resume(
    account: str, provider: str, scope: str, *, feed: str = "balances", tenant: TenantOption = None
) -> None:
    """Fetch a paused source again, once what paused it is put right."""
    async with registry() as store:
        owner = chosen_tenant(await store.read(), tenant)
        await store.resume_source(tenant=owner, provider=provider, feed=feed, target=account, scope=scope)
    done(f"{provider}/{scope} {feed} of {account} is fetched again")


def _to_choice(text: str) -> SourceChoice:
    who, _, rest = text.partition(":")
    provider, _, feed = who.partition("/")
    scope, _, every = rest.partition(":")
    if every and not every.isdecimal():
        raise RegistryError("source", f"{text!r}: {every!r} is not a number of seconds", "As evm:wallet:300")
    return SourceChoice(provider=provider, feed=feed or "balances", scope=scope, every_s=int(every) if every else None)
