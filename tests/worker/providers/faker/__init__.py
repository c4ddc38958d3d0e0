"""A provider whose targets say how it behaves: `acme:revoked-1` is an account whose key is revoked.

Each fetch leaves a line in the settings' `journal`: `start <target>` and `end <target>`. No network.
"""

import asyncio
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from holdfast.domain.balances import Balance, Snapshot
from holdfast.domain.prices import Price
from holdfast.domain.time import Clock
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, Manifest, Target
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    PaymentRequiredError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)
from holdfast.providers.kit.exchange import RecordedResponse, current_exchange
from holdfast.providers.kit.session import Session
from holdfast.settings import Secret

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
        FeedManifest(name="balances", scopes=("main",), namespaces=("faker",), every_s=60),
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
        turn = self._seen[target.target]
        match behaviour:
            case "revoked":
                raise CredentialsRejectedError("the key was revoked")
            case "limited" if turn == 1:
                raise RateLimitedError("slow down", retry_after_s=0.3)
            case "down":
                raise ProviderUnavailableError("HTTP 503")
            case "paid":
                raise PaymentRequiredError("HTTP 402")
            case "strange":
                self._record(b'{"what": "is this"}')
                raise UnexpectedResponseError("no `data`", status=200, sha256="", excerpt='{"what": key s3cret-of-faker}')
            case "bug":
                raise ZeroDivisionError("our own fault")
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
        return Fetched(snapshots=(self._snapshot(target.target, 3),))

    def _snapshot(self, account: str, lines: int) -> Snapshot:
        balances = tuple(
            Balance(asset=f"faker:coin-{n}", kind="wallet", amount=Decimal(n + 1), name="a name to fill some room " * 8)
            for n in range(lines)
        )
        return Snapshot(
            account=account,
            scope="main",
            observed_at=AS_OF,
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
                received_at=self._clock.now(),
                method="GET",
                url="https://example.org/balances",
                status=200,
                content_type="application/json",
                body=body,
            )
        )

    def _note(self, what: str, target: str) -> None:
        with Path(self._settings.journal).open("a", encoding="utf-8") as journal:
            journal.write(f"{what} {target}\n")


def build(settings: FakerSettings, session: Session, clock: Clock) -> Faker:
    return Faker(settings, clock)
