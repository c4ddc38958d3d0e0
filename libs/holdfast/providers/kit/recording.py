"""Fixtures: recorded exchanges of a provider, replayed by one suite for every provider.

A file in a provider's `fixtures/` is a list of cases:

    [{"description": "a revoked key",
      "settings": {...},                         the provider's settings, as in TOML; made-up secrets
      "target": {"feed": "balances", "target": "eip155:1:0x…", "scope": "defi"},
      "now": "2026-01-02T03:04:05Z",             the clock, standing still
      "exchanges": [{"request": {"method": "POST", "path": "/api/…", "json": {...}},
                     "response": {"status": 200, "headers": {...}, "json": {...}}}],
      "fetched": {"snapshots": [...], "totals": [...], "prices": [...]},
      "error": {"kind": "CredentialsRejectedError", "retry_after_s": null}}]

A case ends in either `fetched` or `error`. `path` carries the query and leaves out the host, so that
fixtures do not depend on where the upstream is. A response body is `json`, or `text` where it is not
JSON, or `gzip` (base64 of the compressed bytes). Requests are matched whole and each is answered once,
in any order; one whose `json` is left out matches any body.
"""

import base64
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from holdfast.providers.kit.contract import Fetched, Target


class FixtureError(ValueError):
    """A fixture file that is not one; the message names the file and the place."""


class RecordedRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    method: str
    path: str
    json: msgspec.Raw | UnsetType = UNSET


class ReplayedResponse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    status: int = 200
    headers: dict[str, str] = {}
    json: msgspec.Raw | UnsetType = UNSET
    text: str = ""
    gzip: str = ""

    @property
    def body(self) -> bytes:
        """As it goes over the wire."""
        if self.gzip:
            return base64.b64decode(self.gzip)
        return self.text.encode() if self.json is UNSET else bytes(self.json)


class Replay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    request: RecordedRequest
    response: ReplayedResponse


class ExpectedError(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str
    """The name of a class in holdfast.providers.kit.errors."""
    retry_after_s: float | None = None


class Case(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    description: str
    settings: dict[str, Any] = {}
    target: Target
    now: datetime
    exchanges: tuple[Replay, ...]
    fetched: Fetched | None = None
    error: ExpectedError | None = None


def load_cases(folder: Path) -> dict[str, Case]:
    """Every case of a provider's `fixtures/`, by "file: description". Raises FixtureError."""
    return {
        f"{path.name}: {case.description}": case
        for path in sorted(folder.glob("fixtures/*.json"))
        for case in _load(path)
    }


def _load(path: Path) -> list[Case]:
    try:
        cases = msgspec.json.decode(path.read_bytes(), type=list[Case])
    except msgspec.MsgspecError as error:
        raise FixtureError(f"{path.name}: {error}") from error
    for case in cases:
        if (case.fetched is None) == (case.error is None):
            raise FixtureError(f"{path.name}: {case.description!r} must have either `fetched` or `error`")
    return cases
