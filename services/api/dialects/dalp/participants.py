"""Who asks: a key bound to a portfolio is a participant, and its tenant the organisation and the system."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid5

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.providers.dalp.wire import is_participant
from holdfast.registry.keys import authenticate
from holdfast.registry.state import RegistryState
from services.api.callers import admit
from services.api.dialects.dalp.failures import forbidden, invalid, not_found, unauthorised
from services.api.native.totals.current import sources_now
from services.api.rate_limit import RateLimiter
from services.api.resources import Resources

_NAMESPACE = UUID("6f1d5a0e-3a52-4d8e-9b61-0c6d1f2a7e44")


class Participant(Struct, frozen=True, kw_only=True):
    """What one request may see."""

    tenant: str
    portfolio: str
    base_currency: str
    sources: tuple[str, ...]
    """The counted sources now; none is a participant without a wallet."""
    now: datetime


def participant_id(tenant: str, portfolio: str) -> str:
    """pp_ and a UUID: the same for a portfolio for ever."""
    return f"pp_{uuid5(_NAMESPACE, f'{tenant}/{portfolio}')}"


def admit_participant(api: Resources, limiter: RateLimiter, headers: Mapping[str, str]) -> Participant:
    """Raises DalpError for a key that will not do, ApiError for one that asks too fast."""
    presented = headers.get("x-api-key", "").strip()
    key = authenticate(api.registry.keys, presented)
    if key is None:
        raise unauthorised("the API key is missing, wrong or revoked")
    admit(limiter, key.id)
    if key.portfolio is None:
        fix = "Make a key with `holdfast key create TENANT --portfolio PORTFOLIO`"
        raise forbidden("the API key is bound to no portfolio, so it belongs to no participant", fix)
    _check_context(headers, key.tenant, key.portfolio)
    return _participant(api.registry, key.tenant, key.portfolio, now=api.clock.now())


def _check_context(headers: Mapping[str, str], tenant: str, portfolio: str) -> None:
    if headers.get("x-organization-id", tenant) != tenant:
        raise forbidden("the API key does not belong to this organisation", "Leave x-organization-id out")
    named = headers.get("x-participant")
    if named is None:
        return
    if not is_participant(named):
        raise invalid("X-Participant", "expected pp_ and a lower-case UUID")
    if named != participant_id(tenant, portfolio):
        raise not_found("there is no such participant")


def _participant(registry: RegistryState, tenant: str, portfolio: str, *, now: datetime) -> Participant:
    record = registry.portfolios.get((tenant, portfolio))
    return Participant(
        tenant=tenant,
        portfolio=portfolio,
        base_currency=record.base_currency if record is not None else USD,
        sources=tuple(sources_now(registry, tenant, portfolio, now=now)) if record is not None else (),
        now=now,
    )
