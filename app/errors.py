"""Domain errors. They know nothing of HTTP; `app.web.errors` chooses status codes."""

from __future__ import annotations


class DeskError(Exception):
    """A refusal with a stable code, a sentence that says what to do, and facts for the log.

    `fields` names what is wrong per input field, so that a form or an API client can show it in place; `at`, which characters
    of a text that was given.
    """

    at: tuple[int, int] | None = None

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        fields: dict[str, str] | None = None,
        **facts: object,
    ) -> None:
        """Keep the code, the sentence and the facts."""
        super().__init__(message or code)
        self.code = code
        self.message = message or code.replace("_", " ")
        self.fields = fields or {}
        self.facts = facts


class NotFound(DeskError):
    """The thing does not exist, or the asker may not know that it does."""


class Forbidden(DeskError):
    """The asker is known and may not do this."""


class Invalid(DeskError):
    """The input is wrong; the sentence says what is expected."""


class Conflict(DeskError):
    """Somebody else was faster, or the thing is no longer in the state that the asker saw."""


class Unavailable(DeskError):
    """A part that is needed does not answer now; the same call may pass later."""
