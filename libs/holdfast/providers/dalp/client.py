"""Requests to DALP in the name of one participant."""

from collections.abc import Mapping

from holdfast.providers.dalp.failures import error_of
from holdfast.providers.dalp.settings import DalpSettings
from holdfast.providers.dalp.wire import is_participant, to_failure
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.errors import CredentialsRejectedError, ProviderError, UnexpectedResponseError
from holdfast.providers.kit.session import Request, Session

OWN = "me"
"""The account `dalp:me` is whoever the key belongs to."""


class DalpClient:
    """All methods raise ProviderError; what they return has a 2xx status and is no error of DALP's."""

    def __init__(self, settings: DalpSettings, session: Session) -> None:
        self.settings = settings
        self._session = session

    async def fetch(self, path: str, query: str = "", *, participant: str) -> Answer:
        """`participant` is `me` or an id as pp_…: then a key of somebody else is refused, not answered for."""
        request = Request(
            method="GET",
            url=f"{self.settings.base_url}{path}{'?' if query else ''}{query}",
            headers=self._context(participant),
        )
        refine = error_of if participant == OWN else _error_of_named_participant
        return await self._session.fetch(request, sign=self._sign, refine=refine)

    def _context(self, participant: str) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self.settings.organization:
            headers["x-organization-id"] = self.settings.organization
        if participant != OWN:
            headers["X-Participant"] = participant
        return headers

    def _sign(self, _: Request) -> Mapping[str, str]:
        return {"X-Api-Key": self.settings.api_key.reveal()}


def parse_participant(account: str) -> str:
    """Of `dalp:me` or `dalp:pp_…`. Raises UnexpectedResponseError for an account that DALP could not know."""
    participant = account.partition(":")[2]
    if participant == OWN or is_participant(participant):
        return participant
    raise UnexpectedResponseError(f"account {account[:80]!r}: expected dalp:{OWN}, or dalp:pp_ and a lower-case UUID")


def _error_of_named_participant(answer: Answer) -> ProviderError | None:
    """Another's participant id is answered as if it did not exist: then the key is the wrong one."""
    error = error_of(answer)
    if answer.status == 404 and isinstance(error, UnexpectedResponseError) and to_failure(answer.json()):
        return CredentialsRejectedError("DALP does not know this participant, or the key is somebody else's")
    return error
