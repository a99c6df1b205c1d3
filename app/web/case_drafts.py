"""Drafts at the screen: kept while they are written, shared with colleagues on the case, taken over."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from app.cases import service as cases
from app.cases.models import Case
from app.errors import Conflict
from app.identity import policy
from app.messaging import drafts
from app.orchestration import sharing
from app.web import access, case_timeline, frame
from app.web.rules import allow, signed_in

blueprint = Blueprint("case_drafts", __name__)
works = allow("agent", "manager")


def _case(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return case


def addresses(field: str) -> list[str]:
    """Return the addresses that a field of this request's form names."""
    return [part.strip() for part in request.form.get(field, "").replace(";", ",").split(",") if part.strip()]


def keep(case: Case, known: str | None) -> str:
    """Keep what this request's form holds as the viewer's draft; returns its version."""
    return sharing.keep(
        case, frame.viewer().user_id, kind=request.form.get("kind", "reply"), text=request.form.get("text", ""),
        recipients={"to": addresses("to"), "cc": addresses("cc"), **_channel()}, known=known,
        mark=request.form.get("draft_mark", ""), after=_marks(),
    )  # fmt: skip


def _channel() -> dict[str, str]:
    """What a draft remembers of the channel that was chosen for it."""
    return {key: request.form[key][:60] for key in ("channel", "number") if request.form.get(key)}


def check_known(case: Case) -> None:
    """Raise Conflict when the viewer's draft holds words from another machine that this request's form does not know of."""
    draft, known = drafts.get(case.id, frame.viewer().user_id), request.form.get("draft_version")
    if draft is None or known is None or draft.text.strip() in ("", request.form.get("text", "").strip()):
        return
    if known != drafts.version(draft.updated_at) and draft.mark not in _marks():
        raise Conflict(
            "draft_moved",
            "You have written something else on this case on another machine. Nothing was sent: reload, or choose one of the two texts.",
        )


def _marks() -> list[str]:
    return [mark for mark in request.form.get("draft_after", "").split(",") if mark]


@blueprint.post("/cases/<number>/draft")
@works
def save(number: str) -> Response:
    """Keep what is being written; called every few seconds. Answers with the version that was kept."""
    version = keep(_case(number), request.form.get("draft_version"))
    return Response("", 204, {"X-Draft-Version": version})


@blueprint.get("/cases/<number>/drafts")
@signed_in
def shared(number: str) -> str:
    """Return the drafts that colleagues share on a case, for a refresh."""
    viewer = frame.viewer()
    case = access.case_row(viewer, number)
    context = {"case": case, "may_work": policy.may_work_on_cases(viewer), **case_timeline.composer(case)}
    return render_template("partials/_shared.html", **context)


@blueprint.post("/cases/<number>/draft/share")
@works
def share(number: str) -> Any:
    """Keep the draft and let colleagues on the case see it (`shared=1`), or no longer."""
    case = cases.lock(_case(number).id)
    keep(case, request.form.get("draft_version"))
    sharing.share(case.id, user_id=frame.viewer().user_id, shared=request.form.get("shared") == "1")
    if not request.headers.get("HX-Request"):
        return redirect(f"/cases/{case.number}", 303)
    return render_template("partials/_sharing.html", case=case, **case_timeline.composer(case))


@blueprint.post("/cases/<number>/drafts/<int:user_id>/take")
@works
def take(number: str, user_id: int) -> Any:
    """Take the shared draft of a colleague over: the viewer writes it from now on."""
    case = _case(number)
    sharing.take(case.id, holder_id=user_id, user_id=frame.viewer().user_id)
    where = f"/cases/{case.number}"
    if request.headers.get("HX-Request"):
        return Response("", 204, {"HX-Location": f'{{"path":"{where}","target":"#main"}}'})
    return redirect(where, 303)
