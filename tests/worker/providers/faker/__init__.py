"""A provider whose targets say how it behaves: `acme:revoked-1` is an account whose key is revoked.

Each fetch leaves a line in the settings' `journal`: `start <target>` and `end <target>`. No network.
"""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from holdfast.domain.balances import Balance, ReportedTotal, Snapshot
from holdfast.domain.clusters import Cluster, TokenClusters
from holdfast.domain.jobs import JobWindow
from holdfast.domain.prices import Price
from holdfast.domain.reported import ReportedReturns
from holdfast.domain.time import Clock
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, History, Manifest, Target
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    NoHistoryError,
    PaymentRequiredError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)
from holdfast.providers.kit.exchange import RecordedResponse, current_exchange
from holdfast.providers.kit.fingerprints import fingerprint
from holdfast.providers.kit.session import Session
from holdfast.settings import Secret

_FAILURES = {
    "revoked": CredentialsRejectedError("the key was revoked"),
    "limited": RateLimitedError("slow down", retry_after_s=0.3),
    "down": ProviderUnavailableError("HTTP 503"),
    "paid": PaymentRequiredError("HTTP 402"),
    "newborn": NoHistoryError("only what is now"),
    "bug": ZeroDivisionError("our own fault"),
}
AS_OF = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


class FakerSettings(Struct, frozen=True, kw_only=True):
    journal: str
    gate: str = ""
    """While this file exists, `gated` targets wait."""
    api_key: Secret = Secret("s3cret-of-faker")


MANIFEST = Manifest(
    name="faker",
    title="Faker",
    documentation="https://example.org/faker",
    budget=Budget(requests=1000, per_s=1),
    feeds=(
        FeedManifest(
            name="balances",
            scopes=("main",),
            namespaces=("faker",),
            every_s=60,
            history=History(every_s=(3600, 86_400), points=24),
        ),
        FeedManifest(name="token_clusters", every_s=60),
        FeedManifest(name="prices", every_s=60),
    ),
    settings=FakerSettings,
)


class Faker:
    def __init__(self, settings: FakerSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._seen: dict[str, int] = {}

    async def fetch(self, target: Target) -> Fetched:
        self._note("start", target.target)
        self._seen[target.target] = self._seen.get(target.target, 0) + 1
        behaviour = target.target.removeprefix("faker:").partition("-")[0]
        fetched = await self._behave(behaviour, target)
        self._note("end", target.target)
        return fetched

    async def _behave(self, behaviour: str, target: Target) -> Fetched:
        if behaviour in _FAILURES and (behaviour != "limited" or self._seen[target.target] == 1):
            raise _FAILURES[behaviour]
        match behaviour:
            case "strange":
                self._record(b'{"what": "is this"}')
                raise UnexpectedResponseError("no `data`", status=200, excerpt='{"what": key s3cret-of-faker}')
            case "other":
                return Fetched(snapshots=(self._snapshot("faker:somebody-else", 1),))
            case "gated":
                while self._settings.gate and Path(self._settings.gate).exists():
                    await asyncio.sleep(0.02)
            case "big":
                return Fetched(snapshots=(self._snapshot(target.target, 4000),))
        self._record(b'{"balances": ["' + target.target.encode() + b'"]}')
        if target.feed == "prices":
            return Fetched(prices=(Price(asset="eip155:1/slip44:60", at=AS_OF, price=Decimal("2000.5")),))
        if target.feed == "token_clusters":
            clusters = (Cluster(amount=Decimal(7)),)
            return Fetched(clusters=(TokenClusters(token=target.target, observed_at=AS_OF, clusters=clusters),))
        if target.window is not None:
            return self._history(behaviour, target, target.window)
        return Fetched(snapshots=(self._snapshot(target.target, 3),))

    def _history(self, behaviour: str, target: Target, window: JobWindow) -> Fetched:
        said = {"account": target.target, "scope": target.scope}
        instants = [window.end + timedelta(seconds=1)] if behaviour == "tomorrow" else list(window.each())
        return Fetched(
            snapshots=tuple(self._snapshot(target.target, 1, at=at) for at in instants),
            totals=tuple(
                ReportedTotal(**said, observed_at=at, currency="iso4217:USD", total=Decimal(at.hour)) for at in instants
            ),
            returns=(ReportedReturns(**said, observed_at=window.end, total_return=Decimal(-3), items=()),),
        )

    def _snapshot(self, account: str, lines: int, *, at: datetime = AS_OF) -> Snapshot:
        balances = tuple(
            Balance(asset=f"faker:coin-{n}", kind="wallet", amount=Decimal(n + 1), name="a name to fill some room " * 8)
            for n in range(lines)
        )
        return Snapshot(
            account=account,
            scope="main",
            observed_at=at,
            fetched_at=self._clock.now(),
            balances=balances,
            raw=current_exchange().sha256s,
        )

    def _record(self, body: bytes) -> None:
        import hashlib  # noqa: PLC0415

        exchange = current_exchange()
        exchange.requests += 1
        exchange.responses.append(
            RecordedResponse(
                sha256=hashlib.sha256(body).hexdigest(),
                sent_at=self._clock.now(),
                received_at=self._clock.now(),
                method="GET",
                url="https://example.org/balances",
                status=200,
                content_type="application/json",
                request_sha256=fingerprint("GET", "https://example.org/balances", b""),
                body=body,
            )
        )

    def _note(self, what: str, target: str) -> None:
        with Path(self._settings.journal).open("a", encoding="utf-8") as journal:
            journal.write(f"{what} {target}\n")


def build(settings: FakerSettings, session: Session, clock: Clock) -> Faker:
    return Faker(settings, clock)
