"""Who is on a case now: what screens say about themselves, and what they are told about others."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request

from app.cases import presence, queries
from app.cases.presence import Person
from app.errors import Invalid
from app.web import access, frame
from app.web.rules import hopeful, signed_in

blueprint = Blueprint("presence", __name__)
MAX_SCREEN = 40


@blueprint.post("/presence")
@hopeful
@signed_in
def beat() -> Response:
    """Note which case (`case`, a number) the viewer's `screen` shows and what is done there (`doing`), and which it has `left` (an id).

    Answers with who else is on the case.
    """
    viewer, screen = frame.viewer(), _screen()
    left = request.form.get("left", type=int)
    if left is not None:
        presence.leave(left, viewer.user_id, screen=screen)
    number = request.form.get("case", "")
    if not number:
        return Response("", 204)
    doing = request.form.get("doing", presence.LOOKS)
    if doing not in presence.DOING:
        raise Invalid("bad_doing", "One looks, or writes a reply or a note.", fields={"doing": "unknown"})
    case = access.case_row(viewer, number)
    company = presence.beat(case, Person(viewer.user_id, viewer.name, doing), screen=screen)
    return _told({"case": case.id, **company.shown()})


def _screen() -> str:
    given = request.form.get("screen", "")
    if not (given.isascii() and given.isalnum() and len(given) <= MAX_SCREEN):
        raise Invalid("bad_screen", "A screen names itself with letters and digits.", fields={"screen": "required"})
    return given


@blueprint.get("/presence")
@signed_in
def everybody() -> Response:
    """Return who is on the cases that the viewer may see: what lists begin with."""
    busy = presence.busy()
    seen = queries.ids_where([access.visible_cases(frame.viewer())], busy) if busy else []
    return _told({"cases": [{"case": key, **each.shown()} for key, each in presence.of_cases(seen).items()]})


def _told(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), content_type="application/json", headers={"Cache-Control": "no-store"})
