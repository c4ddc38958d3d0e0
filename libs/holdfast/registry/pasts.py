"""Whose past can be fetched: every source and watch of a feed that has a history.

Where the settings of a provider decide that, as whether a chain's node has an archive, only its worker
knows. It says so when it starts: the beginnings of the targets that have a past, in the bucket `cursors`,
where whoever plans history reads them. Until it has spoken, there is no past.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from holdfast.messaging.kv import Entry
from holdfast.providers.kit.contract import History, Manifest
from holdfast.registry.kv_keys import to_key
from holdfast.registry.schedules import Schedule, schedules_of
from holdfast.registry.state import RegistryState

Told = Mapping[str, tuple[str, ...]]
"""By provider, how the targets begin that its worker says have a past."""

KIND = "past"
_PREFIX = f"{KIND}."
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


class Past(Struct, frozen=True, kw_only=True):
    """One target's history, as far as its provider has any."""

    schedule: Schedule
    history: History
    added_at: datetime
    """Since when its account or watch is there."""


def pasts_of(state: RegistryState, catalogue: Mapping[str, Manifest], told: Told) -> list[Past]:
    """Of all that is not paused."""
    return [past for schedule in schedules_of(state) if (past := _past_of(schedule, state, catalogue, told))]


def prices_among(pasts: Iterable[Past], tenants: Iterable[str]) -> list[Past]:
    """The watched prices and rates: what values the history of these tenants' accounts."""
    owners = set(tenants)
    return [past for past in pasts if past.schedule.feed == "prices" and past.schedule.tenant in owners]


def key_of(provider: str) -> str:
    return to_key(KIND, (provider,))


def encode(targets: tuple[str, ...]) -> bytes:
    return msgspec.json.encode(targets)


def read_told(entries: Iterable[Entry]) -> Told:
    """What the workers said, by provider; the rest of the bucket is passed over. Raises msgspec.MsgspecError."""
    return {
        entry.key.removeprefix(_PREFIX): msgspec.json.decode(entry.value or b"[]", type=tuple[str, ...])
        for entry in entries
        if entry.key.startswith(_PREFIX)
    }


def _past_of(
    schedule: Schedule,
    state: RegistryState,
    catalogue: Mapping[str, Manifest],
    told: Told,
) -> Past | None:
    manifest = catalogue.get(schedule.provider)
    feed = manifest.feed(schedule.feed) if manifest else None
    if feed is None or feed.history is None or schedule.paused is not None:
        return None
    if feed.history.told and not schedule.target.startswith(told.get(schedule.provider, ())):
        return None
    return Past(schedule=schedule, history=feed.history, added_at=_added_at(schedule, state))


def _added_at(schedule: Schedule, state: RegistryState) -> datetime:
    account = state.accounts.get((schedule.tenant, schedule.target))
    watch = state.watches.get(schedule.identity)
    return account.created_at if account else (watch and watch.created_at) or _ALWAYS
