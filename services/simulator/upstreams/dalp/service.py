"""The service: key, organisation and participant, then the route."""

import hmac
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from holdfast.providers.dalp.wire import (
    BALANCES_PATH,
    BREAKDOWN_PATH,
    PRESETS_PATH,
    RANGES_PATH,
    Links,
    Resource,
    is_participant,
    self_link,
    to_json,
)
from services.simulator.exchange import Answer, Refusal, Request
from services.simulator.upstreams.dalp.failures import (
    FORBIDDEN,
    NOT_FOUND,
    UNAUTHORISED,
    DalpError,
    invalid,
    refuse,
    to_answer,
)
from services.simulator.upstreams.dalp.holdings import render_page
from services.simulator.upstreams.dalp.statistics import render_breakdown, render_preset, render_range
from services.simulator.world.tokenised import Participant
from services.simulator.world.world import World

ORGANIZATION = "org_simulator"


class Dalp:
    """One organisation with one key, which is that of the first participant."""

    name = "dalp"
    prefixes: tuple[str, ...] = ("/api/v2/",)

    def __init__(self, world: World, *, api_key: str) -> None:
        self._world = world
        self._api_key = api_key

    def answer(self, request: Request, now: datetime) -> Answer:
        try:
            participant = self._admit(request.headers)
            if request.method != "GET":
                raise DalpError(NOT_FOUND)
            return Answer(body=to_json(self._route(request, participant, now)))
        except DalpError as error:
            return to_answer(error.failure)

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        return refuse(refusal)

    def caller(self, request: Request) -> str:
        """The key's beginning, as it says in a list of keys."""
        return request.headers.get("x-api-key", "")[:12]

    def _admit(self, headers: Mapping[str, str]) -> Participant:
        if not hmac.compare_digest(headers.get("x-api-key", "").encode(), self._api_key.encode()):
            raise DalpError(UNAUTHORISED)
        if headers.get("x-organization-id", ORGANIZATION) != ORGANIZATION:
            raise DalpError(FORBIDDEN)
        own = self._world.participants[0]
        named = headers.get("x-participant", own.id)
        if not is_participant(named):
            raise invalid("X-Participant", "expected pp_ and a lower-case UUID")
        if named != own.id:
            raise DalpError(NOT_FOUND)
        return own

    def _route(self, request: Request, participant: Participant, now: datetime) -> Struct:
        path, world = request.path, self._world
        if path == BALANCES_PATH:
            return render_page(world, participant, request.query, now)
        links = Links(self_=self_link(path))
        if path == RANGES_PATH:
            return Resource(data=render_range(world, participant, request.query, now), links=links)
        if path == BREAKDOWN_PATH:
            return Resource(data=render_breakdown(world, participant, now), links=links)
        if path.startswith(f"{PRESETS_PATH}/"):
            preset = path.removeprefix(f"{PRESETS_PATH}/")
            return Resource(data=render_preset(world, participant, preset, now), links=links)
        raise DalpError(NOT_FOUND)
