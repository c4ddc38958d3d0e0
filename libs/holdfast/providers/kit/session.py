"""The one way out to an upstream: every provider's HTTP goes through a Session.

    session = build_session(MANIFEST, settings, clock)
    answer = await session.fetch(Request(method="POST", url=url, body=body), sign=signer, refine=error_of)
    holdings = to_holdings(answer.json())

It keeps the budget of its credential, a deadline over the whole call, a cap on the body while it is
read, and records each body into the exchange of the running fetch (holdfast.providers.kit.exchange).
It raises ProviderError and nothing else, and no text of it shows a secret. Nothing is retried here:
redelivery of the job is the one place for that.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec
from msgspec import Struct

from holdfast.domain.time import Clock
from holdfast.observability import metrics
from holdfast.observability.logs import hide, redacted
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.body import ACCEPT_ENCODING, read_body
from holdfast.providers.kit.budget import SlidingWindow
from holdfast.providers.kit.contract import Budget, Manifest
from holdfast.providers.kit.errors import CredentialsRejectedError, ProviderError, ProviderUnavailableError
from holdfast.providers.kit.exchange import RecordedResponse, current_exchange
from holdfast.providers.kit.fingerprints import fingerprint
from holdfast.providers.kit.statuses import error_of_status
from holdfast.providers.kit.strict_json import JsonLimits
from holdfast.providers.kit.transport import Transport, authorities, http
from holdfast.settings import Secret

_SENSITIVE_QUERY = re.compile(r"(?i)([?&][^=&]*(?:key|token|secret|sign|pass)[^=&]*=)[^&]*")
_USERINFO = re.compile(r"//[^/@]*@")


class Request(Struct, frozen=True, kw_only=True):
    """A request whose url and body are sent byte for byte as they are, because signatures cover them."""

    method: str
    url: str
    """Absolute, percent-encoded, query included."""
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})


Signer = Callable[[Request], Mapping[str, str]]
"""Headers to add, computed when the request's turn has come: a timestamp signed before the wait would be stale."""

Refiner = Callable[[Answer], ProviderError | None]
"""What a provider knows better than the HTTP status; None leaves it to the status."""


class Limits(Struct, frozen=True, kw_only=True):
    deadline_s: float = 30
    """From sending to the last byte; waiting for the budget is not in it."""
    patience_s: float = 60
    """How long a request may wait for the budget before the job goes back to the queue."""
    body_bytes: int = 8 * 1024 * 1024
    connections: int = 100
    json: JsonLimits = JsonLimits()


_LIMITS = Limits()


class Session:
    """HTTP for one provider and credential; used concurrently by all its fetches."""

    def __init__(
        self,
        *,
        provider: str,
        budget: Budget,
        clock: Clock,
        limits: Limits = _LIMITS,
        transport: Transport | None = None,
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._limits = limits
        self._window = SlidingWindow(budget)
        self._client = http.AsyncClient(
            timeout=limits.deadline_s,
            limits=http.Limits(max_connections=limits.connections),
            headers={"User-Agent": "holdfast", "Accept": "application/json", "Accept-Encoding": ACCEPT_ENCODING},
            follow_redirects=False,
            verify=authorities(),
            transport=transport,
        )

    def limit(self, budget: Budget) -> None:
        """The operator's own budget in place of the manifest's."""
        self._window.limit(budget)

    def told(self, retry_after_s: float) -> None:
        """Send nothing before that; called for each RateLimitedError that the session itself sees."""
        self._window.told(retry_after_s)

    async def fetch(self, request: Request, *, sign: Signer | None = None, refine: Refiner | None = None) -> Answer:
        """One request, one answer with a 2xx status that `refine` has no objection to. Raises ProviderError."""
        async with self._window.request(patience_s=self._limits.patience_s) as waited_s:
            metrics.upstream_wait_seconds.labels(self._provider).observe(waited_s)
            answer = await self._send(request, sign)
        error = (refine(answer) if refine else None) or error_of_status(answer, now=self._clock.now())
        if error is None:
            return answer
        retry_after_s = getattr(error, "retry_after_s", None)
        if retry_after_s is not None:
            self.told(retry_after_s)
        raise error

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, request: Request, sign: Signer | None) -> Answer:
        outcome = "failed"
        current_exchange().requests += 1
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                answer = await self._exchange(request, sign)
            outcome = str(answer.status)
        except (TimeoutError, http.TimeoutException) as error:
            outcome = "timeout"
            raise ProviderUnavailableError(f"no answer within {self._limits.deadline_s:g} s") from error
        except (http.HTTPError, http.InvalidURL) as error:
            raise ProviderUnavailableError(redacted(f"{type(error).__name__}: {error}")) from error
        finally:
            metrics.upstream_requests.labels(self._provider, outcome).inc()
        return answer

    async def _exchange(self, request: Request, sign: Signer | None) -> Answer:
        headers = {**request.headers, **(sign(request) if sign else {})}
        _refuse_unsendable(headers)
        sent_at = self._clock.now()
        async with self._client.stream(request.method, request.url, content=request.body, headers=headers) as response:
            encoding = response.headers.get("content-encoding", "").strip().lower()
            body = await read_body(response.aiter_raw(), encoding=encoding, limit_bytes=self._limits.body_bytes)
        answer = Answer(
            status=response.status_code,
            headers=dict(response.headers),
            body=body,
            sha256=hashlib.sha256(body).hexdigest(),
            sent_at=sent_at,
            received_at=self._clock.now(),
            limits=self._limits.json,
        )
        _record(request, answer)
        return answer


def build_session(
    manifest: Manifest,
    settings: Struct,
    clock: Clock,
    *,
    limits: Limits | None = None,
    transport: Transport | None = None,
) -> Session:
    """A session for one provider's settings, whose secrets are never printed from now on."""
    hide_secrets(settings)
    limits = limits or Limits(deadline_s=manifest.deadline_s)
    return Session(provider=manifest.name, budget=manifest.budget, clock=clock, limits=limits, transport=transport)


def redacted_url(url: str) -> str:
    """A url that can be stored: without user, password and the query's secrets."""
    return redacted(_SENSITIVE_QUERY.sub(r"\1***", _USERINFO.sub("//***@", url)))


def hide_secrets(value: object) -> None:
    """Never print a secret of these settings again, however deep it lies in them."""
    if isinstance(value, Secret):
        hide(value.reveal())
    elif isinstance(value, Struct):
        for field in msgspec.structs.fields(value):
            hide_secrets(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            hide_secrets(item)
    elif isinstance(value, list | tuple):
        for item in value:
            hide_secrets(item)


def _refuse_unsendable(headers: Mapping[str, str]) -> None:
    """Here, because the library would quote the header, which may be the key itself, in its error and its log."""
    for name, text in headers.items():
        if not (text.isascii() and text.isprintable()):
            raise CredentialsRejectedError(f"{name} cannot be sent: look for a line break or an accent in the setting")


def _record(request: Request, answer: Answer) -> None:
    current_exchange().responses.append(
        RecordedResponse(
            sha256=answer.sha256,
            sent_at=answer.sent_at,
            received_at=answer.received_at,
            method=request.method,
            url=redacted_url(request.url),
            status=answer.status,
            content_type=answer.headers.get("content-type", "")[:120],
            request_sha256=fingerprint(request.method, request.url, request.body),
            body=answer.body,
        )
    )
