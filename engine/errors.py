"""The families of failure that cross a room's border.

An expected refusal is a value, not an exception. What is raised is one of these; each class
carries a stable `code`. Adapters translate their library's errors into them at the border.
"""


class EngineError(Exception):
    """Base of every error Groschen raises on purpose; `code` is stable and safe to show."""

    code = "engine"


class CallerError(EngineError):
    """Who asked did it wrong; nothing was changed. `field` names the dotted path of the fault."""

    code = "caller"

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ConflictError(EngineError):
    """The same key was used for something else, or the state has moved on; nothing was changed."""

    code = "conflict"


class RemoteError(EngineError):
    """Asterisk, the store, SQL or a provider failed; `retryable` says whether to try again."""

    code = "remote"

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable
