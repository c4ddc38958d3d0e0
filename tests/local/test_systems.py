"""The self-test's look at each system says no when something is wrong, and why."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from holdfast.settings import Secret
from services.local.comparing import Difference, PortfolioCheck
from services.local.systems import SYSTEMS, bitpanda, check_system, dalp
from services.local.systems.bench import Bench, amounts_of, differing

TRUTH = {"portfolios": [{"id": "tokenised", "breakdown": {"provider": {"dalp": {"lines": 2}, "evm": {"lines": 0}}}}]}
TOTAL = {"/v1/portfolios/tokenised/total": {"net": "1000.125"}}
BREAKDOWN, SERIES = (
    "/api/v2/system/stats/portfolio-breakdowns",
    "/api/v2/system/stats/portfolio-stat-range-presets/trailing24Hours",
)


class Keys:
    """Hands out a key without a registry."""

    async def create_key(self, tenant: str, *, portfolio: str, label: str) -> tuple[Any, Secret]:
        return SimpleNamespace(id="k"), Secret(f"key-of-{tenant}-{portfolio}")


@contextmanager
def answering(answers: dict[str, Any]) -> Iterator[str]:
    """An API that says exactly this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path.partition("?")[0])
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def bench(url: str, *portfolios: PortfolioCheck) -> Bench:
    return Bench(
        api_url=url,
        store=Keys(),  # type: ignore[arg-type]
        master_key=Secret("m" * 32),
        truth=TRUTH,
        portfolios=portfolios,
    )


def shown(total: str, newest: float, *, reliable: bool = True) -> dict[str, Any]:
    return TOTAL | {
        BREAKDOWN: {"data": {"totalValue": total, "conversionReliable": reliable}},
        SERIES: {"data": {"data": [{"totalValueInBaseCurrency": 1}, {"totalValueInBaseCurrency": newest}]}},
    }


async def test_a_dialect_with_our_figures_is_right() -> None:
    with answering(shown("1000.12", 1000.12)) as url:
        assert await dalp.served(bench(url)) == []


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        (shown("1000.13", 1000.12), "total of breakdown"),
        (shown("1000.12", 999.0), "total of newest point"),
        (shown("1000.12", 1000.12, reliable=False), "total of reliable"),
    ],
)
async def test_a_dialect_with_other_figures_is_wrong_and_says_which(answers: dict[str, Any], what: str) -> None:
    with answering(answers) as url:
        (difference,) = await dalp.served(bench(url))
    assert difference.what == what


async def test_a_system_that_does_not_answer_is_wrong_in_every_respect_it_cannot_be_asked_about() -> None:
    with answering(TOTAL) as url:
        check = await check_system(bench(url), dalp)
    assert (check.fetched, check.served, check.round_trip) == (True, False, False)
    assert not check.right
    assert "404" in str(check.differences[0].actual)


def test_what_a_provider_brought_is_wrong_where_its_own_part_of_a_breakdown_differs() -> None:
    def checked(what: str) -> PortfolioCheck:
        wrong = Difference(what=what, expected="1", actual="2")
        return PortfolioCheck(tenant="demo", id="tokenised", expected="1", actual="2", differences=(wrong,))

    others = bench("", checked("provider evm net"), checked("asset dalp net"), checked("net"))
    assert others.provider_differences("dalp") == []
    (difference,) = bench("", checked("provider dalp net")).provider_differences("dalp")
    assert difference.what == "tokenised: provider dalp net"


def test_a_provider_that_the_world_has_nothing_of_was_not_fetched() -> None:
    assert bench("").provider_differences("bitpanda") != []
    assert bench("").provider_differences("evm") != []


def test_amounts_are_summed_exactly_with_debts_below_zero_and_unknown_is_not_zero() -> None:
    def line(asset: str | None, amount: str | None, side: str = "asset") -> dict[str, Any]:
        return {"asset": asset, "amount": amount, "side": side}

    digits = "1" * 38
    amounts = amounts_of(
        [
            line("a", f"0.{digits}"),
            line("a", digits),
            line("b", "5", "debt"),
            line("b", "2.50"),
            line("c", None),
            line(None, "9"),
        ]
    )
    assert amounts == {"a": Decimal(f"{digits}.{digits}"), "b": Decimal("-2.5"), "c": None}
    assert [one.what for one in differing("of", {"a": None, "b": 1, "c": 2}, {"b": 1, "c": 3, "d": None})] == [
        "of a", "of c", "of d",
    ]  # fmt: skip


def test_every_system_is_looked_at_in_all_three_ways() -> None:
    for system in SYSTEMS.values():
        assert all(callable(getattr(system, name)) for name in ("fetched", "served", "round_trip"))
    assert SYSTEMS["bitpanda"] is bitpanda
