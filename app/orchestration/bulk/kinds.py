"""The kinds of bulk action: a registry. A new kind is a module that makes one `Kind`, and one line in `catalogue`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.cases.models import Case
from app.errors import Conflict
from app.identity.policy import Viewer

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One case's turn in a run: the locked case, who asked, and what was asked; `before` is what an undo goes by."""

    case: Case
    viewer: Viewer
    params: Params
    before: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: nothing when `changed` is false. `before` is what it takes to undo it, `shown` is text for people."""

    changed: bool
    before: Mapping[str, Any] = field(default_factory=dict)
    shown: str = ""


Undo = Callable[[Turn], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of bulk action.

    `read` checks what was asked for once (raises Invalid, NotFound) and returns plain values; `do` does it to one case and
    raises what the same act on a single case raises; `undo` takes it back and raises Conflict where somebody changed it
    since. Without `undo` the preview says that it cannot be taken back. `says` is the key of what the preview says of undoing.
    """

    key: str
    read: Callable[[Viewer, Params], dict[str, Any]]
    do: Callable[[Turn], Done]
    undo: Undo | None
    says: str


def changed_since(what: str) -> Conflict:
    """Return the refusal of an undo that would overwrite somebody else's change."""
    return Conflict("changed_since", f"Somebody has changed this since: {what}. It stays as it is.")
