"""What a provider is: a manifest of data, a settings Struct, and feeds that fetch.

A provider's folder is its registration. `holdfast.providers.<name>` exposes

    MANIFEST: Manifest
    def build(settings: <its settings Struct>, session: Session, clock: Clock) -> Provider

and, where its settings decide which targets have a past (`History.told`),

    def targets_with_past(settings: <its settings Struct>) -> tuple[str, ...]     how their ids begin

and nothing elsewhere knows its name.
"""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from holdfast.domain.balances import ReportedTotal, Snapshot
from holdfast.domain.clusters import TokenClusters
from holdfast.domain.jobs import Feed, JobWindow
from holdfast.domain.prices import Price
from holdfast.domain.reported import ReportedReturns
from holdfast.domain.transfers import TransferRange


class Budget(Struct, frozen=True, kw_only=True):
    """A sliding window: at most `requests` in any `per_s` seconds, per credential."""

    requests: int
    per_s: float


class History(Struct, frozen=True, kw_only=True):
    """What a feed can say about the past."""

    every_s: tuple[int, ...]
    """The steps it can take, the finest first."""
    points: int
    """How many instants one job may ask for."""
    since: datetime | None = None
    """Before that there is nothing; None where it depends on the target."""
    told: bool = False
    """Only of targets that the settings allow: `targets_with_past`, which the worker tells when it starts."""


class FeedManifest(Struct, frozen=True, kw_only=True):
    name: Feed
    scopes: tuple[str, ...] = ()
    """The independent lists that this feed can fetch of an account, as `defi`; the first is the default."""
    namespaces: tuple[str, ...] = ()
    """The account namespaces it takes, as `eip155`; empty where the target is not an account."""
    every_s: int
    """Default interval between fetches of one target."""
    history: History | None = None
    """How the past can be fetched; None where the upstream has none."""
    on_request: bool = False
    """Only for accounts whose owner names it: for such accounts another provider is the natural one."""


class Manifest(Struct, frozen=True, kw_only=True):
    name: str
    title: str
    documentation: str
    """Where the upstream API is described."""
    budget: Budget
    deadline_s: float = 30
    """How long one request may take, from sending to the last byte."""
    feeds: tuple[FeedManifest, ...]
    settings: type[Struct]
    """Read from `[providers.<name>]`; secrets are `Secret`."""

    def feed(self, name: Feed) -> FeedManifest | None:
        return next((feed for feed in self.feeds if feed.name == name), None)


class Target(Struct, frozen=True, kw_only=True):
    """What one job asks for."""

    feed: Feed
    target: str
    """An account id (canonical), a token, or what else the feed watches."""
    scope: str = ""
    spelling: str = ""
    """The account as its owner wrote it, for upstreams that echo or compare it."""
    window: JobWindow | None = None
    """None: what is now. Set only for a feed whose manifest says `history`."""


class Fetched(Struct, frozen=True, kw_only=True):
    """What one job brought. Empty fields are what the feed has nothing to say about."""

    snapshots: tuple[Snapshot, ...] = ()
    totals: tuple[ReportedTotal, ...] = ()
    prices: tuple[Price, ...] = ()
    returns: tuple[ReportedReturns, ...] = ()
    clusters: tuple[TokenClusters, ...] = ()
    transfers: tuple[TransferRange, ...] = ()


class Provider(Protocol):
    """Built once per process and credential; `fetch` may run concurrently for different targets."""

    async def fetch(self, target: Target) -> Fetched:
        """All requests of one job. Raises ProviderError; whatever is incomplete raises rather than returns."""
        ...
