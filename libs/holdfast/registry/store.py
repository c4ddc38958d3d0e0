"""RegistryStore: every command that changes the registry."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Unpack

import msgspec

from holdfast.domain.time import Clock, to_ms
from holdfast.messaging.bucket import Bucket, JetStream
from holdfast.messaging.declarations import REGISTRY
from holdfast.registry import validation
from holdfast.registry.commands import Catalogue, PortfolioWish, SourceChoice
from holdfast.registry.errors import RegistryError
from holdfast.registry.keys import generate_key
from holdfast.registry.pausing import with_pause
from holdfast.registry.records import Account, ApiKey, Member, Portfolio, Rule, RuleSet, Tenant, Watch
from holdfast.registry.rules import newest_rules
from holdfast.registry.state import RegistryState
from holdfast.registry.writer import RegistryWriter
from holdfast.settings import Secret


class RegistryStore:
    """Writes raise RegistryError (refused, nothing stored) or BucketUnavailableError (NATS is away).

    After any write, `revision` is one that a RegistryWatcher can `wait_until`.
    """

    def __init__(self, js: JetStream, *, clock: Clock, catalogue: Catalogue, deadline_s: float = 15) -> None:
        self._writer = RegistryWriter(Bucket(js, REGISTRY), deadline_s=deadline_s)
        self._clock = clock
        self._catalogue = catalogue

    @property
    def revision(self) -> int:
        return self._writer.revision

    async def read(self) -> RegistryState:
        """The registry as it is now."""
        return await self._writer.read()

    async def create_tenant(self, tenant: str, *, name: str = "") -> Tenant:
        wish = Tenant(id=tenant, name=name or tenant, created_at=self._clock.now())
        return await self._writer.put(lambda state: validation.new_tenant(state, wish))

    async def create_key(self, tenant: str, *, portfolio: str | None = None, label: str = "") -> tuple[ApiKey, Secret]:
        """The key and what its owner presents: shown now, never again."""
        new = generate_key()
        wish = ApiKey(
            id=new.id,
            tenant=tenant,
            portfolio=portfolio,
            label=label,
            secret_sha256=new.secret_sha256,
            created_at=self._clock.now(),
        )
        return await self._writer.put(lambda state: validation.new_key(state, wish)), new.presented

    async def revoke_key(self, tenant: str, key_id: str) -> ApiKey:
        """For good. Revoking a revoked key changes nothing."""
        now = self._clock.now()

        def decide(state: RegistryState) -> ApiKey:
            key = validation.existing_key(state, tenant, key_id)
            return key if key.revoked_at is not None else msgspec.structs.replace(key, revoked_at=now)

        return await self._writer.put(decide)

    async def create_portfolio(self, tenant: str, portfolio: str, **said: Unpack[PortfolioWish]) -> Portfolio:
        """Raises RegistryError where it exists; `put_portfolio` replaces."""

        def decide(state: RegistryState) -> Portfolio:
            if (tenant, portfolio) in state.portfolios:
                raise RegistryError("portfolio", f"{portfolio!r} exists already", "Choose another name, or change that")
            return validation.checked_portfolio(state, wish)

        wish = self._portfolio(tenant, portfolio, **said)
        return await self._writer.put(decide)

    async def put_portfolio(self, tenant: str, portfolio: str, **said: Unpack[PortfolioWish]) -> Portfolio:
        """Create it, or replace all that is said of it."""

        def decide(state: RegistryState) -> Portfolio:
            present = state.portfolios.get((tenant, portfolio))
            created_at = present.created_at if present else wish.created_at
            return validation.checked_portfolio(state, msgspec.structs.replace(wish, created_at=created_at))

        wish = self._portfolio(tenant, portfolio, **said)
        return await self._writer.put(decide)

    async def put_jump_ratio(self, tenant: str, portfolio: str, share: Decimal | None) -> Portfolio:
        """How far its total may move between two points unseen; None: as the setting says."""

        def decide(state: RegistryState) -> Portfolio:
            record = validation.existing_portfolio(state, tenant, portfolio)
            return validation.checked_portfolio(state, msgspec.structs.replace(record, jump_ratio=share))

        return await self._writer.put(decide)

    async def remove_portfolio(self, tenant: str, portfolio: str) -> None:
        await self._writer.remove(lambda state: validation.removable_portfolio(state, tenant, portfolio))

    async def add_member(self, tenant: str, portfolio: str, member: Member) -> Portfolio:
        """Adding a member that is there already changes nothing."""

        def decide(members: tuple[Member, ...]) -> tuple[Member, ...]:
            return members if wish in members else (*members, wish)

        wish = _with_canonical_account(member)
        return await self._writer.put(self._with_members(tenant, portfolio, decide))

    async def end_member(self, tenant: str, portfolio: str, member: str, *, at: datetime) -> Portfolio:
        """From `at` on the account or nested portfolio is no longer in; until then it was. History stays."""

        def decide(members: tuple[Member, ...]) -> tuple[Member, ...]:
            ended = tuple(_ended(one, until) if member in (one.account, one.portfolio) else one for one in members)
            return tuple(one for one in ended if one is not None)

        until = validation.checked_time("at", at)
        return await self._writer.put(self._with_members(tenant, portfolio, decide, required=member))

    async def remove_member(self, tenant: str, portfolio: str, member: str) -> Portfolio:
        """As if it had never been in: the portfolio's history changes. `end_member` keeps it."""

        def decide(members: tuple[Member, ...]) -> tuple[Member, ...]:
            return tuple(one for one in members if member not in (one.account, one.portfolio))

        return await self._writer.put(self._with_members(tenant, portfolio, decide, required=member))

    async def add_account(
        self, tenant: str, account: str, *, sources: Sequence[SourceChoice] = (), label: str = ""
    ) -> Account:
        """Track an account. One that is there keeps what is not said anew: its label, sources and pauses."""
        parsed = validation.checked_account_id("account", account)
        label = validation.checked_label("label", label)
        settings = validation.checked_sources(self._catalogue, parsed, sources)
        now = self._clock.now()

        def decide(state: RegistryState) -> Account:
            validation.existing_tenant(state, tenant)
            present = state.accounts.get((tenant, parsed.id))
            if present is None:
                return Account(
                    tenant=tenant,
                    id=parsed.id,
                    spelling=parsed.spelling,
                    label=label,
                    sources=settings,
                    created_at=now,
                )
            kept = settings if sources else present.sources
            return msgspec.structs.replace(present, label=label or present.label, sources=kept)

        return await self._writer.put(decide)

    async def remove_account(self, tenant: str, account: str) -> None:
        parsed = validation.checked_account_id("account", account)
        await self._writer.remove(lambda state: validation.removable_account(state, tenant, parsed.id))

    async def put_watch(
        self,
        tenant: str,
        *,
        provider: str,
        feed: str,
        target: str,
        scope: str = "",
        every_s: int | None = None,
        at_most: int | None = None,
    ) -> Watch:
        """Fetch a target that is no account. Tenant `public` where the data is nobody's own.

        Raises UsedUpError for a new one where the tenant watches `at_most` things already.
        """

        def decide(state: RegistryState) -> Watch:
            present = state.watches.get((tenant, provider, feed, target, scope))
            if present is None and at_most is not None:
                validation.check_room(state, tenant, at_most)
            wish = Watch(
                tenant=tenant,
                provider=provider,
                feed=feed,
                target=target,
                scope=scope,
                every_s=validation.default_every(self._catalogue, provider, feed) if every_s is None else every_s,
                paused=present.paused if present else None,
                created_at=present.created_at if present else self._clock.now(),
            )
            return validation.checked_watch(state, self._catalogue, wish)

        return await self._writer.put(decide)

    async def remove_watch(self, tenant: str, *, provider: str, feed: str, target: str, scope: str = "") -> None:
        def decide(state: RegistryState) -> Watch:
            return validation.existing_watch(state, (tenant, provider, feed, target, scope))

        await self._writer.remove(decide)

    async def put_rules(self, tenant: str, rules: Sequence[Rule], *, note: str = "") -> RuleSet:
        """Make these the tenant's rules, as a set of the next number. What holds already makes no new set."""
        wish = RuleSet(tenant=tenant, number=0, rules=tuple(rules), note=note, created_at=self._clock.now())
        return await self._writer.put(lambda state: validation.checked_rules(state, wish))

    async def change_rules(
        self, tenant: str, change: Callable[[tuple[Rule, ...]], Sequence[Rule]], *, note: str = ""
    ) -> RuleSet:
        """The same, from the rules that hold. `change` may be called again, if somebody else wrote first."""

        def decide(state: RegistryState) -> RuleSet:
            newest = newest_rules(state, tenant)
            rules = tuple(change(newest.rules if newest else ()))
            wish = RuleSet(tenant=tenant, number=0, rules=rules, note=note, created_at=now)
            return validation.checked_rules(state, wish)

        now = self._clock.now()
        return await self._writer.put(decide)

    async def pause_source(
        self, *, tenant: str, provider: str, feed: str, target: str, scope: str, why: str
    ) -> Account | Watch:
        """Fetch it no more until somebody resumes it. `target` is the account, or what a watch watches."""
        identity = (tenant, provider, feed, target, scope)
        return await self._writer.put(lambda state: with_pause(state, identity, why or "paused"))

    async def resume_source(self, *, tenant: str, provider: str, feed: str, target: str, scope: str) -> Account | Watch:
        identity = (tenant, provider, feed, target, scope)
        return await self._writer.put(lambda state: with_pause(state, identity, None))

    def _portfolio(
        self,
        tenant: str,
        portfolio: str,
        *,
        name: str = "",
        base_currency: str = "USD",
        members: Sequence[Member] = (),
        jump_ratio: Decimal | None = None,
    ) -> Portfolio:
        return Portfolio(
            tenant=tenant,
            id=portfolio,
            name=name or portfolio,
            base_currency=base_currency,
            members=tuple(_with_canonical_account(member) for member in members),
            jump_ratio=jump_ratio,
            created_at=self._clock.now(),
        )

    def _with_members(
        self,
        tenant: str,
        portfolio: str,
        decide: Callable[[tuple[Member, ...]], tuple[Member, ...]],
        *,
        required: str | None = None,
    ) -> Callable[[RegistryState], Portfolio]:
        def decide_portfolio(state: RegistryState) -> Portfolio:
            record = validation.existing_portfolio(state, tenant, portfolio)
            if required is not None and all(required not in (one.account, one.portfolio) for one in record.members):
                fix = f"Look who is: holdfast portfolio show {portfolio}"
                raise RegistryError("member", f"{required!r} is no member of {portfolio!r}", fix)
            changed = msgspec.structs.replace(record, members=decide(record.members))
            return validation.checked_portfolio(state, changed)

        return decide_portfolio


def _with_canonical_account(member: Member) -> Member:
    if member.account is None:
        return member
    account = validation.checked_account_id("members.account", member.account)
    times = {name: to_ms(at) for name in ("valid_from", "valid_to") if (at := getattr(member, name)) and at.tzinfo}
    return msgspec.structs.replace(member, account=account.id, **times)


def _ended(member: Member, at: datetime) -> Member | None:
    """The membership until `at`; None if it had not begun by then."""
    if member.valid_from is not None and member.valid_from >= at:
        return None
    return msgspec.structs.replace(member, valid_to=min(at, member.valid_to or at))
