"""OKX's error codes and the HTTP status each comes with."""

_STATUS = {
    "50011": 429,
    "50014": 400,
    "50026": 500,
    "50103": 401,
    "50104": 401,
    "50105": 401,
    "50106": 401,
    "50107": 401,
    "50111": 401,
    "50112": 401,
    "50113": 401,
    "51000": 400,
    "84000": 400,
}
"""All others, as 84003, 84019 and 84021, come with 200."""


class OkxError(Exception):
    """An answer with a code other than 0."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        return _STATUS.get(self.code, 200)
