"""Requests to Credmark about one account."""

from collections.abc import Mapping

from msgspec import Struct

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.providers.credmark.failures import error_of
from holdfast.providers.credmark.settings import CredmarkSettings
from holdfast.providers.credmark.wire import Query, Resource, portfolio_path, to_query
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.contract import Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Request, Session

NAMESPACE = "eip155"


class Wallet(Struct, frozen=True, kw_only=True):
    """An account as Credmark sees it."""

    account: str
    chain_id: int
    address: str
    """As its owner spells it."""


class CredmarkClient:
    """Raises ProviderError; what it returns has a 2xx status and is no error of Credmark's."""

    def __init__(self, settings: CredmarkSettings, session: Session) -> None:
        self.settings = settings
        self._session = session

    async def fetch(self, resource: Resource, wallet: Wallet, query: Query) -> Answer:
        path, parameters = portfolio_path(wallet.chain_id, (wallet.address,), resource), to_query(query)
        request = Request(
            method="GET",
            url=f"{self.settings.base_url}{path}{'?' if parameters else ''}{parameters}",
            headers={"Accept": "application/json"},
        )
        return await self._session.fetch(request, sign=self._sign, refine=error_of)

    def _sign(self, _: Request) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.settings.api_key.reveal()}"}


def parse_wallet(target: Target, settings: CredmarkSettings) -> Wallet:
    """Raises UnexpectedResponseError for an account that Credmark could not be asked about."""
    try:
        account = parse_account(target.spelling or target.target)
    except AccountIdError as error:
        raise UnexpectedResponseError(str(error)) from error
    namespace, _, number = (account.chain or "").partition(":")
    if namespace != NAMESPACE or account.id != target.target or int(number) not in settings.chain_ids:
        asked = f"of the chains {settings.chains} (providers.credmark.chains)"
        raise UnexpectedResponseError(f"account {target.target[:80]!r}: Credmark is asked about accounts {asked}")
    return Wallet(account=account.id, chain_id=int(number), address=account.address)
