"""Makes AckWait pass quickly for what a killed consumer held."""

import asyncio

from nats.js import JetStreamContext

_WAIT_S = 0.5
_PASSED_S = 1.5
"""The server looks for what was not acknowledged 0.1 s after the change, and then whenever AckWait has passed."""


async def let_ack_wait_pass(js: JetStreamContext, *, stream: str, consumer: str) -> None:
    """What was delivered and not acknowledged is due again, by the server's own AckWait, shorter for a moment.

    To be called while nobody is consuming: services refuse to start with another AckWait than the declared one, which
    is there again afterwards. Should the moment be too short for a busy server, the declared one has to pass.
    """
    declared = (await js.consumer_info(stream, consumer)).config
    shorter = (await js.consumer_info(stream, consumer)).config
    shorter.ack_wait = _WAIT_S
    await js.add_consumer(stream, shorter)
    await asyncio.sleep(_PASSED_S)
    await js.add_consumer(stream, declared)
