"""What agents send: replies that can be taken back, later ones, replies with a step, notes, drafts; and whose turn it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Blueprint, Response, make_response, redirect, render_template, request

from app.cases.models import Case
from app.contacts import queries as contacts
from app.contacts.spelling import normal_address
from app.errors import Invalid
from app.identity import colleagues
from app.identity import queries as people
from app.messaging import composing, drafts, held, outbox
from app.orchestration import forms, holding, reaching, taking, writing
from app.orchestration import queries as orchestration
from app.orchestration.chatting import talking
from app.web import access, case_drafts, case_texting, frame, once, shell
from app.web.case_around import zone_of
from app.web.rules import allow

blueprint = Blueprint("case_sending", __name__)
works = allow("agent", "manager")


def _case(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return case


def back(case: Case) -> Any:
    """Show the case again, as it is now."""
    where = f"/cases/{case.number}"
    if request.headers.get("HX-Request"):
        return Response("", 204, {"HX-Location": f'{{"path":"{where}","target":"#main"}}'})
    return redirect(where, 303)


@blueprint.post("/cases/<number>/messages")
@works
def write(number: str) -> Any:
    """Send a reply, now, later (`how=later`) or with a step (`how=step-7`), or keep a note.

    A reply begun before newer messages came in is held until the writer has seen them.
    """
    case = _case(number)
    how = request.form.get("how", "")
    if request.form.get("kind", "reply") != "note":
        access.replying(frame.viewer())
    if request.form.get("kind", "reply") != "note" and how.startswith("step-"):
        return _ask_step(case, how.removeprefix("step-"))
    if once.is_repeated():
        return back(case)
    case_drafts.check_known(case)
    if case.channel == "chat" and request.form.get("kind", "reply") != "note":
        words = _words(case)  # who waits at the other end of a chat gets it at once
        talking.say(case.id, text=words.text, files=words.files, user_id=words.user_id, author=words.author)
    elif request.form.get("kind", "reply") == "note":
        words = _words(case)
        writing.note(case.id, text=words.text, files=words.files, user_id=words.user_id, author=words.author)
    else:
        _send(case, _words(case), send_at=_send_at(case) if how == "later" else None)
    return back(case)


def _words(case: Case) -> holding.Words:
    viewer = frame.viewer()
    draft = drafts.get(case.id, viewer.user_id)
    files, writers = (draft.files, draft.writers) if draft else ([], ())
    if is_text(case):
        return case_texting.words(case, files=files, writers=writers)
    channel = "email" if case.channel in outbox.NUMBERED and request.form.get("kind", "reply") != "note" else ""
    return holding.Words(
        viewer.user_id, viewer.name, request.form.get("text", ""), to=_parties("to"), cc=_parties("cc") or (),
        files=files, writers=writers, channel=channel,
    )  # fmt: skip


def is_text(case: Case) -> bool:
    """Tell whether this request's form answers by text message."""
    is_note = request.form.get("kind", "reply") == "note"
    return not is_note and request.form.get("channel", case.channel) in outbox.NUMBERED


def _send(
    case: Case, words: holding.Words, *, send_at: datetime | None = None, step: dict[str, Any] | None = None
) -> None:
    """Hold the reply as long as its writer wishes; one that may not be taken back and needs no step goes at once."""
    seen = None if request.form.get("seen") == "all" else request.form.get("last_message", type=int)
    seconds = composing.undo_seconds(words.user_id)
    if send_at is None and step is None and not seconds:
        writing.reply(
            case.id, user_id=words.user_id, author=words.author, text=words.text, to=words.to, cc=words.cc,
            files=words.files, seen_message_id=seen, writers=words.writers, channel=words.channel,
            in_quiet_hours=words.in_quiet_hours,
        )  # fmt: skip
        return
    holding.hold(case.id, words, seconds=seconds, send_at=send_at, seen_message_id=seen, step=step)


def _send_at(case: Case) -> datetime:
    """Return the chosen time, in the zone of the writer's browser, else in that of the case's queue."""
    try:
        at = datetime.fromisoformat(request.form.get("send_at", "").strip())
    except ValueError:
        raise Invalid("bad_time", "Choose when it goes out.", fields={"send_at": "not a time"}) from None
    if at.tzinfo:
        return at
    try:
        return at.replace(tzinfo=ZoneInfo(request.form.get("send_zone", "")))
    except (ZoneInfoNotFoundError, ValueError):
        return at.replace(tzinfo=zone_of(case.queue_key))


def _parties(field: str) -> list[tuple[str, str]] | None:
    return [(normal_address("email", address), "") for address in case_drafts.addresses(field)] or None


