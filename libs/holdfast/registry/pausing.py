"""Pausing and resuming what is fetched: a source of an account, or a watch."""

import msgspec

from holdfast.registry.errors import RegistryError
from holdfast.registry.records import Account, SourceSetting, Watch
from holdfast.registry.state import RegistryState


def with_pause(state: RegistryState, identity: tuple[str, str, str, str, str], why: str | None) -> Account | Watch:
    """The account or watch with the one source of (tenant, provider, feed, target, scope) paused, or resumed (None)."""
    tenant, provider, feed, target, scope = identity
    if (watch := state.watches.get(identity)) is not None:
        return msgspec.structs.replace(watch, paused=why)
    account = state.accounts.get((tenant, target))
    if account is None or not any(_is(setting, provider, feed, scope) for setting in account.sources):
        fix = "Look what is fetched: holdfast account list"
        raise RegistryError("source", f"{tenant}/{provider}/{target}/{scope} is not fetched", fix)
    sources = tuple(
        msgspec.structs.replace(setting, paused=why) if _is(setting, provider, feed, scope) else setting
        for setting in account.sources
    )
    return msgspec.structs.replace(account, sources=sources)


def _is(setting: SourceSetting, provider: str, feed: str, scope: str) -> bool:
    return (setting.provider, setting.feed, setting.scope) == (provider, feed, scope)
