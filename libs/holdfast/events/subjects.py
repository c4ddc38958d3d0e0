"""Every subject there is, built in one place.

    jobs.<lane>.<provider>.<feed>
    balances.observed.v1.<tenant>.<provider>      and so for each event
    dead.<stream>.<consumer>

The tenant is a token so that NATS permissions can isolate tenants; accounts stay out, because
stream indexes and metric labels grow with every distinct subject.
"""

from holdfast.domain.sources import check_name

PUBLIC = "public"
"""The tenant of data that is nobody's own, as market prices."""


def job(lane: str, provider: str, feed: str) -> str:
    return f"jobs.{check_name('lane', lane)}.{check_name('provider', provider)}.{check_name('feed', feed)}"


def jobs_of(lane: str, provider: str) -> str:
    """All feeds of one provider in one lane: what one durable consumer filters."""
    return f"jobs.{check_name('lane', lane)}.{check_name('provider', provider)}.*"


def event(family: str, version: int, tenant: str, *tail: str) -> str:
    tokens = [check_name("tenant", tenant), *(check_name("token", token) for token in tail)]
    return ".".join((family, f"v{version}", *tokens))


def dead(stream: str, consumer: str) -> str:
    return f"dead.{check_name('stream', stream.lower())}.{check_name('consumer', consumer)}"
