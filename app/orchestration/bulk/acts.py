"""Bulk actions that speak or move a process: reply, note, verbs, tasks, merging."""

from __future__ import annotations

from typing import Any

from app.cases import queries as case_queries
from app.cases import service as cases
from app.cases.models import Case
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.identity import policy
from app.identity.policy import Viewer
from app.messaging import drafts
from app.orchestration import driving, forms, holding, merging, tasks, writing
from app.orchestration import queries as orchestration
from app.orchestration.bulk import rights, words
from app.orchestration.bulk.kinds import Done, Kind, Params, Turn, changed_since
from app.workflow import queries

#: How long replies of a bulk action can be taken back.
HELD_SECONDS = 300


# ---------------------------------------------------------------- reply and note
def _reply(turn: Turn) -> Done:
    if not policy.may_reply(turn.viewer):
        raise Forbidden("no_reply", "Your role may write notes, not to customers.")
    draft = drafts.get(turn.case.id, turn.viewer.user_id)
    if draft is not None and (draft.text.strip() or draft.files):
        raise Conflict("draft_waits", "You have begun a reply on this case: send it or throw it away first.")
    reply = holding.Words(turn.viewer.user_id, turn.viewer.name, words.written(turn))
    seconds = turn.params.get("seconds", HELD_SECONDS)
    if not seconds:
        writing.reply(turn.case.id, user_id=reply.user_id, author=reply.author, text=reply.text)
        return Done(changed=True, shown=reply.text)
    row = holding.hold(turn.case.id, reply, seconds=seconds)
    return Done(changed=True, before={"held": row.id}, shown=reply.text)


def _take_reply_back(turn: Turn) -> bool:
    if "held" not in turn.before:
        raise Conflict("reply_gone", "This reply does not wait any more: it has gone, or somebody took it back.")
    holding.take_back(turn.before["held"])
    return True


def _note(turn: Turn) -> Done:
    text = words.written(turn)
    writing.add_note(turn.case, user_id=turn.viewer.user_id, author=turn.viewer.name, text=text)
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
    form = orchestration.form_of_action(action)
    values = forms.read(form, words.filled_values(turn))
    driving.act(
        turn.case.id, action.verb, values, instance_id=action.instance_id, token=action.token,
        role=role,
    )  # fmt: skip
    return Done(changed=True, shown=words.of_form(form, values))


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
    form = orchestration.form_of_task(found)
    values = forms.read(form, words.filled_values(turn))
    held = tasks.hold(found.id)
    if held is None:
        raise Conflict("task_gone", "This task is not open on this case.")
    driving.complete_held(held, values)
    return Done(changed=True, shown=words.of_form(form, values))


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
    if not policy.may_merge_cases(turn.viewer):
        raise Forbidden("no_merge", "Your role may not merge cases.")
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
    Kind("reply", words.read, _reply, _take_reply_back, "undo_reply"),
    Kind("note", words.read, _note, None, "undo_note"),
    Kind("verb", _read_verb, _act, None, "undo_process"),
    Kind("task", _read_task, _complete, None, "undo_process"),
    Kind("merge", _read_merge, _merge, _unmerge, "undo_all"),
)
