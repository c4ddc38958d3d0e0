"""A chain's node over JSON-RPC: batches where it takes them, one request at a time where it does not."""

from collections.abc import Sequence
from typing import Any

from holdfast.providers.evm.decoding import to_quantity
from holdfast.providers.evm.envelope import (
    Answer,
    EnvelopeError,
    Request,
    parse_answer,
    parse_batch,
    to_batch_body,
    to_body,
)
from holdfast.providers.evm.failures import RpcFailure, is_batch_refused, is_state_gone, to_error
from holdfast.providers.kit import session as kit
from holdfast.providers.kit.answer import Answer as HttpAnswer
from holdfast.providers.kit.errors import ProviderError, RateLimitedError, UnexpectedResponseError
from holdfast.settings import Secret

_STATUS_SPEAKS = (401, 402, 403, 429)
_BATCH_REFUSALS = (400, 404, 405, 413, 415, 422, 501)
_HEADERS = {"Content-Type": "application/json"}


class _RefusedError(ProviderError):
    """An HTTP error whose body is a JSON-RPC error: the body says more than the status."""

    def __init__(self, failure: RpcFailure) -> None:
        super().__init__(failure.message[:200])
        self.failure = failure


class Node:
    """Stateful only in what it has learned of the node: its chain id, and whether it takes batches."""

    def __init__(self, *, session: kit.Session, chain_id: int, url: Secret, requests_per_batch: int) -> None:
        self.chain_id = chain_id
        self._session = session
        self._url = url
        self._batch_size = requests_per_batch
        self._takes_batches = True
        self._verified = False

    @property
    def chain(self) -> str:
        """CAIP-2."""
        return f"eip155:{self.chain_id}"

    async def check_chain(self) -> None:
        """Once per process: a node of another chain would give a stranger's balances. Raises ProviderError."""
        if self._verified:
            return
        served = to_quantity(self.settle("eth_chainId", await self.ask(Request("eth_chainId", []))))
        if served != self.chain_id:
            setting = f"providers.evm.chains.{self.chain_id}.rpc_url"
            raise UnexpectedResponseError(f"{setting}: this node serves chain {served}, not {self.chain_id}")
        self._verified = True

    async def ask(self, request: Request) -> Answer:
        """One request. Raises ProviderError; what the node itself objects to is returned as an RpcFailure."""
        try:
            http = await self._send(to_body(request))
        except _RefusedError as refused:
            return refused.failure
        try:
            return parse_answer(http.json(), http.sha256)
        except EnvelopeError as error:
            raise http.unexpected(f"{request.method}: {error}") from error

    async def ask_many(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers in the order of the requests."""
        answers: list[Answer] = []
        for start in range(0, len(requests), self._batch_size):
            answers += await self._ask_chunk(requests[start : start + self._batch_size])
        return answers

    def settle(self, what: str, answer: Answer) -> Any:
        """The result; an RpcFailure is raised as the ProviderError it stands for."""
        if not isinstance(answer, RpcFailure):
            return answer
        error = to_error(answer, what)
        if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
            self._session.told(error.retry_after_s)
        raise error

    async def _ask_chunk(self, requests: Sequence[Request]) -> list[Answer]:
        answers = await self._ask_batch(requests) if len(requests) > 1 and self._takes_batches else None
        if answers is not None:
            return answers
        return [await self.ask(request) for request in requests]

    async def _ask_batch(self, requests: Sequence[Request]) -> list[Answer] | None:
        """None where they have to be asked one by one; a node that takes no batches is not asked for one again."""
        try:
            http = await self._send(to_batch_body(requests))
            body = http.json()
            refusal = parse_answer(body, http.sha256) if isinstance(body, dict) else None
            answers = [] if refusal is not None else parse_batch(body, len(requests), http.sha256)
        except _RefusedError as refused:
            refusal = refused.failure
        except EnvelopeError as error:
            raise http.unexpected(str(error)) from error
        except UnexpectedResponseError as error:
            if error.status not in _BATCH_REFUSALS:
                raise
            self._takes_batches = False
            return None
        if refusal is None:
            return answers
        if isinstance(refusal, RpcFailure) and is_state_gone(refusal):
            return None  # of one of the blocks: of which, it says of each alone
        if not (isinstance(refusal, RpcFailure) and is_batch_refused(refusal)):
            self.settle("a JSON-RPC batch", refusal)
        self._takes_batches = False
        return None

    async def _send(self, body: bytes) -> HttpAnswer:
        request = kit.Request(method="POST", url=self._url.reveal(), body=body, headers=_HEADERS)
        return await self._session.fetch(request, refine=_refine)


def _refine(answer: HttpAnswer) -> ProviderError | None:
    """What hosted nodes refuse about old blocks they may refuse with 403: it is no word about the key."""
    if answer.status < 300:
        return None
    try:
        parsed = parse_answer(answer.json(), answer.sha256)
    except (UnexpectedResponseError, EnvelopeError):
        return None
    if not isinstance(parsed, RpcFailure) or (answer.status in _STATUS_SPEAKS and not is_state_gone(parsed)):
        return None
    return _RefusedError(parsed)
