"""Mentions: `@login` and `@team` in a text, as colleagues write them to each other."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from app.db import known
from app.identity import queries
from app.identity.models import Team, User

MOST = 50  # mentions of a text beyond these are words like any other
# What may be a name: behind an @ that ends no mail address and no path. Chinese may stand directly before and behind it.
_RUN = re.compile(r"(?<![A-Za-z0-9._%+@/-])@([A-Za-z0-9][A-Za-z0-9._@+-]{0,79})")
_INSIDE = re.compile(r"[A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Mention:
    """One place of a text that names somebody: from `start` to `end`, the name in small letters."""

    start: int
    end: int
    name: str


def find(text: str, names: Collection[str]) -> list[Mention]:
    """Return where one of these names (in small letters) is mentioned, the longest that fits, in order, at most MOST."""
    found: list[Mention] = []
    for match in _RUN.finditer(text):
        run = match[1].lower()
        name = next((run[:size] for size in range(len(run), 0, -1) if _is_name(run, size, names)), None)
        if name is not None:
            found.append(Mention(match.start(), match.start() + 1 + len(name), name))
            if len(found) == MOST:
                break
    return found


def _is_name(run: str, size: int, names: Collection[str]) -> bool:
    return run[:size] in names and not _INSIDE.match(run[size : size + 1])


def people() -> dict[str, User]:
    """Return who can be mentioned, by login; read once in a unit of work."""
    return known("mentionable people", lambda: {user.login: user for user in queries.users(active_only=True)})


def teams() -> dict[str, Team]:
    """Return the teams that can be mentioned, by key; a login that reads the same comes first."""
    return known("mentionable teams", lambda: {team.key: team for team in queries.teams()})


def mentioned(text: str) -> tuple[list[User], list[Team]]:
    """Return the people and the teams that a text mentions, each once."""
    if "@" not in text:
        return [], []
    by_login, by_key = people(), teams()
    names = dict.fromkeys(mention.name for mention in find(text, by_login.keys() | by_key.keys()))
    return (
        [by_login[name] for name in names if name in by_login],
        [by_key[name] for name in names if name in by_key and name not in by_login],
    )
