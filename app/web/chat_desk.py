"""Chats at the desk: whether one takes them, what is offered, who waits; several in one chat, and handing over."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from app.errors import Invalid, NotFound
from app.identity import policy, queries, roles
from app.identity.rights import Right
from app.messaging import accounts
from app.messaging.chats import visitors
from app.messaging.chats.models import Chat
from app.orchestration.chatting import offering, queueing, seats
from app.routing import service as routing
from app.web import access, case_sending, frame, shell
from app.web.rules import allow_if

blueprint = Blueprint("chat_desk", __name__)
replies = allow_if(policy.may_reply)


@blueprint.app_template_global("chat_people")
def people_in(chat: Chat) -> dict[str, Any]:
    """Return who is in a chat, and whether this viewer is."""
    inside, me = seats.people_in(chat.id), frame.viewer().user_id
    return {"inside": inside, "is_in": any(person.id == me for person in inside)}


@blueprint.get("/chats")
@replies
def page() -> str:
    """Show whether the viewer takes chats, what is offered to them, and which chats wait."""
    return shell.page("chats.html", section="inbox", **_state(), waiting=_waiting())


@blueprint.get("/chats/tray")
@replies
def tray() -> Any:
    """Return the part of the head that says whether the viewer takes chats, with what is offered to them; without a script, the page."""
    if not request.headers.get("HX-Request"):
        return redirect("/chats", 303)
    return render_template("partials/_chat_tray.html", has_chats=bool(accounts.accounts(kind="chat")), **_state())


def _state() -> dict[str, Any]:
    user_id = frame.viewer().user_id
    return {"mine": seats.standing(user_id), "offers": offering.offers_of(user_id)}


def _waiting() -> list[dict[str, Any]]:
    """The chats that wait, of cases which the viewer may know of."""
    found = []
    for row in offering.waiting():
        case = access.case_row_or_none(frame.viewer(), row.number)
        if case is not None:
            found.append({"chat": row, "case": case, "place": queueing.place_of(visitors.get(row.id))})
    return found


@blueprint.post("/chats/available")
@replies
def available() -> Any:
    """Say whether the viewer takes chats, and how many at a time."""
    capacity = request.form.get("capacity", type=int)
    if request.form.get("capacity") and capacity is None:
        raise Invalid("bad_capacity", "Choose 1 to 20 chats at a time.", fields={"capacity": "1 to 20"})
    wanted = request.form.get("available") == "1"
    seats.make_available(frame.viewer().user_id, is_available=wanted, capacity=capacity)
    return _done("/chats")


@blueprint.post("/chats/offers/<int:offer_id>/take")
@replies
def take(offer_id: int) -> Any:
    """Take an offered chat and go to its case."""
    case = offering.take(offer_id, frame.viewer().user_id)
    where = f"/cases/{case.number}"
    if request.headers.get("HX-Request"):
        return Response("", 204, {"HX-Location": f'{{"path":"{where}","target":"#main"}}'})
    return redirect(where, 303)


@blueprint.post("/chats/offers/<int:offer_id>/decline")
@replies
def decline(offer_id: int) -> Any:
    """Decline an offered chat: it goes to the next."""
    offering.decline(offer_id, frame.viewer().user_id)
    return _done("/chats")


def _chat(number: str) -> tuple[Any, Chat]:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    found = visitors.of_case(case.id)
    if not found:
        raise NotFound("no_chat", "This case has no chat.")
    return case, found[0]


@blueprint.post("/cases/<number>/chat/join")
@replies
def join(number: str) -> Any:
    """Join a chat that a colleague has: both speak with the visitor."""
    case, chat = _chat(number)
    seats.join(chat, frame.viewer().user_id)
    return case_sending.back(case)


@blueprint.post("/cases/<number>/chat/leave")
@replies
def leave(number: str) -> Any:
    """Leave a chat that a colleague has."""
    case, chat = _chat(number)
    seats.leave(chat, frame.viewer().user_id)
    return case_sending.back(case)


@blueprint.get("/cases/<number>/chat/hand-over")
@replies
def choose(number: str) -> str:
    """Offer the teams and the colleagues to whom a chat can be handed over, those with room for it first."""
    case, _chat_of_case = _chat(number)
    me = frame.viewer().user_id
    context = {
        "case": case, "queues": routing.queues(), "in_dialog": shell.is_fragment("dialog"),
        "found": seats.colleagues([user.id for user in roles.who_may(Right.CASES_REPLY) if user.id != me]),
    }  # fmt: skip
    if shell.is_fragment("dialog"):
        return render_template("partials/_hand_over.html", **context)
    return shell.page("hand_over.html", section="inbox", **context)


@blueprint.post("/cases/<number>/chat/hand-over")
@replies
def hand_over(number: str) -> Any:
    """Hand a chat over: to a colleague (`to=user-7`), who is asked first, or to the team of a queue (`to=queue-repairs`)."""
    case, chat = _chat(number)
    kind, _, name = request.form.get("to", "").partition("-")
    if kind == "user" and name.isdigit():
        offering.hand_to(chat, user_id=queries.get_user(int(name)).id, by=frame.viewer().user_id)
    elif kind == "queue" and any(queue.key == name for queue in routing.queues()):
        offering.hand_to_queue(chat, name)
    else:
        raise Invalid("to_missing", "Choose a colleague or a team.", fields={"to": "required"})
    return case_sending.back(case)


def _done(where: str) -> Any:
    if request.headers.get("HX-Request"):
        return Response("", 204)
    return redirect(where, 303)
