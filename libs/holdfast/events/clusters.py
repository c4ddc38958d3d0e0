"""Who holds a token together, as a provider sees it."""

from holdfast.domain.clusters import Cluster, ClusterOverview, HolderGroup
from holdfast.events.event import AwareTime, Event, Id, Name


class ClustersObserved(Event, frozen=True, kw_only=True):
    """One complete statement about one token. Tenant `public` where nobody's key colours it."""

    provider: Name
    token: str
    observed_at: AwareTime
    fetched_at: AwareTime
    job_id: Id
    clusters: tuple[Cluster, ...]
    overview: ClusterOverview | None = None
    top_holders: tuple[HolderGroup, ...] = ()
    raw: tuple[str, ...] = ()
