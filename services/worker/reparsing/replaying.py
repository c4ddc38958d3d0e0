"""Fetches again, from what was kept: what today's parsers make of what upstreams said then.

A provider may remember between fetches what does not change (a chain's id, a token's decimals), and ask for it once in
the life of its process. So fetches are replayed in their order, and a few providers are at hand that have learned
different things, as those did that ran side by side then: one of them asks just what was asked. Where none does, a new
one is told what others of that chain had been told; a fetch's own answers always come first. As the last resort
everything that is kept from before is replayed first.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from holdfast.events import BalancesObserved
from holdfast.providers.kit.contract import Provider, Target
from holdfast.providers.kit.discovery import ProviderModule
from holdfast.providers.kit.errors import ProviderError
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.replaying import KeptAnswer, NotRecordedError, ReplayClock, ReplaySession
from holdfast.providers.kit.session import hide_secrets
from holdfast.settings import Configuration, Secret
from holdfast.warehouse.client import Warehouse
from services.worker.reparsing.keeping import Chosen, FetchKey, KeptFetch, read_answers, read_fetches, read_spellings
from services.worker.results import MismatchedResultError, Run, fetched_events

AT_ONCE = 50
"""Fetches whose bodies are in memory together."""
SEATS = 24
"""Providers that are kept at hand."""
REMEMBERED, REMEMBERED_BYTES = 5000, 65_536
"""Answers to lend to a fetch that did not ask, and how large they may be."""


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
        bench, memory = _Bench(lambda: self._module.build(self._settings, session, clock)), _Memory()
        try:
            for start in range(0, len(fetches), AT_ONCE):
                some = fetches[start : start + AT_ONCE]
                answers = await read_answers(self._warehouse, some)
                memory.add(some, answers)
                for fetch in some:
                    yield await self._replay(
                        fetch,
                        session,
                        bench=bench,
                        memory=memory,
                        answers=answers.get(fetch.key, []),
                        spellings=spellings,
                    )
        finally:
            await session.close()

    async def _replay(
        self,
        fetch: KeptFetch,
        session: ReplaySession,
        *,
        bench: "_Bench",
        memory: "_Memory",
        answers: Sequence[KeptAnswer],
        spellings: Mapping[tuple[str, str], str],
    ) -> Replayed:
        for provider, remembers in bench.providers():
            session.load(fetch.started_at, answers, remembered=memory.of(fetch) if remembers else {})
            replayed = await self._try(provider, fetch, spellings)
            if not replayed.not_recorded:
                bench.prefer(provider)
                break
        return replayed

    async def _try(self, provider: Provider, fetch: KeptFetch, spellings: Mapping[tuple[str, str], str]) -> Replayed:
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


class _Bench:
    """Providers that have learned different things: those that were of use last come first, a new one last."""

    def __init__(self, build: Callable[[], Provider]) -> None:
        self._build = build
        self._seated: list[Provider] = []

    def providers(self) -> Iterator[tuple[Provider, bool]]:
        """Each with whether it may be told what others had been told: only when nobody could do without."""
        for provider in [*self._seated, self._build()]:
            yield provider, False
        yield self._build(), True

    def prefer(self, provider: Provider) -> None:
        self._seated = [provider, *(one for one in self._seated if one is not provider)][:SEATS]


class _Memory:
    """What fetches of one chain, venue or account number space were told, the last of each question."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, KeptAnswer]] = defaultdict(dict)

    def add(self, fetches: Iterable[KeptFetch], answers: Mapping[FetchKey, Iterable[KeptAnswer]]) -> None:
        for fetch in fetches:
            told = self._told[_place(fetch)]
            for answer in answers.get(fetch.key, ()):
                if len(answer.body) <= REMEMBERED_BYTES:
                    told.pop(answer.request_sha256, None)
                    told[answer.request_sha256] = answer
            while len(told) > REMEMBERED:
                told.pop(next(iter(told)))

    def of(self, fetch: KeptFetch) -> Mapping[str, KeptAnswer]:
        return self._told[_place(fetch)]


def _place(fetch: KeptFetch) -> str:
    return f"{fetch.job.tenant}/{fetch.job.target.rpartition(':')[0]}"


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
