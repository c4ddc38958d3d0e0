"""Who fetches an account, and which of several counts."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import msgspec

from holdfast.domain.accounts import AccountId
from holdfast.providers.kit.contract import FeedManifest, Manifest
from holdfast.registry.commands import Catalogue, SourceChoice
from holdfast.registry.errors import RegistryError
from holdfast.registry.records import SourceSetting

MAX_EVERY_S = 31 * 86_400


def checked_sources(
    catalogue: Catalogue, account: AccountId, choices: Sequence[SourceChoice]
) -> tuple[SourceSetting, ...]:
    """The sources of an account: those chosen, else every feed of every provider that takes such an account.

    Exactly one per scope is counted: who says so, else the first in order.
    """
    chosen = choices or _default_choices(catalogue, account)
    settings = [_source(catalogue, account, choice, f"sources[{at}]") for at, choice in enumerate(chosen)]
    for first, second in combinations(settings, 2):
        if (first.provider, first.feed, first.scope) == (second.provider, second.feed, second.scope):
            raise RegistryError("sources", f"{first.provider} {first.scope} is there twice", "List it once")
    counted = _counted([(choice.counted, setting) for choice, setting in zip(chosen, settings, strict=True)])
    return tuple(
        msgspec.structs.replace(setting, counted=is_counted)
        for setting, is_counted in zip(settings, counted, strict=True)
    )


def _default_choices(catalogue: Catalogue, account: AccountId) -> list[SourceChoice]:
    able = _taking(catalogue, account, "balances")
    names = [name for name in able if not _on_request(catalogue[name], "balances")]
    if not names:
        installed = f"Providers take: {', '.join(sorted(_namespaces(catalogue))) or 'nothing, none is installed'}"
        fix = f"Name a source: {' or '.join(able)}" if able else installed
        raise RegistryError("account", f"no provider takes {account.namespace} accounts unasked", fix)
    return [
        SourceChoice(provider=name, feed=feed.name)
        for name in names
        for feed in catalogue[name].feeds
        if account.namespace in feed.namespaces and not feed.on_request
    ]


def _source(catalogue: Catalogue, account: AccountId, choice: SourceChoice, field: str) -> SourceSetting:
    feed = existing_feed(catalogue, choice.provider, choice.feed, field)
    if account.namespace not in feed.namespaces:
        able = ", ".join(_taking(catalogue, account, choice.feed)) or "none"
        message = f"{choice.provider} {feed.name} takes {', '.join(feed.namespaces) or 'no'} accounts"
        fix = f"Providers for {account.namespace} accounts: {able}"
        raise RegistryError(f"{field}.provider", f"{message}, not {account.namespace}", fix)
    scope = choice.scope or (feed.scopes[0] if feed.scopes else "")
    if scope not in feed.scopes:
        fix = f"Scopes of {choice.provider} {feed.name}: {', '.join(feed.scopes) or 'none'}"
        raise RegistryError(f"{field}.scope", f"there is no scope {scope[:80]!r}", fix)
    every_s = checked_every(f"{field}.every_s", feed.every_s if choice.every_s is None else choice.every_s)
    return SourceSetting(provider=choice.provider, feed=feed.name, scope=scope, every_s=every_s)


def existing_feed(catalogue: Catalogue, provider: str, name: str, field: str) -> FeedManifest:
    manifest = catalogue.get(provider)
    if manifest is None:
        fix = f"Providers: {', '.join(sorted(catalogue)) or 'none is installed'}"
        raise RegistryError(f"{field}.provider", f"there is no provider {provider[:80]!r}", fix)
    feed = manifest.feed(name)
    if feed is None:
        fix = f"Feeds of {provider}: {', '.join(known.name for known in manifest.feeds)}"
        raise RegistryError(f"{field}.feed", f"{provider} has no feed {name[:80]!r}", fix)
    return feed


def checked_every(field: str, seconds: int) -> int:
    if not 1 <= seconds <= MAX_EVERY_S:
        raise RegistryError(field, f"{seconds} is not an interval", f"Use 1 to {MAX_EVERY_S} seconds")
    return seconds


def _counted(sources: Sequence[tuple[bool | None, SourceSetting]]) -> list[bool]:
    """Which of the sources count: per feed and scope the one that says so, else the first that does not say no."""
    winners: dict[tuple[str, str], int] = {}
    for at, (wish, setting) in enumerate(sources):
        scope = (setting.feed, setting.scope)
        if wish and scope in winners and sources[winners[scope]][0]:
            raise RegistryError("sources", f"two counted sources of scope {setting.scope!r}", "Let exactly one count")
        if wish or (wish is None and scope not in winners):
            winners[scope] = at
    for _, setting in sources:
        if (setting.feed, setting.scope) not in winners:
            raise RegistryError("sources", f"no counted source of scope {setting.scope!r}", "Let exactly one count")
    return [winners[setting.feed, setting.scope] == at for at, (_, setting) in enumerate(sources)]


def _taking(catalogue: Catalogue, account: AccountId, feed: str) -> list[str]:
    """The providers, in alphabetical order, whose feed takes such an account."""
    return [
        name
        for name, manifest in sorted(catalogue.items())
        if (found := manifest.feed(feed)) is not None and account.namespace in found.namespaces
    ]


def _on_request(manifest: Manifest, feed: str) -> bool:
    found = manifest.feed(feed)
    return found is not None and found.on_request


def _namespaces(catalogue: Catalogue) -> Iterable[str]:
    return {namespace for manifest in catalogue.values() for feed in manifest.feeds for namespace in feed.namespaces}
