"""A chat beside its case: how the visitor stands, what an agent says at once, typing and read marks, the end."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from app.cases.models import Case
from app.errors import Invalid, NotFound
from app.identity import policy
from app.messaging import drafts
from app.messaging.chats import visitors
from app.messaging.chats.models import Chat
from app.orchestration.chatting import talking
from app.web import access, frame, once
from app.web.rules import allow, signed_in

blueprint = Blueprint("case_chat", __name__)
works = allow("agent", "manager")


@blueprint.app_template_global("chat_of")
def chat_of(case: Any) -> dict[str, Any] | None:
    """Return the newest chat of a case with what its bar shows; None for cases of other channels."""
    if case.channel != "chat":
        return None
    found = visitors.of_case(case.id)
    return {"chat": found[0], "is_here": visitors.is_here(found[0])} if found else None


def _case(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return case


def _newest(case: Case) -> Chat:
    found = visitors.of_case(case.id)
    if not found:
        raise NotFound("no_chat", "This case has no chat.")
    return found[0]


@blueprint.get("/cases/<number>/chat")
@signed_in
def bar(number: str) -> str:
    """Return how the visitor stands, for a refresh."""
    viewer = frame.viewer()
    case = access.case_row(viewer, number)
    return render_template("partials/_chat.html", case=case, may_work=policy.may_work_on_cases(viewer))


@blueprint.post("/cases/<number>/chat")
@works
def say(number: str) -> Any:
    """Say something to the visitor at once, with the files of the draft."""
    case = _case(number)
    viewer = frame.viewer()
    access.replying(viewer)
    if not once.is_repeated():
        draft = drafts.get(case.id, viewer.user_id)
        files = draft.files if draft else []
        text = request.form.get("text", "")
        if not text.strip() and not files:
            raise Invalid("text_missing", "Write something before you send.", fields={"text": "required"})
        talking.say(case.id, user_id=viewer.user_id, author=viewer.name, text=text, files=files)
    return _done(case)


@blueprint.post("/cases/<number>/chat/signs")
@works
def signs(number: str) -> Response:
    """Tell the visitor that the viewer types (`typing`), or no longer."""
    case = _case(number)
    viewer = frame.viewer()
    access.replying(viewer)
    talking.agent_types(case, name=viewer.name, is_typing=request.form.get("typing") == "1")
    return Response("", 204)


@blueprint.post("/cases/<number>/chat/end")
@works
def end(number: str) -> Any:
    """End the chat; the case goes on."""
    case = _case(number)
    access.replying(frame.viewer())
    talking.end(_newest(case), by="agent")
    return _done(case)


def _done(case: Case) -> Any:
    if request.headers.get("HX-Request"):
        return Response("", 204)
    return redirect(f"/cases/{case.number}", 303)
