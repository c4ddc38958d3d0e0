"""`holdfast backfill`"""

from collections.abc import Sequence

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.events.subjects import PUBLIC
from holdfast.registry.errors import RegistryError
from holdfast.registry.pasts import Past, prices_among
from holdfast.registry.state import RegistryState
from holdfast.registry.validation import existing_account
from services.cli import connections
from services.cli.history import Asking, Every, From, To, Wait, read_pasts
from services.cli.registry import AccountWord, JsonFlag, TenantOption, chosen_tenant


async def backfill(
    account: AccountWord,
    *,
    from_: From,
    to: To = None,
    every: Every = "1h",
    tenant: TenantOption = None,
    wait: Wait = True,
    json: JsonFlag = False,
) -> None:
    """Fetch the past of an account, and the prices and rates of that time, as far as their providers have any.

    Again: only what is still missing.
    """
    asking = Asking(from_, to, every)
    async with connections.nats() as connection:
        state, pasts = await read_pasts(connection)
        owner = chosen_tenant(state, tenant)
        mine = _of_account(state, pasts, owner, _canonical(account))
        await asking.ask(connection, [*mine, *prices_among(pasts, (PUBLIC, owner))], wait=wait, json=json)


def _of_account(state: RegistryState, pasts: Sequence[Past], tenant: str, account: str) -> list[Past]:
    existing_account(state, tenant, account)
    found = [past for past in pasts if (past.schedule.tenant, past.schedule.target) == (tenant, account)]
    if not found:
        raise RegistryError(
            "account",
            f"no source of {account} that is not paused has a past",
            "holdfast account list shows its sources; a node needs archive = true, and its worker to run",
        )
    return found


def _canonical(account: str) -> str:
    try:
        return parse_account(account).id
    except AccountIdError as error:
        raise RegistryError("account", str(error), "As eip155:1:0x…; holdfast account list shows them") from error
