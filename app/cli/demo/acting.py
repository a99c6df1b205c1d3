"""What can be done in a story: each verb is done by the service that the desk's own pages call, as the person who does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import select

from app import db, events
from app.cases import linking, snoozing, tags, watching
from app.cases import service as cases
from app.cases.checklists import items, templates
from app.cases.fields import values as fields
from app.cases.timekeeping import entries
from app.cli.demo import cast, mails, pictures
from app.cli.demo.playing import Play, account, external_id
from app.cli.demo.telling import CUSTOMER, Step
from app.clock import utcnow
from app.db import session
from app.errors import Invalid
from app.events import Actor
from app.identity import policy
from app.identity import queries as people
from app.identity.policy import Viewer
from app.messaging import drafts, intake
from app.messaging.models import Direction, Envelope, Message
from app.orchestration import driving, forms, merging, moving, taking, writing
from app.orchestration import intake as ingesting
from app.orchestration import queries as orchestration
from app.routing import service as routing
from app.workflow import definitions
from app.workflow import queries as workflow
from channels.port import RawEnvelope


class StoryError(Exception):
    """A story asks for what the desk does not offer there; the message names the story and the step."""


def act(play: Play, step: Step) -> None:
    """Do a step. Raises StoryError, or what the service raises."""
    if step.what in ("mail", "bounce"):
        (_mail if step.what == "mail" else _bounce)(play, step)
        return
    viewer = db.transact(lambda: people.viewer(people.user_by_login(step.who).id))
    with events.acting(Actor("user", viewer.user_id, viewer.name)):
        db.transact(lambda: _as_colleague(play, step, viewer))


def _as_colleague(play: Play, step: Step, viewer: Viewer) -> None:
    cases.mark_read(play.case(step))
    VERBS[step.what](play, step, viewer)


# ---------------------------------------------------------------- from outside
def _mail(play: Play, step: Step) -> None:
    """Hand a mail to the mailbox and have it worked on; a mail on a case that the story does not know yet opens it."""
    if step.values.get("to") == cast.TEXTS:
        _text(play, step)
        return
    play.mails += 1
    values = step.values
    sender = cast.PEOPLE[play.customers[step.case] if step.who == CUSTOMER else step.who]
    play.customers.setdefault(step.case, step.who)
    subject, answers = _thread(play, step)
    header = mails.Header(
        (sender.name, values.get("address", sender.address)), values.get("to", cast.SUPPORT), subject, utcnow(),
        f"<{play.story.key}.{play.mails}@{sender.address.rpartition('@')[2]}>", answers, values.get("cc", ()),
        is_automatic=values.get("auto", False),
    )  # fmt: skip
    raw = mails.written(header, step.text, files=values.get("files", ()), picture=values.get("picture", ""))
    case_id = _taken_in(play, raw, to=header.to, sender=header.sender[1])
    if case_id is not None:
        play.cases.setdefault(step.case, case_id)


def _text(play: Play, step: Step) -> None:
    """Hand a text message to the number, as its webhook would, and have it worked on."""
    play.mails += 1
    sender = cast.PEOPLE[play.customers[step.case] if step.who == CUSTOMER else step.who]
    play.customers.setdefault(step.case, step.who)
    number = dict(sender.points)["sms"]
    key = external_id(play.story.key, play.mails)
    raw = orjson.dumps({"id": key, "from": number, "text": step.text})
    case_id = _stored(play, RawEnvelope(raw, key, utcnow(), {"provider": "loopback", "to": cast.TEXTS}), cast.TEXTS)
    if case_id is not None:
        play.cases.setdefault(step.case, case_id)


def _thread(play: Play, step: Step) -> tuple[str, str]:
    """Return the subject of a mail and the id of what it answers: the last that was sent on the case."""
    subject = str(step.values.get("subject", ""))
    if step.case not in play.cases or step.values.get("fresh"):
        return subject, ""
    last = _last(play.case(step), Direction.OUT) or _last(play.case(step), Direction.IN)
    if last is None:
        raise StoryError(f"{play.story.key}: there is nothing to answer")
    return subject or f"Re: {last.subject.removeprefix('Re: ')}", last.rfc_id or ""


def _last(case_id: int, direction: Direction) -> Message | None:
    wanted = select(Message).where(Message.case_id == case_id, Message.direction == direction)
    return db.transact(lambda: session().scalars(wanted.order_by(Message.id.desc()).limit(1)).first())


def _taken_in(play: Play, raw: bytes, *, to: str, sender: str) -> int | None:
    meta = {"mail_from": sender, "rcpt_to": [to], "peer": "demo"}
    return _stored(play, RawEnvelope(raw, external_id(play.story.key, play.mails), utcnow(), meta), to)


def _stored(play: Play, item: RawEnvelope, to: str) -> int | None:
    ids = db.transact(lambda: intake.accept(account(to).id, [item]))
    ingesting.ingest_waiting(only=ids)
    envelope = db.transact(lambda: session().scalars(select(Envelope).where(Envelope.id.in_(ids))).one())
    if envelope.error or (envelope.message_id is None and not envelope.reason):
        raise StoryError(f"{play.story.key}: mail {play.mails} was not taken in: {envelope.error}")
    message_id = envelope.message_id
    return None if message_id is None else db.transact(lambda: session().get_one(Message, message_id).case_id)


def _bounce(play: Play, step: Step) -> None:
    """The far server says that the last mail of the case did not arrive."""
    play.mails += 1
    last = _last(play.case(step), Direction.OUT)
    if last is None or not last.rfc_id:
        raise StoryError(f"{play.story.key}: there is nothing that could come back")
    lost = {"recipient": last.recipients["to"][0][0], "id": last.rfc_id}
    raw = mails.undelivered(
        cast.SUPPORT, lost=lost, at=utcnow(), message_id=f"<{play.story.key}.{play.mails}@mx.example.net>"
    )
    _taken_in(play, raw, to=cast.SUPPORT, sender="")


# ---------------------------------------------------------------- words
def _reply(play: Play, step: Step, viewer: Viewer) -> None:
    case_id = play.case(step)
    names = step.values.get("files", ())
    writing.reply(
        case_id, user_id=viewer.user_id, author=viewer.name, text=step.text,
        files=[_file(case_id, viewer, name) for name in names][-1] if names else (),
    )  # fmt: skip


def _file(case_id: int, viewer: Viewer, name: str) -> list[Mapping[str, Any]]:
    content = pictures.content(name)
    kept = drafts.add_file(case_id, viewer.user_id, name=name, media_type=pictures.media_type(name), content=content)
    return list(kept)


def _note(play: Play, step: Step, viewer: Viewer) -> None:
    writing.note(play.case(step), user_id=viewer.user_id, author=viewer.name, text=step.text)


def _draft(play: Play, step: Step, viewer: Viewer) -> None:
    drafts.save(play.case(step), viewer.user_id, kind="reply", text=step.text)


# ---------------------------------------------------------------- the process
def _task(play: Play, step: Step, viewer: Viewer) -> None:
    """Complete the open task `element` with the values of its form; of several the newest, or (`newest` False) the oldest."""
    values = {**({"text": step.text} if step.text else {}), **step.values}
    element = values.pop("element")
    found = [task for task in workflow.open_tasks(driving.instances_of(play.case(step))) if task.element_id == element]
    if not found or not policy.may_do_task(viewer, found[-1]):
        raise StoryError(f"{play.story.key}: {step.who} cannot do {element}")
    task = found[-1 if values.pop("newest", True) else 0]
    form = definitions.form_of(workflow.definition_of(task.instance_id), task.form) if task.form else None
    driving.complete_task(task.id, _read(play, step, form, values))


def _read(play: Play, step: Step, form: Mapping[str, Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return forms.read(form, values)
    except Invalid as error:
        raise StoryError(f"{play.story.key}: {step.who} {step.what} {step.values}: {error.fields}") from None


def _verb(play: Play, step: Step, viewer: Viewer) -> None:
    """Take the action `verb` that the process of the case offers, or (`on` order) that of its newest work order."""
    values = dict(step.values)
    verb, on_order = values.pop("verb"), values.pop("on", "case") == "order"
    case_id = play.case(step)
    own = driving.case_instance(case_id)
    instances = [each for each in driving.instances_of(case_id) if (each != own) is on_order]
    offered = [action for action in workflow.actions(instances) if action.verb == verb]
    if not offered or not policy.may_perform(viewer, offered[-1].roles):
        raise StoryError(f"{play.story.key}: {verb} is not on offer for {step.who}")
    action = offered[-1]
    read = _read(play, step, orchestration.form_of_action(action), {"text": step.text, **values})
    driving.act(case_id, verb, read, instance_id=action.instance_id, token=action.token, role="agent")


# ---------------------------------------------------------------- the case
def _take(play: Play, step: Step, viewer: Viewer) -> None:
    taking.take_over(play.case(step), user_id=viewer.user_id)


def _give(play: Play, step: Step, _viewer: Viewer) -> None:
    to = step.values["to"]
    cases.assign(cases.lock(play.case(step)), people.user_by_login(to).id if to else None)


def _set(play: Play, step: Step, _viewer: Viewer) -> None:
    values = dict(step.values)
    if queue := values.pop("queue", ""):
        row = routing.queue(queue)
        values |= {"queue_key": row.key, "team_id": row.team_id}
    cases.change(cases.lock(play.case(step)), values)


def _tag(play: Play, step: Step, _viewer: Viewer) -> None:
    tags.add(cases.lock(play.case(step)), step.text)


def _fields(play: Play, step: Step, _viewer: Viewer) -> None:
    fields.change(cases.lock(play.case(step)), step.values)


def _checklist(play: Play, step: Step, viewer: Viewer) -> None:
    """Give the case a checklist by name, and tick so many of its points."""
    case = cases.lock(play.case(step))
    if step.text:
        items.add_template(case, next(row for row in templates.every() if row.name == step.text))
    for point in items.of_case(case.id)[: step.values.get("ticked", 0)]:
        items.tick(case, point.id, is_done=True, by=viewer.user_id)


def _time(play: Play, step: Step, viewer: Viewer) -> None:
    wish = entries.Wish(
        step.values["minutes"], utcnow().date(), note=step.text, category=step.values.get("category", "")
    )
    entries.book(cases.lock(play.case(step)), viewer.user_id, wish)


def _watch(play: Play, step: Step, viewer: Viewer) -> None:
    watching.watch(cases.lock(play.case(step)), viewer.user_id)


def _snooze(play: Play, step: Step, viewer: Viewer) -> None:
    """Lay the case aside until so many hours after the present of the desk, or until the customer writes."""
    hours = step.values.get("hours")
    until = play.now + timedelta(hours=hours) if hours else None
    snoozing.snooze(cases.lock(play.case(step)), user_id=viewer.user_id, until=until, note=step.text)


def _link(play: Play, step: Step, _viewer: Viewer) -> None:
    other = cases.lock(play.cases[step.values["to"]])
    linking.link(cases.lock(play.case(step)), other, role=step.values["role"])


def _merge(play: Play, step: Step, _viewer: Viewer) -> None:
    merging.merge(play.case(step), play.cases[step.values["into"]])


def _split(play: Play, step: Step, _viewer: Viewer) -> None:
    """Make the last message that came in a case of its own, under the name `into`."""
    last = _last(play.case(step), Direction.IN)
    if last is None:
        raise StoryError(f"{play.story.key}: there is nothing to split off")
    made = moving.split(play.case(step), [last.id], subject=step.text)
    play.cases[step.values["into"]] = made.id


def _look(_play: Play, _step: Step, _viewer: Viewer) -> None:
    """Only read it: the unread mark goes with every step of a colleague."""


VERBS: Mapping[str, Callable[[Play, Step, Viewer], None]] = {
    "reply": _reply, "note": _note, "draft": _draft, "task": _task, "act": _verb, "take": _take, "give": _give,
    "set": _set, "tag": _tag, "fields": _fields, "checklist": _checklist, "time": _time, "watch": _watch,
    "snooze": _snooze, "link": _link, "merge": _merge, "split": _split, "look": _look,
}  # fmt: skip
