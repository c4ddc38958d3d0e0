"""A simulator on a free port, inside the test's own loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.simulator.app import build_server, listen
from services.simulator.settings import SimulatorSettings


@asynccontextmanager
async def running(settings: SimulatorSettings | None = None) -> AsyncIterator[str]:
    """Its base URL."""
    settings = settings or SimulatorSettings(port=0, okx_requests_per_second=0)
    server, listener = build_server(settings), listen(settings)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
