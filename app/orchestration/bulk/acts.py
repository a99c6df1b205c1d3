"""Bulk actions that speak or move a process: reply, note, verbs, tasks, merging."""

from __future__ import annotations

import re
from typing import Any

from app.cases import queries as case_queries
from app.cases import service as cases
from app.cases.models import Case
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.identity import policy
from app.identity.policy import Viewer
from app.messaging import drafts, outbox
from app.orchestration import driving, forms, holding, merging, tasks
from app.orchestration import queries as orchestration
from app.orchestration.bulk import rights
from app.orchestration.bulk.kinds import Done, Kind, Params, Turn, changed_since
from app.workflow import queries

#: How long replies of a bulk action can be taken back.
HELD_SECONDS = 300
SLOTS = ("customer", "number", "subject", "agent")
_SLOT = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


def _text(given: Params) -> str:
    text = str(given.get("text") or "").strip()
    if not text:
        raise Invalid("text_missing", "Write something before you send.", fields={"text": "required"})
    if len(text) > outbox.MAX_TEXT:
        raise Invalid("text_too_long", f"A message may have {outbox.MAX_TEXT} characters.", fields={"text": "too long"})
    return text


# ---------------------------------------------------------------- reply and note
def _read_words(_viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `text`; {{customer}}, {{number}}, {{subject}} and {{agent}} in it are filled in for each case."""
    text = _text(given)
    unknown = [name for name in _SLOT.findall(text) if name not in SLOTS]
    if unknown:
        known = ", ".join(f"{{{{{name}}}}}" for name in SLOTS)
        raise Invalid(
            "slot_unknown",
            f"Nothing is known by the name {unknown[0]}. There are: {known}.",
            fields={"text": "unknown name"},
        )
    return {"text": text}


def filled(turn: Turn) -> str:
    """Return the text as it stands for this case; raises Invalid for a name that is not known of it."""
    case = turn.case
    known = {"customer": case.contact_name, "number": case.number, "subject": case.subject, "agent": turn.viewer.name}

    def value(match: re.Match[str]) -> str:
        if not known[match[1]]:
            raise Invalid("slot_unfilled", f"The case has nothing for {match[0]}.")
        return known[match[1]]

    return _SLOT.sub(value, turn.params["text"])


def _reply(turn: Turn) -> Done:
    draft = drafts.get(turn.case.id, turn.viewer.user_id)
    if draft is not None and (draft.text.strip() or draft.files):
        raise Conflict("draft_waits", "You have begun a reply on this case: send it or throw it away first.")
    words = holding.Words(turn.viewer.user_id, turn.viewer.name, filled(turn))
    row = holding.hold(turn.case.id, words, seconds=HELD_SECONDS)
    return Done(changed=True, before={"held": row.id}, shown=words.text)


def _take_reply_back(turn: Turn) -> bool:
    holding.take_back(turn.before["held"])
    return True


def _note(turn: Turn) -> Done:
    case, text = turn.case, filled(turn)
    cases.check_standing(case)
    outbox.add_note(
        case_id=case.id, kind=case.channel, account_id=case.account_id, contact_id=case.contact_id, text=text,
        author=turn.viewer.name, user_id=turn.viewer.user_id, files=(),
    )  # fmt: skip
    cases.message_added(case, direction="note", preview="")
    return Done(changed=True, shown=text)


# ---------------------------------------------------------------- the process
def _read_verb(_viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `verb` and the `values` of its form."""
    verb = str(given.get("verb") or "").strip()
    if not verb:
        raise Invalid("verb_missing", "Choose what to do.", fields={"verb": "required"})
    return {"verb": verb[:40], "values": dict(given.get("values") or {})}


def _act(turn: Turn) -> Done:
    cases.check_standing(turn.case)
    instance = driving.case_instance(turn.case.id)
    offered = queries.actions([instance]) if instance is not None else []
    action = next((each for each in offered if each.verb == turn.params["verb"]), None)
    if action is None:
        raise Conflict("not_on_offer", "The process does not accept this now.")
    role = policy.role_for(turn.viewer, action.roles)
    if role is None:
        raise Forbidden("not_for_you", "The process does not offer this to you.")
    values = forms.read(orchestration.form_of_action(action), turn.params["values"])
    driving.act(
        turn.case.id, action.verb, values, instance_id=action.instance_id, token=action.token,
        role=role,
    )  # fmt: skip
    return Done(changed=True)


def _read_task(_viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `element` (the task's id in the process) and the `values` of its form."""
    element = str(given.get("element") or "").strip()
    if not element:
        raise Invalid("task_missing", "Choose the task.", fields={"element": "required"})
    return {"element": element[:200], "values": dict(given.get("values") or {})}


def _complete(turn: Turn) -> Done:
    cases.check_standing(turn.case)
    instance = driving.case_instance(turn.case.id)
    open_tasks = queries.open_tasks([instance]) if instance is not None else []
    found = next((each for each in open_tasks if each.element_id == turn.params["element"]), None)
    if found is None:
        raise Conflict("task_gone", "This task is not open on this case.")
    if not policy.may_do_task(turn.viewer, found):
        raise Forbidden("task_of_others", "This task is for another team or person.")
    values = forms.read(orchestration.form_of_task(found), turn.params["values"])
    held = tasks.hold(found.id)
    if held is None:
        raise Conflict("task_gone", "This task is not open on this case.")
    driving.complete_held(held, values)
    return Done(changed=True)


# ---------------------------------------------------------------- merging
def _read_merge(viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `into`: the number of the case in which the others live on."""
    number = str(given.get("into") or "").strip().upper()
    ids = case_queries.ids_named(number) if number else []
    into = cases.lock(ids[0]) if len(ids) == 1 else None
    if into is None or not rights.may_see(viewer, into):
        raise Invalid("target_missing", "Write the number of the other case.", fields={"into": "required"})
    return {"into": into.number, "into_id": into.id}


def _merge(turn: Turn) -> Done:
    if turn.case.id == turn.params["into_id"]:
        return Done(changed=False)
    if turn.case.merged_into == turn.params["into_id"]:
        return Done(changed=False)
    rights.check(turn.viewer, _other(turn.params["into_id"]))
    row = merging.merge(turn.case.id, turn.params["into_id"])
    return Done(changed=True, before={"merge": row.id})


def _other(case_id: int) -> Case:
    return cases.lock(case_id)


def _unmerge(turn: Turn) -> bool:
    try:
        row = merging.standing(turn.case.id)
    except NotFound:
        raise changed_since("merge") from None
    if row.id != turn.before["merge"]:
        raise changed_since("merge")
    merging.unmerge(turn.case.id)
    return True


KINDS = (
    Kind("reply", _read_words, _reply, _take_reply_back, "undo_reply"),
    Kind("note", _read_words, _note, None, "undo_note"),
    Kind("verb", _read_verb, _act, None, "undo_process"),
    Kind("task", _read_task, _complete, None, "undo_process"),
    Kind("merge", _read_merge, _merge, _unmerge, "undo_all"),
)
