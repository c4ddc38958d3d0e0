"""/live, /ready and /metrics of every service, served by a thread of its own.

A thread, so that liveness does not depend on the event loop being free of work: a stuck loop
still answers /metrics, and /live turns red when `progress` has not been told for too long.
"""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from holdfast.observability import metrics


class Health:
    """What a service knows of itself. `ready` names what it waits for; `beat` says that it moves."""

    def __init__(self, *, stuck_after_s: float = 60) -> None:
        self._waiting_for: dict[str, str] = {"start": "starting"}
        self._beat = time.monotonic()
        self._stuck_after_s = stuck_after_s

    def waiting(self, what: str, why: str) -> None:
        self._waiting_for[what] = why

    def satisfied(self, what: str) -> None:
        self._waiting_for.pop(what, None)

    def beat(self) -> None:
        """Called by the service's loop whenever it makes progress or has nothing to do."""
        self._beat = time.monotonic()

    @property
    def waiting_for(self) -> dict[str, str]:
        return dict(self._waiting_for)

    @property
    def alive(self) -> bool:
        return time.monotonic() - self._beat < self._stuck_after_s


def serve(health: Health, *, host: str, port: int) -> tuple[int, Callable[[], None]]:
    """Start answering; returns the port taken and a function that stops."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, metrics.exposition(), "text/plain; version=0.0.4; charset=utf-8")
            elif self.path == "/live":
                self._say(200 if health.alive else 503, {"alive": health.alive})
            elif self.path == "/ready":
                waiting = health.waiting_for
                self._say(503 if waiting else 200, {"ready": not waiting, "waiting_for": waiting})
            else:
                self._say(404, {"error": "not found", "fix": "ask for /live, /ready or /metrics"})

        def _say(self, status: int, body: dict[str, object]) -> None:
            self._answer(status, json.dumps(body).encode(), "application/json")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Scrapes are not news."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server.server_port, server.shutdown
