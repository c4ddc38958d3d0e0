"""A portfolio's value in US dollars with what is known of its inputs, before it is converted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from holdfast.registry.records import Account
from holdfast.registry.state import PortfolioSource, RegistryState
from services.api.currencies import RateMissing
from services.api.native.quality import Known

STALE_AFTER = 3
"""A source is stale when so many fetches in a row are overdue; the view source_freshness has the same rule."""
_AT_ONCE = timedelta(0)


class Valued(Struct, frozen=True, kw_only=True):
    """Exact decimal text in US dollars; None where nothing was observed yet."""

    at: datetime
    """The instant that it is the value of, and whose rates convert it."""
    bucket: datetime | None
    """The hour (its start) at whose end this is the stored value; None for the value of an instant."""
    assets: str | None
    debt: str | None
    known: Known
    unrated: Sequence[RateMissing] = ()


def unavailable(at: datetime, *, sources_missing: int) -> Valued:
    known = Known(available=False, sources_missing=sources_missing)
    return Valued(at=at, bucket=None, assets=None, debt=None, known=known)


def stale_sources(
    registry: RegistryState, tenant: str, stated: Mapping[str, datetime], *, at: datetime
) -> frozenset[str]:
    """Of those that stated something at a time, whose next three statements were overdue at `at`."""
    patient = patience(registry, tenant)
    return frozenset(source for source, when in stated.items() if at - when > patient.get(source, _AT_ONCE))


def patience(registry: RegistryState, tenant: str) -> dict[str, timedelta]:
    """How long after a statement of balances each source of a tenant turns stale; other feeds have their own pace."""
    return _patience(account for (owner, _), account in registry.accounts.items() if owner == tenant)


def patience_of(registry: RegistryState, members: Sequence[PortfolioSource]) -> list[timedelta]:
    """That of the members of a portfolio alone."""
    keys = {(member.source.tenant, member.source.account) for member in members}
    known = _patience(registry.accounts[key] for key in keys if key in registry.accounts)
    return [known.get(member.source.id, _AT_ONCE) for member in members]


def _patience(accounts: Iterable[Account]) -> dict[str, timedelta]:
    return {
        f"{account.tenant}/{setting.provider}/{account.id}/{setting.scope}": timedelta(
            seconds=STALE_AFTER * setting.every_s
        )
        for account in accounts
        for setting in account.sources
        if setting.feed == "balances"
    }
