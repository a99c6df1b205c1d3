"""Everybody whom work can be given to, for the choices in forms: hundreds of people, on nearly every page of a case.

They are read as one text, which also is what a page that was drawn with them is known by; it is taken apart only to draw anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import orjson

from app.db import known, run

_READ = """select coalesce(jsonb_agg(jsonb_build_array(id, login, name) order by login), '[]')::text as people
 from users where is_active"""


class Colleague(NamedTuple):
    """Somebody to choose."""

    id: int
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class Colleagues:
    """All of them, by login. `text` changes with any of them."""

    text: str

    def __iter__(self) -> Iterator[Colleague]:
        """Go through them."""
        return iter(_parted(self.text))


@lru_cache(maxsize=4)
def _parted(text: str) -> tuple[Colleague, ...]:
    return tuple(Colleague(*each) for each in orjson.loads(text))


def active() -> Colleagues:
    """Return all who are active; read once in a unit of work."""
    return known(("colleagues",), lambda: Colleagues(run(_READ).fetchone().people))
