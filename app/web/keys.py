"""Single keys: the one table that binds them. The `?` sheet, the scripts and the account page all come from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson

from app.errors import Invalid
from app.identity.preferences import Preferences


class Shortcut(NamedTuple):
    """An action that a single key starts; `key_<action>` is its text, `keys_<group>` its heading on the sheet."""

    action: str
    key: str
    group: str


SHORTCUTS: Final = (
    Shortcut("search", "/", "desk"),
    Shortcut("sheet", "?", "desk"),
    Shortcut("notices", "b", "desk"),
    Shortcut("filter", "f", "list"),
    Shortcut("next", "j", "list"),
    Shortcut("previous", "k", "list"),
    Shortcut("pick", "x", "list"),
    Shortcut("bulk", "e", "list"),
    Shortcut("tab_before", "[", "list"),
    Shortcut("tab_after", "]", "list"),
    Shortcut("tab_close", "w", "list"),
    Shortcut("reply", "r", "case"),
    Shortcut("note", "n", "case"),
    Shortcut("task", "t", "case"),
    Shortcut("chase", "c", "case"),
    Shortcut("amend", "a", "case"),
    Shortcut("dispatch", "d", "case"),
    Shortcut("print", "p", "case"),
)
GROUPS: Final = ("desk", "list", "case")
ACTIONS: Final = frozenset(shortcut.action for shortcut in SHORTCUTS)


def effective(preferences: Preferences) -> dict[str, str]:
    """Return the key of each action for this user; empty for an action that they took the key from."""
    own = dict(preferences.keys)
    return {shortcut.action: own.get(shortcut.action, shortcut.key) for shortcut in SHORTCUTS}


def bindings(preferences: Preferences) -> str:
    """Return what the scripts need, as JSON: the action of each key; nothing when single keys are switched off."""
    found = {key: action for action, key in effective(preferences).items() if key} if preferences.has_keys else {}
    return orjson.dumps(found).decode()


def chosen(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the keys that differ from the table. Raises Invalid for what is no single key, and for a key with two actions."""
    fields: dict[str, str] = {}
    owner: dict[str, str] = {}
    for shortcut in SHORTCUTS:
        key = wanted.get(shortcut.action, shortcut.key).strip()
        if key and (len(key) != 1 or not key.isprintable()):
            fields[shortcut.action] = "one character"
        elif key and owner.setdefault(key, shortcut.action) != shortcut.action:
            fields[shortcut.action] = fields[owner[key]] = "taken twice"
    if fields:
        raise Invalid("bad_keys", "Each action needs one character of its own, or none.", fields=fields)
    return {s.action: key for s in SHORTCUTS if (key := wanted.get(s.action, s.key).strip()) != s.key}


CHORDS: Final = ((("Ctrl", "K"), "chord_all"), (("Ctrl", "↵"), "chord_send"), (("Esc",), "chord_leave"))


def sheet(preferences: Preferences) -> tuple[tuple[str, tuple[tuple[tuple[str, ...], str], ...]], ...]:
    """Return the sheet for this user: headings with their keys and texts, those with a modifier first."""
    own = effective(preferences)
    groups = [
        (f"keys_{group}", tuple(((own[s.action] or "–",), f"key_{s.action}") for s in SHORTCUTS if s.group == group))
        for group in GROUPS
    ]
    return (("keys_always", CHORDS), *groups)
