"""Bitpanda Custody as a provider: what it can fetch, and how it is built."""

from holdfast.domain.time import Clock
from holdfast.providers.bitpanda.balances import fetch_history, fetch_latest
from holdfast.providers.bitpanda.client import BitpandaClient
from holdfast.providers.bitpanda.history import PERIOD_OF
from holdfast.providers.bitpanda.portfolios import SCOPE
from holdfast.providers.bitpanda.settings import BitpandaSettings
from holdfast.providers.bitpanda.wire import FIRST_DAY, MOST_POINTS
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, History, Manifest, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Session

MANIFEST = Manifest(
    name="bitpanda",
    title="Bitpanda Custody: the portfolio of a user",
    documentation="https://documentation.bitpandaenterprise.com/get-user-portfolio-358706m0",
    budget=Budget(requests=1, per_s=1),
    feeds=(
        FeedManifest(
            name="balances",
            scopes=(SCOPE,),
            namespaces=("bitpanda",),
            every_s=3600,
            history=History(every_s=tuple(PERIOD_OF), points=MOST_POINTS, since=FIRST_DAY),
        ),
    ),
    settings=BitpandaSettings,
)


class BitpandaProvider:
    def __init__(self, client: BitpandaClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def fetch(self, target: Target) -> Fetched:
        if target.feed != "balances" or target.scope not in ("", SCOPE):
            raise UnexpectedResponseError(f"bitpanda has no feed {target.feed!r} with the scope {target.scope!r}")
        if target.target != self._client.account:
            # One key is one user: any other account would show the same holdings once more.
            raise UnexpectedResponseError(f"the key is of {self._client.account!r}, not of {target.target[:140]!r}")
        if target.window is None:
            return await fetch_latest(self._client, self._clock)
        if target.window.every_s not in PERIOD_OF:
            raise UnexpectedResponseError(f"no series in steps of {target.window.every_s} s; there are {[*PERIOD_OF]}")
        return await fetch_history(self._client, target.window, self._clock)


def build(settings: BitpandaSettings, session: Session, clock: Clock) -> BitpandaProvider:
    session.limit(settings.budget)
    return BitpandaProvider(BitpandaClient(settings, session), clock)
