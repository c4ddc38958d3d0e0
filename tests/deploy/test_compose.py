"""What docker-compose.yml, Prometheus and Grafana say of each other, of NATS and of our metrics."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from holdfast.observability import metrics
from holdfast.providers.kit.discovery import discover

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_each_provider_has_a_worker_with_a_nats_user_and_settings_of_its_own(compose: dict[str, Any]) -> None:
    config = (DEPLOY / "nats" / "nats-server.conf").read_text()
    workers = {name.removeprefix("worker-") for name in compose["services"] if name.startswith("worker-")}
    assert workers == set(discover())
    for provider in workers:
        worker = compose["services"][f"worker-{provider}"]
        assert worker["command"][-1] == provider
        assert worker["secrets"] == [f"nats_worker_{provider}", f"{provider}.toml"]
        assert f"user: worker-{provider}," in config
        assert f'"balances.observed.v1.*.{provider}"' in config
        assert {path.name for path in (DEPLOY / "providers").glob(f"{provider}.*")} == {
            f"{provider}.demo.toml",
            f"{provider}.example.toml",
        }


def test_whatever_is_scaled_has_neither_a_fixed_name_nor_a_port_of_the_host(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "container_name" not in service
        if name.startswith("worker-") or name in ("scheduler", "aggregator"):
            assert "ports" not in service


def test_no_port_is_open_beyond_the_loopback_of_the_host(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_each_secret_that_is_used_is_declared_and_made(compose: dict[str, Any]) -> None:
    script = (DEPLOY / "make-secrets.sh").read_text()
    used = {secret for service in compose["services"].values() for secret in service.get("secrets", ())}
    assert used <= set(compose["secrets"])
    for secret in compose["secrets"]:
        made = rf"\b{secret.removesuffix('.toml')}\b"
        assert re.search(made, script), secret


def test_each_service_of_ours_tells_whether_it_is_ready(compose: dict[str, Any]) -> None:
    one_shot = {"migrate", "demo-seed", "cli"}
    ours = {name for name, service in compose["services"].items() if service["image"].startswith("holdfast:")}
    assert {name for name in ours if "healthcheck" in compose["services"][name]} == ours - one_shot


def test_each_service_listens_where_its_health_is_asked_for(compose: dict[str, Any]) -> None:
    for name in ("scheduler", "aggregator", *(name for name in compose["services"] if name.startswith("worker-"))):
        service = compose["services"][name]
        section = "WORKER" if name.startswith("worker-") else name.upper()
        port = service["environment"][f"HOLDFAST_{section}__HEALTH__PORT"]
        assert service["healthcheck"]["test"][-1] == port
        assert service["environment"][f"HOLDFAST_{section}__HEALTH__HOST"] == "0.0.0.0"  # noqa: S104


def test_a_setting_that_the_host_does_not_make_leaves_what_a_mounted_file_says(compose: dict[str, Any]) -> None:
    """A variable without a value is passed on where the host has it; with an empty one it would be set, to nothing."""
    for name in ("aggregator", "api", "cli"):
        assert _environment(compose["services"][name])["HOLDFAST_PRICES__SOURCES"] is None
    for name, service in compose["services"].items():
        emptied = [setting for setting, text in _environment(service).items() if text in ("", f"${{{setting}:-}}")]
        assert emptied == [], name


def test_prometheus_scrapes_each_service_at_the_port_that_it_answers_on(compose: dict[str, Any]) -> None:
    jobs = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    scraped = {name: config["port"] for job in jobs for config in job["dns_sd_configs"] for name in config["names"]}
    ours = {name: service["healthcheck"]["test"][-1] for name, service in compose["services"].items()
            if name not in ("nats", "clickhouse", "simulator") and "healthcheck" in service}  # fmt: skip
    assert {name: int(port) for name, port in ours.items()} == {n: p for n, p in scraped.items() if n != "clickhouse"}


@pytest.mark.parametrize("file", ["prometheus/alerts.yml", "grafana/dashboards/holdfast.json"])
def test_each_metric_that_is_asked_for_exists(file: str) -> None:
    asked = set(re.findall(r"\bholdfast_\w+", (DEPLOY / file).read_text()))
    assert len(asked) > 5
    assert asked <= _samples()


def test_each_metric_that_a_document_names_is_spelled_as_prometheus_stores_it() -> None:
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    named = {name for file in documents for name in re.findall(r"`(holdfast_\w+)", file.read_text(encoding="utf-8"))}
    assert {"holdfast_consumer_pending", "holdfast_closing_failures_total"} <= named
    assert named <= _samples()


def test_days_that_cannot_be_worked_out_alert() -> None:
    """Who reads portfolio_returns sees no row and no reason."""
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    (alert,) = [rule for rule in group["rules"] if "holdfast_closing_failures_total" in rule["expr"]]
    assert "a day could not be worked out" in alert["annotations"]["action"]


def test_the_dashboard_is_json_with_a_query_in_each_panel() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "holdfast.json").read_text())
    assert all(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def _environment(service: dict[str, Any]) -> dict[str, str | None]:
    found: dict[str, str | None] = service.get("environment", {})
    return found


def _samples() -> set[str]:
    assert metrics.exposition()
    return {name for metric in REGISTRY.collect() for name in _names(metric.name, metric.type)}


def _names(name: str, kind: str) -> set[str]:
    """As Prometheus stores the samples of a metric."""
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
    return {name + suffix for suffix in suffixes.get(kind, ("",))}
