"""`holdfast account`"""

from typing import Annotated

from cyclopts import App, Parameter

from holdfast.registry.commands import SourceChoice
from holdfast.registry.errors import RegistryError
from holdfast.registry.records import Member, SourceSetting
from holdfast.registry.validation import existing_portfolio
from services.cli.output import console, done, print_json, show
from services.cli.registry import AccountWord, JsonFlag, TenantOption, chosen_tenant, registry

app = App(name="account", help="Wallets and accounts that are fetched.")


@app.command
async def add(
    account: AccountWord,
    *,
    tenant: TenantOption = None,
    source: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    label: str = "",
    portfolio: str | None = None,
    json: JsonFlag = False,
) -> None:
    """Track an account; its first fetch is due at once.

    Parameters
    ----------
    source
        Who fetches it: PROVIDER[/FEED][:SCOPE[:SECONDS]], as evm:wallet:300 or evm/transfers; may be repeated.
        The feed is `balances` unless named. Left out: every feed of every provider that takes it unasked, or, of
        an account that is there, those that it has. Of such an account name all: what is not named is fetched no more.
    label
        What people call it.
    portfolio
        Make it a member of this portfolio as well.
    """
    choices = [_to_choice(one) for one in source]
    async with registry() as store:
        state = await store.read()
        owner = chosen_tenant(state, tenant)
        if portfolio is not None:
            existing_portfolio(state, owner, portfolio)  # before anything is stored
        made = await store.add_account(owner, account, sources=choices, label=label)
        if portfolio is not None:
            await store.add_member(owner, portfolio, Member(account=made.id))
    if json:
        print_json(made)
        return
    done(f"account {made.id}: " + ", ".join(f"{_name(s)} every {s.every_s} s" for s in made.sources))
    before = state.accounts.get((owner, made.id))
    left = {_name(source) for source in made.sources}
    dropped = [_name(source) for source in before.sources if _name(source) not in left] if before else []
    if dropped:
        console.print(
            f"no longer fetched: {', '.join(dropped)}; to have it again, name it with the others",
            style="yellow", highlight=False, soft_wrap=True,
        )  # fmt: skip


@app.command
async def remove(account: AccountWord, *, tenant: TenantOption = None) -> None:
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
    account: AccountWord, provider: str, scope: str, *, feed: str = "balances", tenant: TenantOption = None
) -> None:
    """Fetch a paused source again, once what paused it is put right.

    Parameters
    ----------
    provider
        Who fetches it, as `holdfast account list` shows it, and so the two that follow.
    scope
        As wallet.
    feed
        As balances or transfers.
    """
    async with registry() as store:
        owner = chosen_tenant(await store.read(), tenant)
        await store.resume_source(tenant=owner, provider=provider, feed=feed, target=account, scope=scope)
    done(f"{provider}/{scope} {feed} of {account} is fetched again")


def _name(source: SourceSetting) -> str:
    return f"{source.provider}/{source.scope} {source.feed}"


def _to_choice(text: str) -> SourceChoice:
    who, _, rest = text.partition(":")
    provider, _, feed = who.partition("/")
    scope, _, every = rest.partition(":")
    if every and not every.isdecimal():
        raise RegistryError("source", f"{text!r}: {every!r} is not a number of seconds", "As evm:wallet:300")
    return SourceChoice(provider=provider, feed=feed or "balances", scope=scope, every_s=int(every) if every else None)
