"""Opens and changes cases. Every change is recorded on the case's chain and told to open screens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from app import events, realtime
from app.cases.models import Case, CaseStatus
from app.clock import utcnow
from app.db import Write, frame, is_pending, known, later_once, remember, run, session
from app.errors import Conflict, Invalid, NotFound

PRIORITIES = ("low", "normal", "high", "urgent")
PREVIEW = 160
MAX_SUBJECT = 300
SETTABLE = frozenset({
    "subject", "type", "priority", "queue_key", "team_id", "assignee_id", "language", "status", "due_at",
    "due_from", "due_why", "reopen_until", "retain_until", "contact_id", "contact_name",
})  # fmt: skip


LIMIT = frozenset({"due_at", "due_from", "due_why"})
_COLUMNS = tuple(column.key for column in Case.__table__.columns)
_NUMBER = "select nextval('case_numbers') as number, nextval('cases_id_seq') as id"
_NEW = """insert into cases
 (id, number, subject, preview, status, type, priority, channel, contact_id, contact_name, account_id, language, auto,
  is_unread, chase_count, opened_at, touched_at, due_at, due_from, due_why, own_due_at, own_due_from, own_due_why,
  queue_key, team_id, assignee_id, version, first_reply_at, resolved_at, archived_at, reopen_until, retain_until, merged_into)
 values (%(id)s, %(number)s, %(subject)s, %(preview)s, %(status)s, %(type)s, %(priority)s, %(channel)s, %(contact_id)s,
  %(contact_name)s, %(account_id)s, %(language)s, %(auto)s, %(is_unread)s, %(chase_count)s, %(opened_at)s, %(touched_at)s,
  %(due_at)s, %(due_from)s, %(due_why)s, %(own_due_at)s, %(own_due_from)s, %(own_due_why)s, %(queue_key)s, %(team_id)s, %(assignee_id)s, %(version)s, %(first_reply_at)s,
  %(resolved_at)s, %(archived_at)s, %(reopen_until)s, %(retain_until)s, %(merged_into)s)"""
_SAVE = """update cases set subject = %(subject)s, preview = %(preview)s, status = %(status)s, type = %(type)s,
  priority = %(priority)s, contact_id = %(contact_id)s, contact_name = %(contact_name)s, language = %(language)s,
  is_unread = %(is_unread)s, chase_count = %(chase_count)s, touched_at = %(touched_at)s, due_at = %(due_at)s,
  due_from = %(due_from)s, due_why = %(due_why)s, own_due_at = %(own_due_at)s, own_due_from = %(own_due_from)s,
  own_due_why = %(own_due_why)s, queue_key = %(queue_key)s, team_id = %(team_id)s,
  assignee_id = %(assignee_id)s, version = %(version)s, first_reply_at = %(first_reply_at)s,
  resolved_at = %(resolved_at)s, archived_at = %(archived_at)s, reopen_until = %(reopen_until)s,
  retain_until = %(retain_until)s, merged_into = %(merged_into)s
 where id = %(id)s"""
_LOCK = """select id, number, subject, preview, status, type, priority, channel, contact_id, contact_name, account_id, language,
  auto, is_unread, chase_count, opened_at, touched_at, due_at, due_from, due_why, own_due_at, own_due_from,
  own_due_why, queue_key, team_id, assignee_id, version,
  first_reply_at, resolved_at, archived_at, reopen_until, retain_until, merged_into
 from cases where id = %(id)s for update"""
_UNSET = (
    "assignee_id", "due_at", "due_from", "own_due_at", "own_due_from", "first_reply_at", "resolved_at", "archived_at", "reopen_until", "retain_until",
    "merged_into",
)  # fmt: skip

_LIMITS = ("due_at", "due_from", "own_due_at", "own_due_from")


def _as_loaded(case: Case) -> Case:
    """Give the session a row that was read or written without it, as if it had loaded it."""
    make_transient_to_detached(case)
    session().add(case)
    return case


def _set(case: Case, **values: Any) -> None:
    """Change a case under its lock. It is written before the next statement reads, or at commit: several changes together."""
    lock(case.id)
    for name, value in values.items():
        set_committed_value(case, name, value)
    later_once(("case", case.id), lambda: _write(case), row=case)


def _write(case: Case) -> Write:
    new: set[int] = frame().info.get("new cases", set())
    is_new = case.id in new
    new.discard(case.id)
    if not is_new:
        set_committed_value(case, "version", case.version + 1)
    values = {name: getattr(case, name) for name in _COLUMNS}
    values["status"] = str(case.status)
    return Write(_NEW if is_new else _SAVE, values, rank=2)


def chain_of(case_id: int) -> str:
    """Return the name of the audit chain of a case."""
    return f"case:{case_id}"


def open_case(
    *, subject: str, channel: str, contact_id: int | None, contact_name: str, account_id: int | None = None,
    language: str = "", auto: str = "none", preview: str = "", queue_key: str = "", team_id: int | None = None,
) -> Case:  # fmt: skip
    """Open a case and give it the next number. Records `case_opened`."""
    now = utcnow()
    values: dict[str, Any] = {
        "subject": subject.strip()[:MAX_SUBJECT], "preview": preview[:PREVIEW], "status": CaseStatus.NEW,
        "type": "", "priority": "normal", "channel": channel, "contact_id": contact_id, "contact_name": contact_name,
        "account_id": account_id, "language": language, "auto": auto, "is_unread": True, "chase_count": 0,
        "opened_at": now, "touched_at": now, "due_why": "", "own_due_why": "", "queue_key": queue_key, "team_id": team_id, "version": 1,
    }  # fmt: skip
    made = run(_NUMBER, settled=False).fetchone()
    number = f"RB-{now.year}-{made.number:06d}"
    case = _as_loaded(Case(**dict.fromkeys(_UNSET), **values, id=made.id, number=number))
    frame().info.setdefault("new cases", set()).add(case.id)
    remember(("case", case.id), case)
    _set(case)
    events.record(
        "case_opened", chain=chain_of(case.id), number=case.number, subject=case.subject, channel=channel,
        contact=contact_id,
    )  # fmt: skip
    announce(case, change="opened")
    return case


def announce(case: Case, *, change: str, topic: str = "case") -> None:
    """Tell open screens, after commit, that this case changed, or something of it that only its own page shows (`topic`)."""
    realtime.publish(
        topic, teams=[case.team_id] if case.team_id else [], users=[case.assignee_id] if case.assignee_id else [],
        case=case.id, number=case.number, change=change,
    )  # fmt: skip


def lock(case_id: int) -> Case:
    """Return the case under its row lock: all work on one case is done one at a time. Raises NotFound."""
    return known(("case", case_id), lambda: _lock(case_id))


def _lock(case_id: int) -> Case:
    row = run(_LOCK, {"id": case_id}, settled=is_pending(("case", case_id))).fetchone()
    if row is None:
        raise NotFound("case_unknown", "There is no such case.")
    return _locked(row)


def take(row: Any) -> Case:
    """Return the case of a row that another room's statement has read, with all columns, under the case's lock."""
    case = _locked(row)
    remember(("case", case.id), case)
    return case


def _locked(row: Any) -> Case:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values["status"] = CaseStatus(row.status)
    case: Case | None = session().identity_map.get(session().identity_key(Case, row.id))
    if case is None:
        return _as_loaded(Case(**values))
    for name, value in values.items():
        set_committed_value(case, name, value)
    return case


def check_standing(case: Case) -> None:
    """Raise Conflict when a case is merged into another: whatever is done, is done there."""
    if case.merged_into is not None:
        into = lock(case.merged_into)
        raise Conflict("case_merged", f"This case is merged into {into.number}: work on that one.", into=into.number)


def change(case: Case, values: Mapping[str, Any]) -> dict[str, Any]:
    """Set fields of a locked case; returns and records (`case_changed`) only what differs. Raises Invalid, or Conflict
    when it is merged into another.
    """
    unknown = set(values) - SETTABLE
    if unknown:
        raise Invalid("unknown_field", f"A case has no field {min(unknown)} that could be set.")
    if values.get("priority", "normal") not in PRIORITIES:
        raise Invalid("bad_priority", f"The priority is one of {', '.join(PRIORITIES)}.")
    check_standing(lock(case.id))
    changes: dict[str, Any] = {}
    for name, value in values.items():
        wanted = CaseStatus(value) if name == "status" else value
        # The process's own limit; a clock of a service level that is due before it is shown in its place.
        own = f"own_{name}" if name in LIMIT else name
        before = getattr(case, own)
        if before != wanted:
            _set(case, **{name: wanted, own: wanted})
            changes[name] = {"from": _plain(before), "to": _plain(wanted)}
    if changes:
        _set(case, touched_at=utcnow())
        events.record("case_changed", chain=chain_of(case.id), changes=changes)
        announce(case, change="changed")
    return changes


def show_limit(case: Case, at: datetime | None, since: datetime | None, why: str) -> None:
    """Show this limit on a locked case, whosever it is; the process's own stays what it was."""
    if (case.due_at, case.due_from, case.due_why) != (at, since, why):
        _set(case, due_at=at, due_from=since, due_why=why)
        announce(case, change="limit")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def message_added(case: Case, *, direction: str, preview: str) -> None:
    """Note on the case that a message came or went: preview, unread mark, first reply."""
    now = utcnow()
    _set(case, touched_at=now)  # under its lock from here on
    if direction == "in":
        _set(case, is_unread=True, preview=preview[:PREVIEW])
    elif direction == "out" and case.first_reply_at is None and events.current_actor().kind == "user":
        _set(case, first_reply_at=now)
    announce(case, change="message")


