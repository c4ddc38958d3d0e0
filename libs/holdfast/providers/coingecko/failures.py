"""CoinGecko's own error codes, which say more than the HTTP status: 401 may mean the key, or a range too long.

They come as {"status": {"error_code": 10002, …}}, as {"error_code": 10010, "status": {…}} with 400, and
as {"error": {"status": {…}}}.
Source: https://docs.coingecko.com/docs/errors-and-rate-limits, and answers seen.
"""

from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    ProviderError,
    RateLimitedError,
    UnexpectedResponseError,
)
from holdfast.providers.kit.statuses import build_error

_CODES: dict[int, tuple[type[ProviderError], str]] = {
    429: (RateLimitedError, "the rate limit is reached"),
    10002: (CredentialsRejectedError, "the API key is missing or wrong"),
    10005: (CredentialsRejectedError, "the plan does not include this endpoint"),
    10010: (CredentialsRejectedError, 'a pro key at the demo address: set plan = "pro"'),
    10011: (CredentialsRejectedError, 'a demo key at the pro address: set plan = "demo"'),
    10012: (UnexpectedResponseError, "more than the plan allows: lower contracts_per_request, or the range"),
}


def error_of(answer: Answer) -> ProviderError | None:
    """None where the body names no known code: the HTTP status decides."""
    if 200 <= answer.status < 300 and b'"error_code"' not in answer.body:
        return None
    try:
        code = _code(answer.json())
    except UnexpectedResponseError:
        return None
    if code not in _CODES:
        return None
    kind, meaning = _CODES[code]
    return build_error(kind, f"CoinGecko {code}: {meaning}", answer)


def _code(document: object) -> int:
    """0 for none."""
    for _ in range(3):
        if not isinstance(document, dict):
            return 0
        code = document.get("error_code")
        if isinstance(code, int):
            return code
        document = document.get("error") or document.get("status")
    return 0
