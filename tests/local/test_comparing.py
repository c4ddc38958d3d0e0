"""A portfolio of the running stack against the world's truth, over a real socket."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from services.local.comparing import AXES, check_portfolio, total_agrees

TRUTH = {
    "tenant": "demo",
    "id": "treasury",
    "net": "12.5",
    "assets": "12.5",
    "debt": "0",
    "lines_unpriced": 0,
    "lines_excluded": 0,
    "breakdown": {axis: {} for axis in AXES},
}
TOTAL = {"net": "12.5", "assets": "12.5", "debt": "0", "quality": {"lines_unpriced": 0, "lines_excluded": 0}}


@contextmanager
def _served(*, status: int, total: dict[str, Any]) -> Iterator[str]:
    """An API whose total is this one and whose breakdowns are empty."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(total if self.path.endswith("/total") else {"items": []}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_portfolio_that_says_what_the_world_says_is_equal() -> None:
    with _served(status=200, total=TOTAL) as url:
        check = await check_portfolio(url, "hf_key", TRUTH)
        assert await total_agrees(url, "hf_key", TRUTH)
    assert check.equal
    assert check.actual == "12.5"


async def test_a_last_digit_is_a_difference() -> None:
    with _served(status=200, total={**TOTAL, "net": "12.6"}) as url:
        check = await check_portfolio(url, "hf_key", TRUTH)
        assert not await total_agrees(url, "hf_key", TRUTH)
    assert [(one.what, one.expected, one.actual) for one in check.differences] == [("net", "12.5", "12.6")]


@pytest.mark.parametrize("status", [401, 503])
async def test_an_api_that_does_not_answer_yet_is_a_difference_and_no_crash(status: int) -> None:
    """The API learns of a key a moment after it was made: the first question of a self-test can come too early."""
    with _served(status=status, total=TOTAL) as url:
        check = await check_portfolio(url, "hf_key", TRUTH)
        assert not await total_agrees(url, "hf_key", TRUTH)
    assert not check.equal
    assert check.actual is None
    assert str(status) in (check.differences[0].actual or "")


async def test_an_api_that_is_gone_is_a_difference() -> None:
    with _served(status=200, total=TOTAL) as url:
        pass
    assert not await total_agrees(url, "hf_key", TRUTH)
    assert not (await check_portfolio(url, "hf_key", TRUTH)).equal