def mark_read(case_id: int) -> None:
    """Take the unread mark off."""
    read = run("update cases set is_unread = false where id = %(id)s and is_unread returning id", {"id": case_id})
    if read.fetchone() is None:
        return  # somebody else was faster; two readers are no conflict
    case = session().get_one(Case, case_id)
    set_committed_value(case, "is_unread", False)
    announce(case, change="read")


def count_chase(case: Case, *, by: str, channel: str) -> int:
    """Count a chase and return how many there were. Records `case_chased`."""
    lock(case.id)
    _set(case, chase_count=case.chase_count + 1, touched_at=utcnow())
    events.record("case_chased", chain=chain_of(case.id), by=by, channel=channel, count=case.chase_count)
    announce(case, change="chased")
    return case.chase_count


def archive(case: Case, *, outcome: str, retain_until: datetime) -> None:
    """Close the loop: status and retention. Records `case_archived`; `seal` follows once everything under the case has ended."""
    now = utcnow()
    status = CaseStatus.CANCELLED if outcome == "cancelled" else CaseStatus.ARCHIVED
    _set(case, status=status, archived_at=now, retain_until=retain_until, touched_at=now)
    _set(case, due_at=None, due_from=None, due_why="", own_due_at=None, own_due_from=None, own_due_why="")
    events.record("case_archived", chain=chain_of(case.id), outcome=outcome, retain_until=retain_until.isoformat())
    announce(case, change="archived")


