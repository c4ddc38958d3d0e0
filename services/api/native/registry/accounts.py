"""Accounts: list, add, show, remove."""

from typing import Annotated

from litestar import delete, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Account
from services.api.callers import Asker
from services.api.openapi import refusals
from services.api.paging import CursorText, Limit, page_size, parse_cursor, to_cursor
from services.api.problems import ApiError
from services.api.resources import Api
from services.api.vocabulary import Time

AccountPath = Annotated[
    str,
    PathParameter(min_length=1, max_length=300, description="CAIP-10, as eip155:1:0x…, or <provider>:<account id>."),
]


class SourceView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider that fetches one scope of the account."""

    provider: str
    feed: str
    scope: str
    every_s: int
    counted: bool
    """Exactly one source per scope is counted; the others are compared."""
    paused: str | None
    """Why it is not fetched; null while it is."""


class AccountView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    """Canonical: 0x addresses in lower case."""
    spelling: str
    """As it came in."""
    label: str
    sources: tuple[SourceView, ...]
    created_at: Time


class AccountPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[AccountView]
    next_cursor: str | None


class SourceWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out has the provider's default."""

    provider: Annotated[str, Meta(min_length=1, max_length=63, examples=["acme"])]
    feed: Annotated[str, Meta(min_length=1, max_length=63)] = "balances"
    scope: Annotated[str, Meta(max_length=63)] = ""
    every_s: Annotated[int, Meta(ge=1, le=31 * 86400)] | None = None
    counted: bool | None = None


class AccountAddition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: Annotated[
        str, Meta(min_length=1, max_length=300, examples=["eip155:1:0xd8da6bf26964af9d7eed9e03e53415d37aa96045"])
    ]
    label: Annotated[str, Meta(max_length=200)] = ""
    sources: Annotated[tuple[SourceWish, ...], Meta(max_length=50)] = ()
    """Empty: every provider that takes such accounts."""


@get("/accounts", operation_id="list_accounts", responses=refusals())
async def list_accounts(api: Api, caller: Asker, limit: Limit = None, cursor: CursorText = None) -> AccountPage:
    """The accounts that this key may see, by id."""
    size = page_size(limit, most=api.settings.max_page)
    after = parse_cursor(cursor, str) or ""
    found = [one for one in caller.accounts(api.registry) if one.id > after]
    page = found[:size]
    following = to_cursor(page[-1].id) if len(found) > size else None
    return AccountPage(items=[to_view(one) for one in page], next_cursor=following)


@post("/accounts", operation_id="add_account", responses=refusals(403, 413))
async def add_account(api: Api, caller: Asker, data: JSONBody[AccountAddition]) -> AccountView:
    """Track an account. Adding one that is tracked changes only what is said anew."""
    caller.may_write()
    choices = [
        SourceChoice(
            provider=wish.provider, feed=wish.feed, scope=wish.scope, every_s=wish.every_s, counted=wish.counted
        )
        for wish in data.sources
    ]
    added = await api.store.add_account(caller.tenant, data.account, sources=choices, label=data.label)
    await api.settle()
    return to_view(added)


@get("/accounts/{account:str}", operation_id="show_account", responses=refusals(404))
async def show_account(api: Api, caller: Asker, account: AccountPath) -> AccountView:
    return to_view(caller.find_account(api.registry, canonical(account)))


@delete("/accounts/{account:str}", operation_id="remove_account", status_code=204, responses=refusals(403, 404))
async def remove_account(api: Api, caller: Asker, account: AccountPath) -> None:
    """Track it no more. An account that is a member of a portfolio is refused: end its membership first."""
    caller.may_write()
    found = caller.find_account(api.registry, canonical(account))
    await api.store.remove_account(caller.tenant, found.id)
    await api.settle()


def canonical(account: str) -> str:
    """Raises ApiError for a text that is no account id, as one with a wrong checksum."""
    try:
        return parse_account(account).id
    except AccountIdError as error:
        raise ApiError(
            400,
            "account_invalid",
            str(error),
            field="account",
            fix="Write eip155:<chain>:<address>, another CAIP-10 id, or <provider>:<account id>",
        ) from error


def to_view(account: Account) -> AccountView:
    sources = tuple(
        SourceView(
            provider=source.provider,
            feed=source.feed,
            scope=source.scope,
            every_s=source.every_s,
            counted=source.counted,
            paused=source.paused,
        )
        for source in account.sources
    )
    return AccountView(
        id=account.id,
        spelling=account.spelling,
        label=account.label,
        sources=sources,
        created_at=account.created_at,
    )


ROUTES = [list_accounts, add_account, show_account, remove_account]
