"""Merging: a case lives on in another one, and can be taken out again at any time as if nothing had been.

The merged case's own process is held: it hears nothing and answers nobody, its clocks stand still. Its messages and work
orders stand under the surviving case and remember whose they are. Numbers, reply tokens and threads of the merged case lead
to the survivor; what comes in by them belongs to the merged case and goes back with it.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from app import events
from app.cases import service as cases
from app.cases import snoozing, tags, watching
from app.cases.models import Case
from app.clock import utcnow
from app.db import run, session, unlearn
from app.errors import Conflict, Invalid, NotFound
from app.identity import queries as people
from app.messaging import carrying as messages
from app.orchestration import driving, missed, noticing, parties
from app.orchestration.models import Drive, Merge
from app.workflow import service as workflow
from app.workorders import carrying as orders

_OWN = """select d.instance_id from drives d join process_instances i on i.id = d.instance_id
 where d.case_id = %(case)s and d.work_order_id is null and i.status = any(%(statuses)s) order by d.instance_id"""
_FAMILY = """with recursive family as (select %(case)s::bigint as id
  union select c.id from cases c join family f on c.merged_into = f.id) select id from family"""


def lock_both(case_id: int, other_id: int) -> tuple[Case, Case]:
    """Return two cases under their locks, taken in an order in which two who do the same never wait for each other."""
    held = {each: cases.lock(each) for each in sorted({case_id, other_id})}
    return held[case_id], held[other_id]


def check(case: Case, into: Case) -> None:
    """Raise Invalid or Conflict when a case cannot be merged into another."""
    if case.id == into.id:
        raise Invalid("same_case", "A case cannot be merged into itself.", fields={"into": "the same case"})
    for each in (case, into):
        cases.check_standing(each)
        if each.archived_at is not None:
            raise Conflict("case_closed", f"{each.number} is closed. Only open cases are merged; link it instead.")
    if driving.case_instance(into.id) is None:
        raise Conflict("no_process", f"No process drives {into.number} any more: nothing would carry the work on.")


def merge(case_id: int, into_id: int) -> Merge:
    """Merge a case into another. Records `case_merged` on both chains. Raises Invalid, Conflict, NotFound."""
    case, into = lock_both(case_id, into_id)
    check(case, into)
    held = [instance for instance in _own_instances(case.id, "waiting", "faulted") if workflow.hold(instance)]
    moved = messages.bring(case.id, to=into.id)
    brought = orders.bring(case.id, to=into.id)
    _drive(list(brought), case_id=into.id)
    tags.bring(case.id, to=into.id)
    watching.bring(case.id, to=into.id)
    row = Merge(
        case_id=case.id, into_id=into.id, before=cases.merge_into(case, into), merged_at=utcnow(),
        merged_by=events.current_actor().name,
    )  # fmt: skip
    session().add(row)
    session().flush()
    _record("case_merged", case, into, messages=len(moved), work_orders=list(brought.values()), held=held)
    _tell(case, into, kind="merged", text=f"{case.number} is merged into {into.number}")
    return row


def _own_instances(case_id: int, *statuses: str) -> list[int]:
    return [row.instance_id for row in run(_OWN, {"case": case_id, "statuses": list(statuses)})]


def _drive(order_ids: list[int], *, case_id: int) -> None:
    """Let the instances of these work orders act under another case."""
    if not order_ids:
        return
    rows = session().execute(
        update(Drive).where(Drive.work_order_id.in_(order_ids)).values(case_id=case_id).returning(Drive.instance_id)
    )
    for instance_id in rows.scalars():
        unlearn(("driven by", instance_id))


def standing(case_id: int) -> Merge:
    """Return the merge by which a case lives on in another; raises NotFound."""
    row = session().scalar(select(Merge).where(Merge.case_id == case_id, Merge.undone_at.is_(None)))
    if row is None:
        raise NotFound("not_merged", "This case is not merged into another.")
    return row


def check_apart(into: Case) -> None:
    """Raise Conflict while the case that another is to be taken out of is itself merged."""
    if into.merged_into is not None:
        further = session().get_one(Case, into.merged_into)
        raise Conflict(
            "merged_further", f"{into.number} is itself merged into {further.number}: take that apart first."
        )


def unmerge(case_id: int) -> Merge:
    """Take a case out of the one it is merged into; its process goes on and hears what it missed.

    Records `case_unmerged` on both chains. Raises NotFound, or Conflict while the other one is itself merged.
    """
    row = standing(case_id)
    case, into = lock_both(case_id, row.into_id)
    if session().get_one(Merge, row.id, populate_existing=True).undone_at is not None:
        raise NotFound("not_merged", "This case is not merged into another.")
    check_apart(into)
    paused = utcnow() - row.merged_at
    family = family_of(case.id)
    moved = messages.take_back(case.id, origin=into.id, family=family)
    back = orders.take_back(case.id, origin=into.id, family=family)
    _drive(list(back), case_id=case.id)
    tags.take_back(case.id, origin=into.id)
    watching.take_back(case.id, origin=into.id)
    cases.unmerge(case, row.before, paused=paused)
    row.undone_at, row.undone_by = utcnow(), events.current_actor().name
    session().flush()
    _record("case_unmerged", case, into, messages=len(moved), work_orders=list(back.values()))
    _go_on(case, into, paused=paused)
    _tell(case, into, kind="unmerged", text=f"{case.number} is a case of its own again")
    return row


def _go_on(case: Case, into: Case, *, paused: timedelta) -> None:
    """Wake the process of a case that is its own again, and let it hear what it missed."""
    for instance_id in _own_instances(case.id, "held"):
        workflow.resume(instance_id, paused=paused)
    _leave_archived_team(case, into)
    unheard = missed.take(case.id)
    if any(name == "customer_message" for name, _payload in unheard):
        cases.show_last(case, messages.last_text(case.id), is_unread=True)
        cases.show_last(into, messages.last_text(into.id))
        snoozing.end(case, back=snoozing.CUSTOMER)
    for name, payload in unheard:
        driving.deliver(case.id, name, payload, message=payload)
    noticing.snooze_over(case.id)


def _leave_archived_team(case: Case, into: Case) -> None:
    """A team that was archived meanwhile handed over what it held: this goes where the other case is."""
    if case.team_id is not None and people.get_team(case.team_id).archived_at is not None:
        cases.change(case, {"team_id": into.team_id})


def _record(kind: str, case: Case, into: Case, **data: object) -> None:
    for one, other, side in ((case, into, "from"), (into, case, "into")):
        events.record(kind, chain=cases.chain_of(one.id), other=other.number, side=side, **data)


def told(case: Case, into: Case) -> list[int]:
    """Return who is told of a merge beside the watchers: those whose cases they are, but not who merges."""
    actor = events.current_actor()
    users = {case.assignee_id, into.assignee_id} - {None, actor.id if actor.kind == "user" else None}
    return sorted(user for user in users if user is not None)


def _tell(case: Case, into: Case, *, kind: str, text: str) -> None:
    parties.tell(told(case, into), kind=kind, text=text, link=f"/cases/{into.number}")


def family_of(case_id: int) -> list[int]:
    """Return a case and all that are merged into it, and into those."""
    return [found.id for found in run(_FAMILY, {"case": case_id})]


def survivor_of(case: Case) -> Case:
    """Return the case in which one lives on: itself, or through all merges the one at the end."""
    while case.merged_into is not None:
        case = session().get_one(Case, case.merged_into)
    return case
