"""What Credmark's errors mean for the runtime: by the status in the body, else that of the answer.

Only 400 is documented; what stands behind the others is what they mean everywhere.
"""

from holdfast.providers.credmark.wire import CredmarkFailure, to_failure
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.errors import ProviderError, ProviderUnavailableError, UnexpectedResponseError
from holdfast.providers.kit.labels import to_label
from holdfast.providers.kit.statuses import STATUS_ERRORS, build_error


def error_of(answer: Answer) -> ProviderError | None:
    """By Credmark's own error, with any HTTP status; None where there is none."""
    try:
        failure = to_failure(answer.json())
    except UnexpectedResponseError:
        return None
    return _error(failure, answer) if failure is not None else None


def _error(failure: CredmarkFailure, answer: Answer) -> ProviderError:
    otherwise = ProviderUnavailableError if failure.status >= 500 else UnexpectedResponseError
    kind = STATUS_ERRORS.get(failure.status, otherwise)
    # Of a refused key nothing is repeated: some servers quote it.
    said = f": {to_label(failure.text)}" if kind is UnexpectedResponseError and failure.text else ""
    return build_error(kind, f"Credmark {failure.status}{said}", answer)
