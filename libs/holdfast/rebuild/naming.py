"""A run is named by when it began and by what it is of, so that it is only taken up again for the same."""

import hashlib
import secrets
from datetime import UTC, datetime

from holdfast.rebuild.planning import Scope

_EVERYTHING = "all"


class OtherScopeError(ValueError):
    """A run that is of other portfolios: taken up for these, what it found about the others would be forgotten."""


def name_run(scope: Scope, now: datetime) -> str:
    """As `20260301-123000-1f2e-all`; no two are alike."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}-{_of(scope)}"


def check_scope(run: str, scope: Scope) -> None:
    """Raises OtherScopeError. A name that does not say what its run is of, as of former versions, is of anything."""
    _, marker, of = run.removesuffix("-swapped").partition("-")[2].partition("-")[2].partition("-")
    if marker and of != _of(scope):
        raise OtherScopeError(f"run {run} is of {'everything' if of == _EVERYTHING else 'other portfolios'}")


def _of(scope: Scope) -> str:
    """Whatever order the portfolios are named in, and however often."""
    if scope.everything:
        return _EVERYTHING
    names = "\n".join(f"{tenant}/{portfolio}" for tenant, portfolio in sorted(set(scope.portfolios)))
    return hashlib.sha256(names.encode()).hexdigest()[:8]