def seal(case: Case) -> None:
    """Seal the chain of an archived case. Records `chain_sealed`."""
    events.record("chain_sealed", chain=chain_of(case.id), number=case.number)


def reopen(case: Case, *, why: str) -> None:
    """Break the seal openly and open the case again. Records `chain_reopened` and `case_reopened`."""
    _set(case, status=CaseStatus.OPEN, archived_at=None, retain_until=None, resolved_at=None, touched_at=utcnow())
    events.record("chain_reopened", chain=chain_of(case.id), why=why)
    events.record("case_reopened", chain=chain_of(case.id), why=why)
    announce(case, change="reopened")


def draw_attention(case: Case, *, why: str) -> None:
    """Put the unread mark on again. Records `attention_drawn`."""
    _set(case, is_unread=True, touched_at=utcnow())
    events.record("attention_drawn", chain=chain_of(case.id), why=why[:500])
    announce(case, change="attention")


def merge_into(case: Case, into: Case) -> dict[str, Any]:
    """Let a locked case live on in another: it leaves all lists of what is open. Returns what `unmerge` needs of it."""
    before = {name: _plain(getattr(case, name)) for name in ("status", *_LIMITS)}
    _set(case, merged_into=into.id, status=CaseStatus.MERGED, archived_at=utcnow(), **dict.fromkeys(_LIMITS))
    announce(case, change="merged")
    announce(into, change="merged")
    return before


def unmerge(case: Case, before: Mapping[str, Any], *, paused: timedelta) -> None:
    """Make a merged case one of its own again, as it was; its time limit has as much longer as it stood still."""
    origin = case.merged_into
    limits = {name: _later(before[name], paused) for name in _LIMITS}
    _set(case, merged_into=None, status=CaseStatus(before["status"]), archived_at=None, **limits)
    announce(case, change="unmerged")
    if origin is not None:
        announce(lock(origin), change="unmerged")


def _later(at: str | None, by: timedelta) -> datetime | None:
    return datetime.fromisoformat(at) + by if at else None


def show_last(case: Case, text: str, *, is_unread: bool = False) -> None:
    """Show this text as the last that came in: messages have gone to or come from another case."""
    _set(case, preview=text[:PREVIEW], is_unread=case.is_unread or is_unread)


def note_reply(case: Case) -> None:
    """Stamp the first reply of a person to the customer."""
    lock(case.id)
    if case.first_reply_at is None:
        _set(case, first_reply_at=utcnow())


def assign(case: Case, user_id: int | None) -> None:
    """Give the case to a user, or to nobody. Records `case_changed`."""
    change(case, {"assignee_id": user_id})
