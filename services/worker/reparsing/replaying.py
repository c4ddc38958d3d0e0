"""Fetches again, from what was kept: what today's parsers make of what upstreams said then.

A provider may remember between fetches what does not change (a chain's id, a token's decimals), and ask for it once in
the life of its process. So fetches are replayed in their order, and a few providers are at hand that have learned
different things, as those did that ran side by side then: one of them asks just what was asked. Where none does, a new
one is told what others of that chain had been told; a fetch's own answers always come first. As the last resort
everything that is kept from before is replayed first.

Memory is bounded, however long the past is: a page of fetches, the bodies of a few, what they said, and what is
remembered of others.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from holdfast.events import (
    BalancesObserved,
    ClustersObserved,
    PricesObserved,
    ReturnsReported,
    TotalsReported,
    TransfersObserved,
)
from holdfast.providers.kit.contract import Provider, Target
from holdfast.providers.kit.discovery import ProviderModule
from holdfast.providers.kit.errors import ProviderError
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.replaying import KeptAnswer, NotRecordedError, ReplayClock, ReplaySession
from holdfast.providers.kit.session import hide_secrets
from holdfast.settings import Configuration, Secret
from holdfast.warehouse.client import Warehouse
from services.worker.reparsing.keeping import (
    Chosen,
    FetchKey,
    KeptFetch,
    Sizes,
    few_at_once,
    read_answers,
    read_fetches,
    read_spellings,
)
from services.worker.results import MismatchedResultError, Run, fetched_events

SEATS = 24
"""Providers that are kept at hand."""
REMEMBERED_BYTES, LARGEST_REMEMBERED = 128 * 1024 * 1024, 65_536
"""How much is kept to lend to fetches that did not ask, and how large one answer of it may be."""
TRIED_LAST = 10_000
"""Fetches that are tried again after everything else; what is beyond is told as not read."""
_OVERHEAD = 1000
"""Of an answer, besides its body."""

Statement = BalancesObserved | TotalsReported | ReturnsReported | ClustersObserved | TransfersObserved
"""What supersedes what was said of the same instant or blocks: statements, and what a provider reported with them."""
Said = Statement | PricesObserved
"""What can be corrected."""


class Replayed(Struct, frozen=True, kw_only=True):
    """What became of one fetch: what it said, or why that is unknown."""

    fetch: KeptFetch
    said: tuple[Said, ...] = ()
    """Large statements in parts, as they are published."""
    gone: bool = False
    """No body of it is kept: it is too old, or was told by a file."""
    not_recorded: str = ""
    refused: str = ""
    """Today's parser does not understand what was understood then, or reads what is not kept."""

    @property
    def is_read(self) -> bool:
        return not (self.gone or self.not_recorded or self.refused)

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(one for one in self.said if not isinstance(one, PricesObserved))


class Replayer:
    """Of one provider."""

    def __init__(
        self, warehouse: Warehouse, module: ProviderModule, settings: Struct, *, payload_limit: int, sizes: Sizes
    ) -> None:
        self._warehouse = warehouse
        self._module = module
        self._settings = settings
        hide_secrets(settings)  # as the worker does: what was asked is known by a text without them
        self._payload_limit = payload_limit
        self._sizes = sizes
        self._unlearned: dict[FetchKey, KeptFetch] = {}

    @property
    def put_off(self) -> datetime | None:
        """When the oldest fetch began that is tried again at the end."""
        return min((one.started_at for one in self._unlearned.values()), default=None)

    async def replay(self, chosen: Chosen) -> AsyncIterator[list[Replayed]]:
        """Every fetch that was chosen, once, a few at a time. Raises SettingsError, WarehouseError."""
        async for some in self._run(chosen):
            for one in some:
                if one.not_recorded and len(self._unlearned) < TRIED_LAST:
                    self._unlearned[one.fetch.key] = one.fetch
            yield [one for one in some if one.fetch.key not in self._unlearned]
        if self._unlearned:
            async for some in self._replay_all():
                yield some

    async def _replay_all(self) -> AsyncIterator[list[Replayed]]:
        """What was put off, after everything that the provider was told before it, whoever it was about."""
        newest = max(one.started_at for one in self._unlearned.values())
        async for some in self._run(Chosen(provider=self._module.name, last=newest + timedelta(milliseconds=1))):
            yield [one for one in some if one.fetch.key in self._unlearned]

    async def _run(self, chosen: Chosen) -> AsyncIterator[list[Replayed]]:
        clock = ReplayClock()
        session = ReplaySession(provider=self._module.name, clock=clock)
        spellings = await read_spellings(self._warehouse)
        bench, memory = _Bench(lambda: self._module.build(self._settings, session, clock)), _Memory()
        try:
            async for page in read_fetches(self._warehouse, chosen, page=self._sizes.page):
                for some in few_at_once(page, self._sizes):
                    answers = await read_answers(self._warehouse, some)
                    memory.add(some, answers)
                    yield [
                        await self._replay(
                            fetch,
                            session,
                            bench=bench,
                            memory=memory,
                            answers=answers.get(fetch.key, []),
                            spellings=spellings,
                        )
                        for fetch in some
                    ]
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
        if not fetch.answered:
            return Replayed(fetch=fetch, gone=True)
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
        with open_exchange() as exchange:
            try:
                fetched = await provider.fetch(target)
                events = fetched_events(
                    run,
                    fetched,
                    finished_at=fetch.finished_at,
                    limit_bytes=self._payload_limit,
                    heard_at=exchange.heard_at,
                )
            except NotRecordedError as error:
                return Replayed(fetch=fetch, not_recorded=str(error))
            except (ProviderError, MismatchedResultError) as error:
                return Replayed(fetch=fetch, refused=f"{type(error).__name__}: {error}")
        if exchange.unrecorded:
            return Replayed(fetch=fetch, refused=f"not recorded: {exchange.unrecorded}")
        return Replayed(fetch=fetch, said=tuple(one for one in events if isinstance(one, Said)))


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
    """What fetches of one chain, venue or account number space were told, the last of each question; the oldest of
    all goes first."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, KeptAnswer]] = defaultdict(dict)
        self._order: dict[tuple[str, str], int] = {}
        self._bytes = 0

    def add(self, fetches: Iterable[KeptFetch], answers: Mapping[FetchKey, Iterable[KeptAnswer]]) -> None:
        for fetch in fetches:
            for answer in answers.get(fetch.key, ()):
                if len(answer.body) <= LARGEST_REMEMBERED:
                    self._remember(_place(fetch), answer)
        while self._bytes > REMEMBERED_BYTES:
            self._forget(*next(iter(self._order)))

    def of(self, fetch: KeptFetch) -> Mapping[str, KeptAnswer]:
        return self._told[_place(fetch)]

    def _remember(self, place: str, answer: KeptAnswer) -> None:
        asked = answer.request_sha256
        self._forget(place, asked)
        size = len(answer.body) + len(answer.url) + _OVERHEAD
        self._told[place][asked], self._order[place, asked] = answer, size
        self._bytes += size

    def _forget(self, place: str, asked: str) -> None:
        if (size := self._order.pop((place, asked), None)) is not None:
            del self._told[place][asked]
            self._bytes -= size


def _place(fetch: KeptFetch) -> str:
    return f"{fetch.job.tenant}/{fetch.job.target.rpartition(':')[0]}"


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
