"""What is asked about a token's holders: four GET requests, whose query is part of what is signed.

GET /api/v6/dex/market/token/cluster/list?chainIndex=1&tokenContractAddress=0x…
"""

from typing import Literal
from urllib.parse import urlencode

from msgspec import Struct

ClusterQuestion = Literal["supported/chain", "list", "overview", "top-holders"]

HOLDERS_BY_RANGE = {"1": 10, "2": 50, "3": 100}
"""How many of the greatest holders each rangeFilter takes together."""


class ClusterRequest(Struct, frozen=True, kw_only=True):
    chain_index: str
    token_contract_address: str


def cluster_path(question: ClusterQuestion) -> str:
    return f"/api/v6/dex/market/token/cluster/{question}"


def cluster_target(question: ClusterQuestion, request: ClusterRequest, *, range_filter: str = "") -> str:
    """Path and query, as they are signed and sent."""
    query = {"chainIndex": request.chain_index, "tokenContractAddress": request.token_contract_address}
    return f"{cluster_path(question)}?{urlencode(query | ({'rangeFilter': range_filter} if range_filter else {}))}"
