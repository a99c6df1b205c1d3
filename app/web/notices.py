"""The bell: what happened that concerns the viewer, with its cause and where to look."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, redirect, render_template, request

from app.clock import utcnow
from app.errors import Invalid
from app.identity import preferences, queries, service
from app.web import frame, notice_lines, shell
from app.web.auth import safe_next
from app.web.rules import signed_in

blueprint = Blueprint("notices", __name__)
#: Kinds that can be shown by the browser one by one; all others are "other".
KINDS = ("assigned", "message", "chased", "mentioned", "due", "breached", "other")


# What processes and other rooms call their notices.
_MEANS = {
    "watched_message": "message", "work_order_chased": "chased", "watched_limit": "breached", "escalated": "breached",
    "work_order_dispatched": "assigned", "sla_warned": "due", "sla_breached": "breached",
}  # fmt: skip


def kind_of(kind: str) -> str:
    """Return which of the kinds a notice belongs to."""
    return kind if kind in KINDS else _MEANS.get(kind, "other")


@blueprint.app_template_global("notice_kind")
def notice_kind(kind: str) -> str:
    """Return the key of a notice's kind."""
    return f"notice_{kind_of(kind)}"


@blueprint.get("/notices")
@signed_in
def notices() -> Any:
    """Show the latest notices: as a page, or for the bell."""
    rows = queries.notices(frame.viewer().user_id)
    if shell.is_fragment("bell-list"):
        return render_template("partials/_notices.html", notices=rows)
    return shell.page("notices.html", section="notices", notices=rows)


@blueprint.get("/notices/new.json")
@signed_in
def new() -> Response:
    """Return the unread notices after `?after=` (an id; 0 answers only with the newest id), and which the browser may show."""
    viewer = frame.viewer()
    wanted = preferences.of(viewer.user_id)
    rows = queries.notices(viewer.user_id, limit=10)
    after = request.args.get("after", 0, type=int)
    loud = not wanted.is_quiet(utcnow())
    fresh = [
        {
            "id": row.id,
            "text": notice_lines.notice_text(row.kind, row.text),
            "link": row.link,
            "tell": loud and kind_of(row.kind) in wanted.tell,
        }
        for row in reversed(rows)
        if after and row.id > after and row.read_at is None
    ]
    newest = rows[0].id if rows else 0
    body = {"unread": wanted.unread, "newest": newest, "notices": fresh}
    return Response(orjson.dumps(body), mimetype="application/json")


@blueprint.post("/notices/read")
@signed_in
def read() -> Any:
    """Mark notices as read: one (`one`) or all up to `up_to`."""
    viewer, form = frame.viewer(), request.form
    one, up_to = form.get("one", type=int), form.get("up_to", type=int)
    if one is None and up_to is None:
        raise Invalid("notice_missing", "Say which notices were read.", fields={"up_to": "required"})
    if one is not None:
        service.mark_notice_read(viewer.user_id, one)
        target = queries.notice_link(viewer.user_id, one)
        if target and form.get("open"):
            return redirect(safe_next(target), 303)
    else:
        service.mark_notices_read(viewer.user_id, up_to=up_to or 0)
    if shell.is_fragment("bell-list"):
        return notices()
    return redirect("/notices", 303)
