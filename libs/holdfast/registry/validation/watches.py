"""Watches: what is fetched without being an account."""

from holdfast.domain.assets import AssetIdError, parse_asset
from holdfast.events.subjects import PUBLIC
from holdfast.registry.commands import Catalogue
from holdfast.registry.errors import RegistryError, UsedUpError
from holdfast.registry.records import Watch
from holdfast.registry.state import RegistryState
from holdfast.registry.validation.existing import existing_tenant
from holdfast.registry.validation.sources import checked_every, existing_feed


def checked_watch(state: RegistryState, catalogue: Catalogue, watch: Watch) -> Watch:
    """A feed whose target is not an account: prices, clusters. Tenant `public` where the data is nobody's own.

    Prices always are: they are stored without a tenant, and value the lines of all.
    """
    if watch.tenant != PUBLIC:
        existing_tenant(state, watch.tenant)
    feed = existing_feed(catalogue, watch.provider, watch.feed, "watch")
    if feed.namespaces:
        fix = "Add an account with this provider as its source"
        raise RegistryError("watch.feed", f"{watch.provider} {feed.name} fetches accounts", fix)
    if feed.name == "prices" and watch.tenant != PUBLIC:
        fix = f"Watch them as tenant {PUBLIC}; state private prices with the holdings, or run a Holdfast of your own"
        raise RegistryError("watch.tenant", "fetched prices value everybody's holdings: they are no tenant's own", fix)
    if not watch.target or len(watch.target) > 256 or not watch.target.isprintable():
        raise RegistryError(
            "watch.target", f"{watch.target[:60]!r} is not a target", "Use 1 to 256 printable characters"
        )
    _check_spelling(watch.target)
    if watch.scope and watch.scope not in feed.scopes:
        fix = f"Scopes of {watch.provider} {feed.name}: {', '.join(feed.scopes) or 'none, leave it out'}"
        raise RegistryError("watch.scope", f"there is no scope {watch.scope[:80]!r}", fix)
    checked_every("watch.every_s", watch.every_s)
    return watch


def check_room(state: RegistryState, tenant: str, at_most: int) -> None:
    """Raises UsedUpError where the tenant watches that many things already."""
    own = sum(key[0] == tenant for key in state.watches)
    if own >= at_most:
        raise UsedUpError("watch.target", f"this tenant watches {own} things already", "End one that is not needed")


def default_every(catalogue: Catalogue, provider: str, feed: str) -> int:
    """The manifest's own interval."""
    return existing_feed(catalogue, provider, feed, "watch").every_s


def _check_spelling(target: str) -> None:
    """One token is one watch: an asset id in another spelling than the canonical would be fetched and stored twice."""
    try:
        canonical = parse_asset(target)
    except AssetIdError:
        return  # what else a feed takes is its own to say
    if canonical != target:
        raise RegistryError("watch.target", f"{target[:160]!r} is not its canonical spelling", f"Write {canonical}")
