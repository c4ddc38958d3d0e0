"""The service: the key, the chain, the accounts, then the resource."""

import hmac
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import parse_qsl

from msgspec import Struct

from holdfast.providers.credmark.wire import RequestError, Resource, parse_accounts, parse_query, to_json
from services.simulator.exchange import Answer, Refusal, Request
from services.simulator.upstreams.credmark.answers import ANSWERS, CHAIN_ID, Asked
from services.simulator.upstreams.credmark.errors import CredmarkError, error_answer, refusal_answer
from services.simulator.upstreams.credmark.returns import Ledgers
from services.simulator.world.chains import ETHEREUM
from services.simulator.world.wallets import Wallet
from services.simulator.world.world import World


class Credmark:
    """One key, for any wallet on Ethereum."""

    name = "credmark"
    prefixes: tuple[str, ...] = ("/v1/portfolio/",)

    def __init__(self, world: World, *, api_key: str) -> None:
        self._world = world
        self._api_key = api_key
        self._ledgers = Ledgers(world)

    def answer(self, request: Request, now: datetime) -> Answer:
        if not hmac.compare_digest(self.caller(request).encode(), self._api_key.encode()):
            return refusal_answer("key_revoked")
        try:
            return Answer(body=to_json(self._route(request, now)))
        except CredmarkError as error:
            return error_answer(error.status, error.message)
        except RequestError as error:
            return error_answer(400, error.message)

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        return refusal_answer(refusal)

    def caller(self, request: Request) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def _route(self, request: Request, now: datetime) -> Struct:
        chain_id, _, rest = request.path.removeprefix(self.prefixes[0]).partition("/")
        accounts, _, name = rest.partition("/")
        resource: Resource | None = next((one for one in ANSWERS if one == name), None)
        if request.method != "GET" or resource is None:
            raise CredmarkError(404, f"Cannot {request.method} {request.path[:200]}")
        if chain_id != str(CHAIN_ID):
            raise CredmarkError(400, (f"chainId must be one of the following values: {CHAIN_ID}",))
        spelled = parse_accounts(accounts)
        pairs = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        asked = Asked(
            world=self._world,
            ledgers=self._ledgers,
            accounts=spelled,
            wallets=tuple(self._wallets(spelled)),
            query=parse_query(pairs, historical=resource.endswith("historical")),
            now=now,
        )
        return ANSWERS[resource](asked)

    def _wallets(self, spelled: Iterable[str]) -> Iterable[Wallet]:
        """Each once, however often and in whatever case it is written."""
        for address in dict.fromkeys(one.lower() for one in spelled):
            wallet = self._world.by_address.get((ETHEREUM.id, address))
            if wallet is not None:
                yield wallet
