"""OKX as a provider: what it can fetch, and how it is built."""

from holdfast.domain.time import Clock
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, Manifest, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Session
from holdfast.providers.okx.balances import SCOPE, fetch_balances
from holdfast.providers.okx.client import OkxClient
from holdfast.providers.okx.clusters import ClusterFeed
from holdfast.providers.okx.settings import OkxSettings

MANIFEST = Manifest(
    name="okx",
    title="OKX OnchainOS: DeFi positions, token clusters",
    documentation="https://web3.okx.com/onchainos/dev-docs/wallet/defi-user-asset-platform-list",
    budget=Budget(requests=1, per_s=1),
    feeds=(
        FeedManifest(name="balances", scopes=(SCOPE,), namespaces=("eip155", "solana"), every_s=900),
        FeedManifest(name="clusters", every_s=3600),
    ),
    settings=OkxSettings,
)


class OkxProvider:
    """Both feeds share one client: one signature, one budget."""

    def __init__(self, client: OkxClient, clusters: ClusterFeed, clock: Clock) -> None:
        self._client = client
        self._clusters = clusters
        self._clock = clock

    async def fetch(self, target: Target) -> Fetched:
        if target.feed == "balances" and target.scope in ("", SCOPE):
            return await fetch_balances(self._client, target, self._clock)
        if target.feed == "clusters" and not target.scope:
            return await self._clusters.fetch(target)
        raise UnexpectedResponseError(f"okx has no feed {target.feed!r} with the scope {target.scope!r}")


def build(settings: OkxSettings, session: Session, clock: Clock) -> OkxProvider:
    session.limit(settings.budget)
    client = OkxClient(settings, session, clock)
    return OkxProvider(client, ClusterFeed(client, settings.clusters, clock), clock)
