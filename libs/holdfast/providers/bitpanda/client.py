"""One question to the upstream, with the key in its header."""

from collections.abc import Mapping

import msgspec

from holdfast.providers.bitpanda.failures import error_of
from holdfast.providers.bitpanda.settings import BitpandaSettings
from holdfast.providers.bitpanda.wire import PortfolioRequest, request_json
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.session import Request, Session


class BitpandaClient:
    """Raises ProviderError; what it returns may still say that parts of it failed."""

    def __init__(self, settings: BitpandaSettings, session: Session) -> None:
        self._settings = settings
        self._session = session

    @property
    def account(self) -> str:
        """The one account that the key is of."""
        return f"bitpanda:{self._settings.user}"

    async def fetch_portfolio(self, request: PortfolioRequest) -> Answer:
        asked = Request(
            method="POST",
            url=self._settings.url,
            body=msgspec.json.encode(request_json(request)),
            headers={"Content-Type": "application/json"},
        )
        return await self._session.fetch(asked, sign=self._sign, refine=error_of)

    def _sign(self, _: Request) -> Mapping[str, str]:
        return {"x-api-key": self._settings.api_key.reveal()}
