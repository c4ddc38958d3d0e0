"""`GET /_truth?at=…&portfolio=…`: the exact totals and breakdowns, and the instants that they are of.

With them the clusters of the watched tokens: by token, cluster by cluster, what each address holds.
"""

from datetime import datetime

from services.simulator.clock import WorldClock
from services.simulator.exchange import Answer, Request, to_json
from services.simulator.world.chains import ETHEREUM
from services.simulator.world.custody import hour_of
from services.simulator.world.holders import WATCHED, clusters_at
from services.simulator.world.instants import BeforeGenesisError, iso
from services.simulator.world.numbers import plain
from services.simulator.world.tokens import Token
from services.simulator.world.truth import truth_at
from services.simulator.world.world import World, block_at


class Truths:
    def __init__(self, world: World, clock: WorldClock) -> None:
        self._world = world
        self._clock = clock

    def show(self, request: Request) -> Answer:
        """`at` is ISO 8601 with a zone, or `now`; `portfolio` picks one."""
        text = request.query.get("at", "now")
        try:
            at = self._clock.now() if text == "now" else _instant(text)
            truths = truth_at(self._world, at)
        except (ValueError, BeforeGenesisError) as error:
            fix = "write at=2026-01-31T12:00:00Z (2020 or later), or at=now"
            return to_json({"error": f"at: {error}", "fix": fix}, status=400)
        wanted = request.query.get("portfolio")
        return to_json(
            {
                "at": iso(at),
                "valued_at": self._instants(at),
                "clusters": {token.asset: self._clusters(token, at) for token in WATCHED},
                "portfolios": [truth for truth in truths if wanted in (None, truth.id)],
            }
        )

    def _clusters(self, token: Token, at: datetime) -> list[dict[str, str]]:
        """The greatest cluster first; addresses as they are compared."""
        return [
            {(one.address.lower() if token.chain.is_evm else one.address): plain(one.amount) for one in members}
            for members in clusters_at(self._world, token, at)
        ]

    def _instants(self, at: datetime) -> dict[str, object]:
        """When each source states its numbers."""
        blocks = {chain.id: block_at(chain, at) for chain in self._world.chains if chain.is_evm}
        return {
            "okx": iso(at),
            "dalp": iso(at),
            "bitpanda": iso(hour_of(at)),
            "credmark": iso(blocks[ETHEREUM.id].time),
            "evm": {chain: {"block": block.number, "at": iso(block.time)} for chain, block in blocks.items()},
        }


def _instant(text: str) -> datetime:
    # In a query a plus sign is a space.
    at = datetime.fromisoformat(text.replace(" ", "+"))
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return at
