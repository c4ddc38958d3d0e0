"""The engine's errors and their HTTP statuses."""

import re

# ClickHouse's own numbers (src/Common/ErrorCodes.cpp), for what this endpoint itself refuses.
BAD_ARGUMENTS = 36
NOT_IMPLEMENTED = 48
SYNTAX_ERROR = 62
UNKNOWN_COMPRESSION_METHOD = 89
QUERY_IS_TOO_LARGE = 162
READONLY = 164
NETWORK_ERROR = 210
CANNOT_DECOMPRESS = 271
SESSION_NOT_FOUND = 372
SESSION_IS_LOCKED = 373
INVALID_SESSION_TIMEOUT = 374
QUERY_WAS_CANCELLED = 394
SETTING_CONSTRAINT_VIOLATION = 452
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516
STD_EXCEPTION = 1001

_NAMES = {
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    SYNTAX_ERROR: "SYNTAX_ERROR",
    UNKNOWN_COMPRESSION_METHOD: "UNKNOWN_COMPRESSION_METHOD",
    QUERY_IS_TOO_LARGE: "QUERY_IS_TOO_LARGE",
    READONLY: "READONLY",
    NETWORK_ERROR: "NETWORK_ERROR",
    CANNOT_DECOMPRESS: "CANNOT_DECOMPRESS",
    SESSION_NOT_FOUND: "SESSION_NOT_FOUND",
    SESSION_IS_LOCKED: "SESSION_IS_LOCKED",
    INVALID_SESSION_TIMEOUT: "INVALID_SESSION_TIMEOUT",
    QUERY_WAS_CANCELLED: "QUERY_WAS_CANCELLED",
    SETTING_CONSTRAINT_VIOLATION: "SETTING_CONSTRAINT_VIOLATION",
    ACCESS_DENIED: "ACCESS_DENIED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    STD_EXCEPTION: "STD_EXCEPTION",
}

# As exceptionCodeToHTTPStatus of the server has it, and 403 for what a caller may not do.
_STATUSES = {
    400: (6, 20, 25, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 69, 70, 72, 89, 117, 167, 168, 271, 354, 374, 386, 457),
    403: (READONLY, 192, 193, SETTING_CONSTRAINT_VIOLATION, ACCESS_DENIED, 512, AUTHENTICATION_FAILED),
    404: (46, 47, 50, 56, 60, 81, 115, SESSION_NOT_FOUND),
    408: (159,),
    413: (QUERY_IS_TOO_LARGE,),
    501: (NOT_IMPLEMENTED,),
    503: (209, 439),
}
_STATUS_OF = {code: status for status, codes in _STATUSES.items() for code in codes}

_CODE = re.compile(r"Code: (\d+)\.")


class EngineError(Exception):
    """A statement failed, or was refused. The text reads as the server's: `Code: 60. DB::Exception: …`."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        named = _NAMES.get(code)
        tail = f" ({named})" if named and not message.endswith(")") else ""
        super().__init__(message if message.startswith("Code: ") else f"Code: {code}. DB::Exception: {message}{tail}")

    @property
    def http_status(self) -> int:
        return _STATUS_OF.get(self.code, 500)


def to_engine_error(error: BaseException) -> EngineError:
    """What chDB raised, its wrapping ("Streaming query failed: …") taken off."""
    text = str(error)
    found = _CODE.search(text)
    if found is None:
        return EngineError(STD_EXCEPTION, f"{type(error).__name__}: {text}")
    return EngineError(int(found[1]), text[found.start() :].strip())
