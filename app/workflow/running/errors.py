"""Errors of running a process. Those a host raises steer the process; those we raise name a wrong call."""

from __future__ import annotations


class UnknownToken(LookupError):
    """Nothing is open under this token: it was completed, cancelled, or never existed."""


class UnknownProcess(LookupError):
    """The compiled file holds no process of that id, or none that starts this way."""


class StateError(ValueError):
    """A saved state cannot be read: wrong format, damaged, or of another definition."""


class DataError(ValueError):
    """Data given to a process is not plain JSON, or is too large."""


class StepFailed(Exception):
    """A host raises this when a step cannot be done now; the step becomes a fault with this code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BpmnError(Exception):
    """A host raises this to throw a BPMN error that boundary events and event sub-processes may catch."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class StepAborted(Exception):
    """A host raises this when the whole advance must be given up, for instance because its transaction is lost."""


_PASSING: list[type[Exception]] = [StepAborted]


def let_through(*kinds: type[Exception]) -> None:
    """Lets these exceptions of a host end the whole advance instead of becoming faults: those after which nothing
    could be saved anyway, such as a lost database connection. Called once, where host and engine are put together.
    """
    _PASSING.extend(kind for kind in kinds if kind not in _PASSING)


def passing() -> tuple[type[Exception], ...]:
    """The exceptions that end the whole advance."""
    return tuple(_PASSING)
