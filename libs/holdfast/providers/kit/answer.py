"""What an upstream answered: status, headers and a whole body, with its hash."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from holdfast.observability.logs import redacted
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.strict_json import JsonLimits, MalformedJsonError, decode


class Answer(Struct, frozen=True, kw_only=True):
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """Decompressed."""
    sha256: str
    sent_at: datetime
    """When the request left, after any wait for the budget: the as-of of an answer that states none."""
    received_at: datetime
    limits: JsonLimits = JsonLimits()

    def json(self) -> object:
        """The body with exact numbers: int and Decimal, never float. Raises UnexpectedResponseError."""
        try:
            return decode(self.body, self.limits)
        except MalformedJsonError as error:
            raise self.unexpected(str(error)) from error

    def unexpected(self, message: str) -> UnexpectedResponseError:
        """The error for an answer that cannot be understood, naming the recorded body."""
        excerpt = redacted(self.body[:300].decode("utf-8", "replace"))
        return UnexpectedResponseError(message, status=self.status, sha256=self.sha256, excerpt=excerpt)
