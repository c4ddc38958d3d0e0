"""Signed requests to OKX: about a wallet's platforms, and about a token's holders."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from holdfast.domain.time import Clock
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.session import Request, Session
from holdfast.providers.okx.failures import error_of
from holdfast.providers.okx.settings import OkxSettings
from holdfast.providers.okx.signing import sign, to_timestamp
from holdfast.providers.okx.wire import (
    GENERATIONS,
    ClusterQuestion,
    ClusterRequest,
    DetailRequest,
    ListRequest,
    cluster_path,
    cluster_target,
    detail_path,
    detail_request_json,
    list_path,
    list_request_json,
)


class OkxClient:
    """All methods raise ProviderError; what they return has passed OKX's own code."""

    def __init__(self, settings: OkxSettings, session: Session, clock: Clock) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._generation = GENERATIONS[settings.version]

    @property
    def platforms_at_once(self) -> int:
        """How many platforms a detail request may name: in v5 there is room for one."""
        return 1 if self._settings.version == "v5" else self._settings.platforms_per_request

    async def fetch_platforms(self, request: ListRequest) -> Answer:
        return await self._post(list_path(self._generation), list_request_json(request, self._generation))

    async def fetch_details(self, request: DetailRequest) -> Answer:
        return await self._post(detail_path(self._generation), detail_request_json(request, self._generation))

    async def fetch_cluster_chains(self) -> Answer:
        return await self._get(cluster_path("supported/chain"))

    async def fetch_clusters(
        self, question: ClusterQuestion, request: ClusterRequest, *, range_filter: str = ""
    ) -> Answer:
        return await self._get(cluster_target(question, request, range_filter=range_filter))

    async def _get(self, target: str) -> Answer:
        request = Request(method="GET", url=self._settings.base_url + target)
        return await self._session.fetch(request, sign=self._sign, refine=error_of)

    async def _post(self, path: str, body: Any) -> Answer:
        request = Request(
            method="POST",
            url=self._settings.base_url + path,
            body=msgspec.json.encode(body),
            headers={"Content-Type": "application/json"},
        )
        return await self._session.fetch(request, sign=self._sign, refine=error_of)

    def _sign(self, request: Request) -> Mapping[str, str]:
        settings = self._settings
        timestamp = to_timestamp(self._clock.now())
        url = urlsplit(request.url)
        path = f"{url.path}?{url.query}" if url.query else url.path
        secret = settings.secret_key.reveal()
        headers = {
            "OK-ACCESS-KEY": settings.api_key.reveal(),
            "OK-ACCESS-SIGN": sign(secret, timestamp=timestamp, method=request.method, path=path, body=request.body),
            "OK-ACCESS-TIMESTAMP": timestamp,
            "OK-ACCESS-PASSPHRASE": settings.passphrase.reveal(),
        }
        return headers | ({"OK-ACCESS-PROJECT": settings.project} if settings.project else {})
