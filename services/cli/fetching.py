"""`holdfast fetch`"""

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.messaging.publishing import Publisher
from holdfast.registry.errors import RegistryError
from holdfast.registry.schedules import requests_now
from holdfast.registry.store import RegistryStore
from services.cli import connections
from services.cli.output import done, print_json
from services.cli.registry import AccountWord, JsonFlag, TenantOption, catalogue, chosen_tenant


async def fetch(account: AccountWord, *, tenant: TenantOption = None, json: JsonFlag = False) -> None:
    """Fetch every source of an account now, before anything that is merely due."""
    now = connections.clock.now()
    async with connections.nats() as connection:
        state = await RegistryStore(connection.js, clock=connections.clock, catalogue=catalogue()).read()
        jobs = requests_now(state, chosen_tenant(state, tenant), _canonical(account), now=now)
        await Publisher(connection.js, producer="cli", clock=connections.clock).publish_many(jobs)
    if json:
        print_json(jobs)
        return
    for job in jobs:
        done(f"{job.provider}/{job.scope} {job.feed} of {job.target} is asked for; job {job.id}")
    if not jobs:
        done("nothing to fetch: every source of it is paused (holdfast account list)")


def _canonical(account: str) -> str:
    try:
        return parse_account(account).id
    except AccountIdError as error:
        raise RegistryError("account", str(error), "As eip155:1:0x…; holdfast account list shows them") from error
