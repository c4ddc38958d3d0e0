"""From a statement about a token's holders to rows: pure."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from holdfast.domain.clusters import Cluster, ClusterOverview
from holdfast.domain.money import cut
from holdfast.events import ClustersObserved
from holdfast.warehouse.rows import (
    ClusterAddressRow,
    ClusterOverviewRow,
    Row,
    TokenClusterRow,
    TopHoldersRow,
    copy_times,
    stored_time,
)


def to_cluster_rows(event: ClustersObserved) -> Iterator[Row]:
    """Of each cluster, its addresses and the groups of holders. They count once the overview's row is stored."""
    statement = _statement(event)
    for number, cluster in enumerate(event.clusters):
        yield TokenClusterRow(
            **statement, **_stored(cluster, leaving="addresses"), cluster=number, addresses=len(cluster.addresses)
        )
        yield from _address_rows(statement, number, cluster)
    for group in event.top_holders:
        yield TopHoldersRow(**statement, **_stored(group))


def to_cluster_overview_row(event: ClustersObserved, *, recorded_at: datetime) -> ClusterOverviewRow:
    return ClusterOverviewRow(
        **_statement(event),
        **_stored(event.overview or ClusterOverview()),
        **copy_times(event.fetched_at, recorded_at),
        job_id=event.job_id,
        clusters=len(event.clusters),
        has_overview=event.overview is not None,
        raw=event.raw,
    )


def _address_rows(statement: dict[str, Any], number: int, cluster: Cluster) -> Iterator[ClusterAddressRow]:
    for position, address in enumerate(cluster.addresses):
        yield ClusterAddressRow(
            **statement,
            **_stored(address, leaving="rank"),
            cluster=number,
            position=position,
            holder_rank=address.rank,
        )


def _statement(event: ClustersObserved) -> dict[str, Any]:
    """The key that all its rows share."""
    return {
        "tenant": event.tenant,
        "token": event.token,
        "provider": event.provider,
        "observed_at": stored_time(event.observed_at),
        "event_id": event.id,
    }


def _stored(of: Struct, *, leaving: str = "") -> dict[str, Any]:
    """Its fields under their own names, numbers cut to scale and times as they are stored."""
    return {name: _as_stored(value) for name, value in asdict(of).items() if name != leaving}


def _as_stored(value: Any) -> Any:
    if isinstance(value, Decimal):
        return cut(value).value
    return stored_time(value) if isinstance(value, datetime) else value
