"""Many contract reads at one block: through Multicall3 where the chain has it, by JSON-RPC batch elsewhere."""

from collections.abc import Sequence

from holdfast.providers.evm.calls import MULTICALL3, Call, aggregate3, to_params
from holdfast.providers.evm.decoding import to_aggregate3, to_bytes
from holdfast.providers.evm.envelope import Answer, Request
from holdfast.providers.evm.failures import RpcFailure, is_reverted
from holdfast.providers.evm.node import Node
from holdfast.providers.evm.pinning import Pin


class Reader:
    """Reads the contracts of one chain. Remembers whether Multicall3 is there."""

    def __init__(self, node: Node, *, calls_per_request: int) -> None:
        self._node = node
        self._size = calls_per_request
        self._has_multicall: bool | None = None

    async def fetch_calls(self, calls: Sequence[Call], pin: Pin) -> list[bytes | None]:
        """What each call returned; None where the contract failed. Raises ProviderError when the node failed.

        A failure inside a Multicall may be a neighbour's doing (it burned the gas), so it is believed
        only when the call fails alone, too.
        """
        if len(calls) < 2 or not await self._look_for_multicall(pin):
            return await self._fetch_directly(calls, pin)
        returned: list[bytes | None] = []
        for start in range(0, len(calls), self._size):
            returned += await self._fetch_aggregated(calls[start : start + self._size], pin)
        failed = [place for place, data in enumerate(returned) if data is None]
        for place, data in zip(failed, await self._fetch_directly([calls[p] for p in failed], pin), strict=True):
            returned[place] = data
        return returned

    async def _look_for_multicall(self, pin: Pin) -> bool:
        if self._has_multicall is None:
            answer = await self._node.ask(Request("eth_getCode", [MULTICALL3, pin.reference]))
            self._has_multicall = bool(to_bytes(self._node.settle("eth_getCode", answer)))
        return self._has_multicall

    async def _fetch_aggregated(self, calls: Sequence[Call], pin: Pin) -> list[bytes | None]:
        answer = await self._node.ask(Request("eth_call", to_params(aggregate3(calls), pin.reference)))
        returned = to_aggregate3(self._to_returned(answer) or b"")
        if returned is None or len(returned) != len(calls):
            return [None] * len(calls)
        return returned

    async def _fetch_directly(self, calls: Sequence[Call], pin: Pin) -> list[bytes | None]:
        requests = [Request("eth_call", to_params(call, pin.reference)) for call in calls]
        return [self._to_returned(answer) for answer in await self._node.ask_many(requests)]

    def _to_returned(self, answer: Answer) -> bytes | None:
        if isinstance(answer, RpcFailure) and is_reverted(answer):
            return None
        return to_bytes(self._node.settle("eth_call", answer))
