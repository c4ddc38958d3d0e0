"""Who asks, and about what: a chain and accounts of it, which the key must be allowed to see."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from holdfast.domain.accounts import parse_account
from holdfast.domain.sources import Source
from holdfast.providers.credmark.wire import chain_of, parse_accounts
from holdfast.registry.keys import authenticate
from holdfast.registry.records import Account
from holdfast.registry.rules import excluded_assets, newest_rules
from holdfast.registry.state import PortfolioSource, counted_sources
from services.api.callers import Caller, admit
from services.api.dialects.credmark.failures import bad_request, not_found, unauthorised
from services.api.rate_limit import RateLimiter
from services.api.resources import Resources

MOST_ACCOUNTS = 100
_CHAIN_ID = re.compile(r"[1-9][0-9]{0,11}")


class Asked(Struct, frozen=True, kw_only=True):
    """The accounts of one request, taken together."""

    chain_id: int
    accounts: tuple[str, ...]
    """As they were written."""
    members: tuple[PortfolioSource, ...]
    """The sources that count, and when they do."""
    excluded: frozenset[str]
    """Assets that count nowhere, as the tenant's rules say."""

    @property
    def chain(self) -> str:
        return chain_of(self.chain_id)


def admit_caller(api: Resources, limiter: RateLimiter, headers: Mapping[str, str]) -> Caller:
    """Raises CredmarkError for a key that will not do, ApiError for one that asks too fast."""
    scheme, _, presented = headers.get("authorization", "").partition(" ")
    key = authenticate(api.registry.keys, presented.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise unauthorised()
    admit(limiter, key.id)
    return Caller(key=key.id, tenant=key.tenant, portfolio=key.portfolio, at=api.clock.now())


def find_asked(api: Resources, caller: Caller, chain_id: str, accounts: str) -> Asked:
    """Raises CredmarkError, RequestError. An account that is not tracked is no empty one: it is not found."""
    if not _CHAIN_ID.fullmatch(chain_id):
        raise bad_request(("chainId must be an integer number",))
    spelled = parse_accounts(accounts)
    if len(spelled) > MOST_ACCOUNTS:
        raise bad_request((f"accounts must contain no more than {MOST_ACCOUNTS} elements",))
    # Compared as addresses are, not as they are spelled: a wrong checksum is the client's business here.
    ids = [parse_account(f"{chain_of(int(chain_id))}:{address.lower()}").id for address in spelled]
    found = [_find(api, caller, account, address) for account, address in zip(ids, spelled, strict=True)]
    return Asked(
        chain_id=int(chain_id),
        accounts=spelled,
        members=tuple(_members(api, caller, found)),
        excluded=_excluded(api, caller),
    )


def _find(api: Resources, caller: Caller, account: str, address: str) -> Account:
    found = api.registry.accounts.get((caller.tenant, account))
    if found is None or not caller.saw_account(api.registry, account):
        raise not_found(f"Account {address} is not tracked")
    return found


def _excluded(api: Resources, caller: Caller) -> frozenset[str]:
    """A key of the whole tenant has no portfolio: for it the rules for all of them hold."""
    rules = newest_rules(api.registry, caller.tenant)
    return frozenset(excluded_assets(rules, caller.portfolio or ""))


def _members(api: Resources, caller: Caller, accounts: list[Account]) -> Iterator[PortfolioSource]:
    """Each source once. For a key that is bound to a portfolio only while its account belongs to it."""
    ids = dict.fromkeys(account.id for account in accounts)
    if caller.portfolio is not None:
        counted = counted_sources(api.registry, caller.tenant, caller.portfolio)
        yield from (member for member in counted if member.source.account in ids)
        return
    for account in {account.id: account for account in accounts}.values():
        for setting in account.sources:
            if setting.counted and setting.feed == "balances":
                source = Source(
                    tenant=account.tenant, provider=setting.provider, account=account.id, scope=setting.scope
                )
                yield PortfolioSource(source=source)
