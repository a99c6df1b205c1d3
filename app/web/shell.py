"""What every page of the desk carries: navigation by rights, views with counts, the stream's address and admission."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import g, render_template, request

from app import streaming
from app.cases.arranging import STANDARD
from app.identity import policy
from app.settings import settings
from app.web import frame

VIEWS = STANDARD


# What other modules of this room add to every page: a name and what makes its value.
_additions: dict[str, Callable[[], Any]] = {}


def with_every_page(name: str, make: Callable[[], Any]) -> None:
    """Have every page of the shell get a value by this name."""
    _additions[name] = make


def is_fragment(target: str) -> bool:
    """Tell whether htmx asks for this part of the page only."""
    return request.headers.get("HX-Target") == target


class Place(NamedTuple):
    """An entry of the rail."""

    key: str
    href: str


def navigation() -> tuple[Place, ...]:
    """Return the entries of the rail that this viewer may open."""
    viewer = frame.viewer()
    entries = [Place("inbox", "/inbox/mine"), Place("orders", "/work-orders")]
    if policy.may_see_contacts(viewer):
        entries.append(Place("contacts", "/contacts"))
    if policy.may_see_processes(viewer):
        entries.append(Place("processes", "/processes"))
    if policy.may_resolve_faults(viewer):
        entries.append(Place("faults", "/faults"))
    if policy.may_configure_channels(viewer):
        entries.append(Place("channels", "/channels"))
    if policy.may_see_people(viewer):
        entries.append(Place("people", "/people"))
    if policy.may_open_settings(viewer):
        entries.append(Place("settings", "/settings"))
    return tuple(entries)


def stream_url() -> str:
    """Return the address of the event stream with this viewer's admission."""
    viewer = frame.viewer()
    admission = streaming.admission(
        user_id=viewer.user_id, role=policy.watches_as(viewer), team_ids=sorted(viewer.team_ids)
    )
    return f"{settings().stream_url}?admission={admission}"


def page(template: str, *, section: str, **context: Any) -> str:
    """Render a page inside the shell."""
    around = {name: make() for name, make in _additions.items()}
    return render_template(
        template, section=section, nav=navigation(), stream_url=stream_url(), place=streaming.place(g.begun), **around,
        **context,
    )  # fmt: skip
