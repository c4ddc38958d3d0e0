"""Credmark as a provider: what it can fetch, and how it is built."""

from holdfast.domain.time import Clock
from holdfast.providers.credmark.balances import POINTS, fetch_history, fetch_latest
from holdfast.providers.credmark.client import NAMESPACE, CredmarkClient
from holdfast.providers.credmark.settings import CredmarkSettings
from holdfast.providers.credmark.statements import SCOPE
from holdfast.providers.credmark.wire import DAY_S
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, History, Manifest, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Session

MANIFEST = Manifest(
    name="credmark",
    title="Credmark: values and returns of a wallet's tokens",
    documentation="https://docs.credmark.com/portfolio-api-concepts/return/endpoint",
    budget=Budget(requests=1, per_s=1),
    deadline_s=300,
    feeds=(
        FeedManifest(
            name="balances",
            scopes=(SCOPE,),
            namespaces=(NAMESPACE,),
            every_s=3600,
            history=History(every_s=(300, 3600, DAY_S), points=POINTS),
            on_request=True,
        ),
    ),
    settings=CredmarkSettings,
)


class CredmarkProvider:
    def __init__(self, client: CredmarkClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def fetch(self, target: Target) -> Fetched:
        if target.feed != "balances" or target.scope not in ("", SCOPE):
            raise UnexpectedResponseError(f"credmark has no feed {target.feed!r} with the scope {target.scope!r}")
        if target.window is not None:
            return await fetch_history(self._client, target, target.window, self._clock)
        return await fetch_latest(self._client, target, self._clock)


def build(settings: CredmarkSettings, session: Session, clock: Clock) -> CredmarkProvider:
    session.limit(settings.budget)
    return CredmarkProvider(CredmarkClient(settings, session), clock)
