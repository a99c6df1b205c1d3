"""Rendered pieces of pages, kept in this process and used again.

A piece is found by everything that shows in it: its template, the language, and the values it is given or their version. It
cannot ask who is looking: the viewer and the request are not there while it is made. What belongs to one session alone, the
token of its forms, is a hole that is filled when the piece is used.
"""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from flask import Flask, current_app
from jinja2 import StrictUndefined
from markupsafe import Markup

from app.db import when_bound
from app.web import frame, i18n

# Nobody outside of this process knows it, so no text of a mail can be taken for it.
_HOLE: Final = secrets.token_hex(16)
_is_making: ContextVar[bool] = ContextVar("making_a_piece", default=False)
_NOT_HERE: Final = ("viewer", "request", "session", "g")
ROOM: Final = 4_000_000


class Shelf:
    """Pieces by key, at most twice `room` characters of them: those that nobody asked for longest go first."""

    def __init__(self, room: int) -> None:
        """Start empty."""
        self.room = room
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._young: dict[Hashable, tuple[str, ...]] = {}
        self._old: dict[Hashable, tuple[str, ...]] = {}
        self._used = 0

    def get(self, key: Hashable) -> tuple[str, ...] | None:
        """Return the parts of a piece around its holes."""
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: Hashable, parts: tuple[str, ...]) -> None:
        """Keep a piece. When there is no room, what was not used since the last time there was none is forgotten."""
        size = sum(map(len, parts))
        if size > self.room // 10:
            return
        if self._used + size > self.room:
            self._old, self._young, self._used = self._young, {}, 0
        self._young[key] = parts
        self._used += size


_shelf = Shelf(ROOM)
when_bound(_shelf.clear)


def install(app: Flask) -> None:
    """Give the templates `kept` and `csrf_token`."""
    app.jinja_env.globals.update(kept=kept, csrf_token=csrf_token)


def csrf_token() -> str:
    """Return the token of this session's forms; in a piece that is kept, the hole for it."""
    return _HOLE if _is_making.get() else frame.csrf_token()


def kept(template: str, /, **values: Any) -> Markup:
    """Return a template rendered with these values, which have to be hashable, and nothing else."""
    return piece(template, (*values.items(),), values)


def found(template: str, key: Hashable) -> Markup | None:
    """Return a piece that was kept, or None: then nobody has to read what it would be made of before it is needed."""
    parts = _shelf.get((template, i18n.locale(), key))
    return None if parts is None else _filled(parts)


def piece(template: str, key: Hashable, values: dict[str, Any]) -> Markup:
    """Return a template rendered with `values`, of which `key` must tell all that shows."""
    whole = (template, i18n.locale(), key)
    parts = _shelf.get(whole)
    if parts is None:
        parts = _make(template, values)
        _shelf.put(whole, parts)
    return _filled(parts)


def clear() -> None:
    """Forget all pieces."""
    _shelf.clear()


def _filled(parts: tuple[str, ...]) -> Markup:
    return Markup(parts[0] if len(parts) == 1 else csrf_token().join(parts))  # noqa: S704 -- made by a template


def _make(template: str, values: dict[str, Any]) -> tuple[str, ...]:
    hidden = {name: StrictUndefined(name=name) for name in _NOT_HERE if name not in values}
    with _making():
        return tuple(current_app.jinja_env.get_template(template).render({**hidden, **values}).split(_HOLE))


@contextmanager
def _making() -> Iterator[None]:
    token = _is_making.set(True)
    try:
        yield
    finally:
        _is_making.reset(token)
