"""/live, /ready and /metrics answer from a thread of their own."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from holdfast.observability import metrics
from holdfast.observability.health import Health, serve


@pytest.fixture
def health() -> Health:
    return Health(stuck_after_s=0.2)


@pytest.fixture
def url(health: Health) -> Iterator[str]:
    port, stop = serve(health, host="127.0.0.1", port=0)
    yield f"http://127.0.0.1:{port}"
    stop()


def ask(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_ready_names_what_it_waits_for(health: Health, url: str) -> None:
    health.satisfied("start")
    health.waiting("nats", "connection refused")
    status, body = ask(f"{url}/ready")
    assert (status, json.loads(body)) == (503, {"ready": False, "waiting_for": {"nats": "connection refused"}})
    health.satisfied("nats")
    assert ask(f"{url}/ready")[0] == 200


def test_live_turns_red_when_nothing_moves_and_green_when_it_does(health: Health, url: str) -> None:
    health.beat()
    assert ask(f"{url}/live")[0] == 200
    deadline = time.monotonic() + 5
    while ask(f"{url}/live")[0] == 200:
        assert time.monotonic() < deadline, "it never noticed"
    health.beat()
    assert ask(f"{url}/live")[0] == 200


def test_metrics_are_exposed_under_their_declared_names(url: str) -> None:
    metrics.jobs_published.labels("acme", "balances", "due").inc()
    status, body = ask(f"{url}/metrics")
    assert status == 200
    assert 'holdfast_jobs_published_total{feed="balances",lane="due",provider="acme"}' in body


def test_anything_else_is_not_found_and_says_what_there_is(url: str) -> None:
    status, body = ask(f"{url}/nowhere")
    assert status == 404
    assert "/ready" in body
