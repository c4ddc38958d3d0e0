"""DALP as a provider: what it can fetch, and how it is built."""

from holdfast.domain.time import Clock
from holdfast.providers.dalp.balances import SCOPE, fetch_balances
from holdfast.providers.dalp.client import DalpClient
from holdfast.providers.dalp.history import INTERVALS, POINTS, fetch_history
from holdfast.providers.dalp.settings import DalpSettings
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, History, Manifest, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Session

MANIFEST = Manifest(
    name="dalp",
    title="SettleMint DALP: the tokens of a participant",
    documentation="https://docs.settlemint.com/docs/api-reference/tokens/portfolio-statistics",
    budget=Budget(requests=1, per_s=1),
    feeds=(
        FeedManifest(
            name="balances",
            scopes=(SCOPE,),
            namespaces=("dalp",),
            every_s=900,
            history=History(every_s=tuple(INTERVALS), points=POINTS),
        ),
    ),
    settings=DalpSettings,
)


class DalpProvider:
    def __init__(self, client: DalpClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def fetch(self, target: Target) -> Fetched:
        if target.feed != "balances" or target.scope not in ("", SCOPE):
            raise UnexpectedResponseError(f"dalp has no feed {target.feed!r} with the scope {target.scope!r}")
        if target.window is not None:
            return await fetch_history(self._client, target, target.window)
        return await fetch_balances(self._client, target, self._clock)


def build(settings: DalpSettings, session: Session, clock: Clock) -> DalpProvider:
    session.limit(settings.budget)
    return DalpProvider(DalpClient(settings, session), clock)
