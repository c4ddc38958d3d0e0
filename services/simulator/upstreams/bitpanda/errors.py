"""How the custodian refuses: HTTP statuses with the body of its gateway, and GraphQL errors."""

from services.simulator.exchange import Answer, Refusal, to_json

_STATUSES: dict[Refusal, tuple[int, str, str]] = {
    "too_many_requests": (429, "TooManyRequests", "Too Many Requests"),
    "unavailable": (503, "ServiceUnavailable", "Service Unavailable"),
    "payment_required": (402, "PaymentRequired", "Payment Required"),
    "key_revoked": (401, "UnauthorizedException", "You are not authorized to make this call."),
}


class UserError(Exception):
    """What a client got wrong in its arguments; the text is for it."""


def refusal_answer(refusal: Refusal) -> Answer:
    if refusal == "syncing":
        return to_json({"data": None, "errors": [{"message": "Internal server error", "path": ["user", "portfolio"]}]})
    status, kind, message = _STATUSES[refusal]
    headers = (("retry-after", "1"),) if status == 429 else ()
    return to_json({"errors": [{"errorType": kind, "message": message}]}, status=status, headers=headers)
