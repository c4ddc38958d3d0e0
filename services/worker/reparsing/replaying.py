"""Fetches again, from what was kept: what today's parsers make of what upstreams said then.

A provider may remember between fetches what does not change (a chain's id, a token's decimals), and ask for it once in
the life of its process. So fetches are replayed in their order, by one provider; where one still asks what it was not
told, everything kept of that provider before it is replayed first, for the provider to learn it again.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from holdfast.events import BalancesObserved
from holdfast.providers.kit.contract import Provider, Target
from holdfast.providers.kit.discovery import ProviderModule
from holdfast.providers.kit.errors import ProviderError
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.replaying import NotRecordedError, ReplayClock, ReplaySession
from holdfast.providers.kit.session import hide_secrets
from holdfast.settings import Configuration, Secret
from holdfast.warehouse.client import Warehouse
from services.worker.reparsing.keeping import Chosen, KeptFetch, read_answers, read_fetches, read_spellings
from services.worker.results import MismatchedResultError, Run, fetched_events

AT_ONCE = 50
"""Fetches whose bodies are in memory together."""


class Replayed(Struct, frozen=True, kw_only=True):
    """What became of one fetch: its statements, or why there are none."""

    fetch: KeptFetch
    statements: tuple[BalancesObserved, ...] = ()
    """Large ones in parts, as they are published."""
    not_recorded: str = ""
    refused: str = ""
    """Today's parser does not understand what was understood then."""


class Replayer:
    """Of one provider."""

    def __init__(self, warehouse: Warehouse, module: ProviderModule, settings: Struct, *, payload_limit: int) -> None:
        self._warehouse = warehouse
        self._module = module
        self._settings = settings
        hide_secrets(settings)  # as the worker does: what was asked is known by a text without them
        self._payload_limit = payload_limit

    async def replay(self, chosen: Chosen) -> AsyncIterator[Replayed]:
        """Every fetch that was chosen, once. Raises SettingsError, WarehouseError."""
        fetches = await read_fetches(self._warehouse, chosen)
        unlearned: list[KeptFetch] = []
        async for one in self._run(fetches):
            if one.not_recorded:
                unlearned.append(one.fetch)
            else:
                yield one
        async for one in self._replay_all(unlearned):
            yield one

    async def _replay_all(self, unlearned: Sequence[KeptFetch]) -> AsyncIterator[Replayed]:
        """These again, after everything that the provider was told before them, whoever it was about."""
        if not unlearned:
            return
        wanted = {one.key for one in unlearned}
        before = Chosen(provider=self._module.name)
        newest = max(one.started_at for one in unlearned)
        fetches = [one for one in await read_fetches(self._warehouse, before) if one.started_at <= newest]
        async for one in self._run(fetches):
            if one.fetch.key in wanted:
                yield one

    async def _run(self, fetches: Sequence[KeptFetch]) -> AsyncIterator[Replayed]:
        clock = ReplayClock()
        session = ReplaySession(provider=self._module.name, clock=clock)
        spellings = await read_spellings(self._warehouse)
        try:
            provider = self._module.build(self._settings, session, clock)
            for start in range(0, len(fetches), AT_ONCE):
                some = fetches[start : start + AT_ONCE]
                answers = await read_answers(self._warehouse, some)
                for fetch in some:
                    session.load(fetch.started_at, answers.get(fetch.key, ()))
                    yield await self._replay(provider, fetch, spellings)
        finally:
            await session.close()

    async def _replay(self, provider: Provider, fetch: KeptFetch, spellings: Mapping[tuple[str, str], str]) -> Replayed:
        job = fetch.job
        spelling = spellings.get((job.tenant, job.target), job.target)
        target = Target(feed=job.feed, target=job.target, scope=job.scope, spelling=spelling, window=job.window)
        run = Run(job=job, attempt=fetch.attempts, started_at=fetch.started_at)
        with open_exchange():
            try:
                fetched = await provider.fetch(target)
                events = fetched_events(run, fetched, finished_at=fetch.finished_at, limit_bytes=self._payload_limit)
            except NotRecordedError as error:
                return Replayed(fetch=fetch, not_recorded=str(error))
            except (ProviderError, MismatchedResultError) as error:
                return Replayed(fetch=fetch, refused=f"{type(error).__name__}: {error}")
        return Replayed(fetch=fetch, statements=tuple(_statements(events)))


def _statements(events: Iterable[object]) -> Iterable[BalancesObserved]:
    return (event for event in events if isinstance(event, BalancesObserved))


def settings_of(configuration: Configuration, module: ProviderModule) -> Struct:
    """The provider's settings, as the worker has them. Credentials may be missing: nothing is signed for anybody.

    Raises SettingsError.
    """
    path = f"providers.{module.name}"
    table = configuration.tree.get("providers", {}).get(module.name, {})
    missing = {
        field.encode_name: "not needed: nothing is sent"
        for field in msgspec.structs.fields(module.manifest.settings)
        if field.required and field.type is Secret and field.encode_name not in table
    }
    return Configuration({"providers": {module.name: table | missing}}).section(path, module.manifest.settings)
