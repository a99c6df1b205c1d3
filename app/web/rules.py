"""Who may call a route. Every view declares one rule; a view without one stops the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask

from app.identity.models import Role
from app.identity.policy import Viewer
from app.identity.rights import Right

View = TypeVar("View", bound=Callable[..., Any])
ATTRIBUTE = "access_rule"
HOPEFUL = "is_hopeful"
_PURPOSE = {Role.AGENT: Right.CASES_WORK, Role.MANAGER: Right.CASES_WORK, Role.DESIGNER: Right.PROCESSES_UPLOAD}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of its caller. `admits` None: anybody, even without a login."""

    name: str
    admits: Callable[[Viewer], bool] | None

    @property
    def is_public(self) -> bool:
        """Whether no login is needed."""
        return self.admits is None


PUBLIC = Rule("public", None)


def _declare(view: View, rule: Rule) -> View:
    setattr(view, ATTRIBUTE, rule)
    return view


def public(view: View) -> View:
    """Let anybody call this view; it proves its callers itself where it must (login form, signed webhooks)."""
    return _declare(view, PUBLIC)


def allow(*roles: str) -> Callable[[View], View]:
    """Let those call the view who may do what one of these built-in roles is for: `agent`, `manager`, `designer`."""
    named = frozenset(_PURPOSE[Role(role)] for role in roles)
    rule = Rule("allow " + ", ".join(sorted(roles)), lambda viewer: not named.isdisjoint(viewer.rights))
    return lambda view: _declare(view, rule)


def allow_if(may: Callable[[Viewer], bool]) -> Callable[[View], View]:
    """Let those call the view whom this function of `app.identity.policy` names."""
    rule = Rule(f"allow_if {may.__name__}", may)
    return lambda view: _declare(view, rule)


def signed_in(view: View) -> View:
    """Let every signed-in user call the view."""
    return _declare(view, Rule("signed_in", lambda _viewer: True))


def hopeful(view: View) -> View:
    """Try this view first without savepoints, and once more with them when one would have been needed: the usual case is fast.

    For views that only write rows.
    """
    setattr(view, HOPEFUL, True)
    return view


def is_hopeful(view: Any) -> bool:
    """Tell whether a view is to be tried without savepoints first."""
    return bool(getattr(view, HOPEFUL, False))


def rule_of(view: Any) -> Rule | None:
    """Return the rule that a view declares."""
    found = getattr(view, ATTRIBUTE, None)
    return found if isinstance(found, Rule) else None


def check_all_declared(app: Flask) -> None:
    """Raise RuntimeError naming the routes that declare no rule."""
    bare = sorted(
        f"{route.rule} ({route.endpoint})"
        for route in app.url_map.iter_rules()
        if rule_of(app.view_functions[route.endpoint]) is None
    )
    if bare:
        raise RuntimeError(f"Routes without a rule (@public, @signed_in, @allow, @allow_if): {', '.join(bare)}")
