"""The one taxonomy of errors: permanent ones are never retried, transient ones always are.

It prevents two losses: a broken record retried for ever (blocks its partition) and a passing
fault treated as final (drops what a resident said).
"""

from __future__ import annotations


class MinshengError(Exception):
    """Anything this system raises on purpose; `code` is a stable kebab-case name for machines."""

    code = "internal"

    def __init__(self, message: str = "", *, code: str | None = None, pointer: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())
        if code is not None:
            self.code = code
        self.pointer = pointer
        """JSON pointer (RFC 6901) into the offending input, where there is one."""


class PermanentError(MinshengError):
    """The same input will fail again: refuse it over HTTP, dead-letter it on Kafka, never retry."""

    code = "permanent"


class InvalidInput(PermanentError):
    """The input breaks the contract; `pointer` says where."""

    code = "invalid"


class NotFound(PermanentError):
    """No such thing, or not for this caller; the two are answered alike."""

    code = "not-found"


class Conflict(PermanentError):
    """The same identity was used before with other contents."""

    code = "conflict"


class Forbidden(PermanentError):
    """The caller is known, or not, and may not do this."""

    code = "forbidden"


class TransientError(MinshengError):
    """Trying again later may succeed: answer 503 over HTTP, back off and retry on Kafka."""

    code = "transient"


class Unavailable(TransientError):
    """A dependency (database, broker, blob store, mail server) does not answer in time."""

    code = "unavailable"


class OutcomeUnknown(TransientError):
    """A write timed out: it may have happened. Send it again with the same identity."""

    code = "outcome-unknown"


class StorageFull(TransientError):
    """No room for what was sent; HTTP 507."""

    code = "storage-full"