# ---------------------------------------------------------------- send and step
def _ask_step(case: Case, task_id: str) -> Response:
    """Keep the words as a draft and ask for what the step needs; nothing has gone yet."""
    if not request.form.get("text", "").strip():
        raise Invalid("text_missing", "Write something before you send.", fields={"text": "required"})
    task = access.own_task(frame.viewer(), int(task_id) if task_id.isdigit() else 0)
    case_drafts.check_known(case)
    case_drafts.keep(case, None)
    seen = "all" if request.form.get("seen") == "all" else ""
    context = {
        "case": case, "task": task, "form": orchestration.form_of_task(task), "text": request.form["text"],
        "seen": seen, "last_message": request.form.get("last_message", ""),
        "colleagues": colleagues.active(), "teams": people.teams(),
    }  # fmt: skip
    if request.headers.get("HX-Request"):
        answer = make_response(render_template("partials/_send_step.html", **context))
        answer.headers |= {"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML", "X-Kept": "draft"}
        return answer
    return make_response(shell.page("send_step.html", section="inbox", **context))


@blueprint.post("/cases/<number>/step/<int:task_id>")
@works
def send_and_step(number: str, task_id: int) -> Any:
    """Send the draft and complete a task of the case, both or neither."""
    case = _case(number)
    if once.is_repeated():
        return back(case)
    viewer = frame.viewer()
    access.replying(viewer)
    task = access.own_task(viewer, task_id)
    values = forms.read(orchestration.form_of_task(task), request.form)
    draft = drafts.get(case.id, viewer.user_id)
    if draft is None:
        raise Invalid("text_missing", "Write something before you send.", fields={"text": "required"})
    to, cc = (
        [(normal_address("email", address), "") for address in draft.recipients.get(key, ())] for key in ("to", "cc")
    )
    words = holding.Words(
        viewer.user_id, viewer.name, draft.text, to=to or None, cc=cc, files=draft.files, writers=draft.writers
    )
    if draft.recipients.get("channel", case.channel) in outbox.NUMBERED:
        words = case_texting.of_draft(case, draft)
    _send(case, words, step={"task": task.id, "values": values})
    return back(case)


# ---------------------------------------------------------------- replies that wait
@blueprint.post("/held/<int:held_id>/undo")
@works
def undo(held_id: int) -> Any:
    """Take a waiting reply back into its writer's draft."""
    return _with_held(held_id, holding.take_back)


@blueprint.post("/held/<int:held_id>/now")
@works
def send_now(held_id: int) -> Any:
    """Let a waiting reply go at once."""
    access.replying(frame.viewer())
    return _with_held(held_id, holding.send_now)


def _with_held(held_id: int, action: Any) -> Any:
    viewer = frame.viewer()
    access.case(viewer, held.get(held_id).case_id)
    access.working(viewer)
    return back(action(held_id))


# ---------------------------------------------------------------- whose turn it is
@blueprint.post("/cases/<number>/take-over")
@works
def take_over(number: str) -> Any:
    """Take the right to reply: the case and its open task are the viewer's from now on; whoever held them is told."""
    case = _case(number)
    taking.take_over(case.id, user_id=frame.viewer().user_id)
    return back(case)


@blueprint.post("/cases/<number>/ask")
@works
def ask(number: str) -> Any:
    """Ask whoever has the right to reply, with a note in their list."""
    case = _case(number)
    taking.ask(case.id, by=frame.viewer().name)
    return back(case)


@blueprint.get("/cases/<number>/addresses")
@works
def addresses(number: str) -> str:
    """Return addresses of contacts that match what is typed (`q`), for completion in To and Cc."""
    case = _case(number)
    found = contacts.complete(case.channel, request.args.get("q", "").rpartition(",")[2].strip())
    return render_template("partials/_addresses.html", found=found)


@blueprint.post("/account/writing")
@works
def habits() -> Any:
    """Keep how long the viewer's replies can be taken back."""
    seconds = request.form.get("undo", type=int)
    if seconds is None:
        raise Invalid("bad_undo", "Write a number of seconds.", fields={"undo": "not a number"})
    composing.keep_habits(frame.viewer().user_id, undo=seconds)
    return redirect("/account", 303)


@blueprint.post("/deliveries/<int:delivery_id>/elsewhere")
@works
def elsewhere(delivery_id: int) -> Any:
    """Send what did not arrive on another channel (`channel`)."""
    viewer = frame.viewer()
    case = access.case(viewer, access.delivery(viewer, delivery_id).case_id)
    access.replying(viewer)
    channel = request.form.get("channel", "")
    if channel not in reaching.WRITTEN:
        raise Invalid(
            "bad_channel", f"The channel is one of {', '.join(reaching.WRITTEN)}.", fields={"channel": "unknown"}
        )
    message_id = access.delivery(viewer, delivery_id).message_id
    writing.elsewhere(message_id, channel=channel, user_id=viewer.user_id, author=viewer.name)
    return back(case)
