"""A provider's folder is its registration: `holdfast.providers.<name>` with MANIFEST and build."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

import holdfast.providers as package
from holdfast.domain.sources import check_name
from holdfast.domain.time import Clock
from holdfast.providers.kit.contract import Manifest, Provider
from holdfast.providers.kit.session import Session

_NOT_PROVIDERS = {"kit"}


class InvalidProviderError(Exception):
    """A folder among the providers that is none; the message names it and what it lacks."""


class ProviderModule(Struct, frozen=True, kw_only=True):
    name: str
    manifest: Manifest
    build: Callable[[Any, Session, Clock], Provider]
    """(settings of `manifest.settings`, session, clock) to a provider."""
    folder: Path
    targets_with_past: Callable[[Any], tuple[str, ...]] | None = None
    """How the ids of targets begin that have a past, by the settings; None where the manifest says it all."""


def discover(roots: Sequence[Path] = ()) -> dict[str, ProviderModule]:
    """Every provider by name, in alphabetical order. Raises InvalidProviderError.

    `roots` are further directories whose folders are providers too; they stay registered for the process.
    """
    for root in roots:
        if str(root) not in package.__path__:
            package.__path__.append(str(root))
    names = sorted({found.name for found in pkgutil.iter_modules(package.__path__)} - _NOT_PROVIDERS)
    return {name: load_provider(name) for name in names}


def load_provider(name: str) -> ProviderModule:
    """One provider. Raises InvalidProviderError."""
    try:
        module = importlib.import_module(f"{package.__name__}.{check_name('provider', name)}")
    except (ImportError, ValueError) as error:
        raise InvalidProviderError(f"provider {name!r} cannot be imported: {error}") from error
    manifest, build = getattr(module, "MANIFEST", None), getattr(module, "build", None)
    if not isinstance(manifest, Manifest) or not callable(build):
        raise InvalidProviderError(f"provider {name!r}: its __init__.py must expose MANIFEST (a Manifest) and build")
    if manifest.name != name:
        raise InvalidProviderError(f"provider {name!r}: MANIFEST.name is {manifest.name!r}, not the folder's name")
    targets_with_past = getattr(module, "targets_with_past", None)
    if targets_with_past is None and any(feed.history and feed.history.told for feed in manifest.feeds):
        raise InvalidProviderError(f"provider {name!r}: a history that is `told` needs targets_with_past")
    return ProviderModule(
        name=name,
        manifest=manifest,
        build=build,
        folder=Path(str(module.__file__)).parent,
        targets_with_past=targets_with_past,
    )
