"""Every metric there is, with its meaning. Labels are bounded: providers, feeds, streams; never accounts."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

jobs_published = Counter("holdfast_jobs_published", "Fetch jobs published", ["provider", "feed", "lane"])
slots_skipped = Counter(
    "holdfast_slots_skipped", "Due slots that had passed before they could be published", ["provider"]
)
fetches = Counter("holdfast_fetches", "Fetch attempts by how they ended", ["provider", "feed", "outcome"])
fetch_seconds = Histogram(
    "holdfast_fetch_seconds", "Duration of a fetch attempt", ["provider", "feed"], buckets=_SECONDS
)
upstream_requests = Counter("holdfast_upstream_requests", "HTTP requests to an upstream", ["provider", "status"])
upstream_wait_seconds = Histogram(
    "holdfast_upstream_wait_seconds", "Time spent waiting for the provider's budget", ["provider"], buckets=_SECONDS
)
circuit_open = Gauge("holdfast_circuit_open", "1 while the provider's circuit breaker is open", ["provider"])
events_published = Counter("holdfast_events_published", "Events stored in a stream", ["type"])
events_consumed = Counter("holdfast_events_consumed", "Events committed by the aggregator", ["type"])
batch_messages = Histogram(
    "holdfast_batch_messages", "Messages in a committed batch", buckets=(1, 5, 10, 50, 100, 500, 1000, 2000)
)
batch_lines = Counter("holdfast_batch_lines", "Balance lines inserted")
stage_seconds = Histogram("holdfast_batch_stage_seconds", "Time a batch spends in a stage", ["stage"], buckets=_SECONDS)
guard_failures = Counter("holdfast_guard_failures", "Checks and jumps not looked at for a fault of ours", ["step"])
revaluations = Counter("holdfast_revaluations", "Portfolio points recomputed")
closed_days = Counter("holdfast_closed_days", "Days of portfolios whose returns were worked out")
closing_failures = Counter("holdfast_closing_failures", "Days whose returns could not be worked out")
dead_letters = Counter("holdfast_dead_letters", "Messages set aside as dead letters", ["stream", "consumer", "reason"])
consumer_pending = Gauge("holdfast_consumer_pending", "Messages not yet delivered", ["stream", "consumer"])
consumer_unacknowledged = Gauge(
    "holdfast_consumer_unacknowledged", "Delivered, not acknowledged", ["stream", "consumer"]
)
oldest_unacknowledged_seconds = Gauge(
    "holdfast_oldest_unacknowledged_seconds", "Age of the oldest message not acknowledged", ["stream", "consumer"]
)
freshness_seconds = Histogram(
    "holdfast_freshness_seconds",
    "From observation to commit of a snapshot",
    ["provider"],
    buckets=(*_SECONDS, 300, 900, 3600),
)
http_requests = Counter("holdfast_http_requests", "Requests answered by the API", ["route", "status"])
http_seconds = Histogram("holdfast_http_seconds", "Time to answer", ["route"], buckets=_SECONDS)
registry_revision = Gauge("holdfast_registry_revision", "Newest registry revision seen by this process")


def exposition() -> bytes:
    """The text that Prometheus scrapes."""
    return generate_latest(REGISTRY)
