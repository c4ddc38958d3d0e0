"""A simulator on a free port, in a thread of its own: for tests of either colour."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from services.simulator.app import build_server, listen
from services.simulator.settings import SimulatorSettings


@contextmanager
def running(settings: SimulatorSettings) -> Iterator[str]:
    """Its base URL. Connections are accepted from the first moment on: the socket listens before the thread starts."""
    server, listener = build_server(settings), listen(settings)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="simulator")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
