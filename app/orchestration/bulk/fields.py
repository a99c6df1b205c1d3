"""Bulk actions on what a case carries: its fields, tags, who watches it, how long it is laid aside."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.cases import service as cases
from app.cases import snoozing, tags, watching
from app.clock import utcnow
from app.errors import Invalid
from app.identity import queries as people
from app.identity.policy import Viewer
from app.orchestration.bulk.kinds import Done, Kind, Params, Turn, changed_since
from app.routing import service as routing

FIELDS = ("priority", "assignee", "team", "queue")
NOBODY = "none"
ME = "me"


# ---------------------------------------------------------------- fields
def _read_fields(viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `priority`, `assignee` (login, me, none), `team` (key, none), `queue` (key); empty ones stay as they are."""
    wanted: dict[str, Any] = {}
    chosen = {name: str(given.get(name) or "").strip() for name in FIELDS}
    if chosen["priority"]:
        if chosen["priority"] not in cases.PRIORITIES:
            raise Invalid("bad_priority", f"The priority is one of {', '.join(cases.PRIORITIES)}.")
        wanted["priority"] = chosen["priority"]
    if chosen["assignee"]:
        wanted["assignee_id"] = _user(viewer, chosen["assignee"])
    if chosen["team"]:
        wanted["team_id"] = None if chosen["team"] == NOBODY else _team(chosen["team"])
    if chosen["queue"]:
        wanted["queue_key"] = _queue(chosen["queue"])
    if not wanted:
        raise Invalid("nothing_chosen", "Choose at least one field to change.")
    return {"values": wanted, **{name: value for name, value in chosen.items() if value}}


def _user(viewer: Viewer, login: str) -> int | None:
    if login == NOBODY:
        return None
    user = people.user_by_login(viewer.login if login == ME else login)
    if not user.is_active:
        raise Invalid("user_inactive", f"{user.name} does not work here any more.")
    return user.id


def _team(key: str) -> int:
    team = people.team_by_key(key)
    if team.archived_at is not None:
        raise Invalid("team_archived", f"The team {team.name} is archived.")
    return team.id


def _queue(key: str) -> str:
    if key not in {queue.key for queue in routing.queues()}:
        raise Invalid("queue_unknown", f"There is no queue {key}.")
    return key


def _set_fields(turn: Turn) -> Done:
    changes = cases.change(turn.case, turn.params["values"])
    return Done(bool(changes), {"changes": changes})


def _undo_fields(turn: Turn) -> bool:
    changes = turn.before["changes"]
    for name, change in changes.items():
        if getattr(turn.case, name) != change["to"]:
            raise changed_since(name.removesuffix("_id").removesuffix("_key"))
    return bool(cases.change(turn.case, {name: change["from"] for name, change in changes.items()}))


# ---------------------------------------------------------------- tags
def _read_tags(_viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `add` and `remove`: tags, parted by commas."""
    add, remove = (tags.clean(str(given.get(name) or "")) for name in ("add", "remove"))
    if not add and not remove:
        raise Invalid("tag_missing", "Write a tag.", fields={"add": "required"})
    if {tags.fold(name) for name in add} & {tags.fold(name) for name in remove}:
        raise Invalid("tag_twice", "A tag cannot be put on and taken off at once.", fields={"remove": "also put on"})
    return {"add": add, "remove": remove}


def _tag(turn: Turn) -> Done:
    removed = [name for name in turn.params["remove"] if tags.remove(turn.case, name)]
    added = tags.add(turn.case, ",".join(turn.params["add"])) if turn.params["add"] else []
    return Done(bool(added or removed), {"added": added, "removed": removed})


def _untag(turn: Turn) -> bool:
    """What is not there any more, or there again, is as somebody else wants it: only the rest is taken back."""
    removed = [name for name in turn.before["added"] if tags.remove(turn.case, name)]
    back = turn.before["removed"]
    added = tags.add(turn.case, ",".join(back)) if back else []
    return bool(added or removed)


# ---------------------------------------------------------------- watching
def _read_watch(_viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `stop`: true ends watching."""
    return {"stop": str(given.get("stop") or "").lower() in {"true", "1", "on"}}


def _watch(turn: Turn) -> Done:
    change = watching.stop if turn.params["stop"] else watching.watch
    return Done(change(turn.case, turn.viewer.user_id))


def _unwatch(turn: Turn) -> bool:
    change = watching.watch if turn.params["stop"] else watching.stop
    return change(turn.case, turn.viewer.user_id)


# ---------------------------------------------------------------- laying aside
def _read_snooze(_viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `hours` (1 to 8784), or `until` (ISO 8601 with a zone), or neither: until the customer writes. `end`: take up again."""
    if str(given.get("end") or "").lower() in {"true", "1", "on"}:
        return {"end": True}
    hours, until = str(given.get("hours") or "").strip(), str(given.get("until") or "").strip()
    note = str(given.get("note") or "")[: snoozing.MAX_NOTE]
    if not until and not hours:
        return {"until": None, "note": note}
    at = _hours_from_now(hours) if hours else _time(until)
    if not utcnow() < at <= utcnow() + snoozing.LONGEST:
        raise Invalid("bad_time", "Choose a time within the coming year.", fields={"until": "not possible"})
    return {"until": at.isoformat(), "note": note}


def _hours_from_now(hours: str) -> datetime:
    if not hours.isdecimal() or len(hours) > 5:
        raise Invalid("bad_time", "Choose for how long, or write a time.", fields={"hours": "not a number"})
    return utcnow() + timedelta(hours=int(hours))


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid("bad_time", "Write the time as ISO 8601 with a zone.", fields={"until": "not a time"})
    return at


def _snooze(turn: Turn) -> Done:
    row = snoozing.of_case(turn.case.id)
    asleep = row is not None and row.ended_at is None
    before = {"until": row.until.isoformat() if row.until else None, "note": row.note} if row and asleep else None
    if turn.params.get("end"):
        cases.check_standing(turn.case)
        woken = snoozing.end(turn.case, back=snoozing.AGENT)
        snoozing.forget(turn.case.id)
        return Done(woken, {"slept": before})
    until = turn.params["until"]
    if before is not None and (before["until"], before["note"]) == (until, turn.params["note"]):
        return Done(changed=False)
    _lay_aside(turn, until, turn.params["note"])
    return Done(changed=True, before={"slept": before, "until": until})


def _lay_aside(turn: Turn, until: str | None, note: str) -> None:
    at = datetime.fromisoformat(until) if until else None
    snoozing.snooze(turn.case, user_id=turn.viewer.user_id, until=at, note=note)


def _unsnooze(turn: Turn) -> bool:
    row = snoozing.of_case(turn.case.id)
    asleep = row is not None and row.ended_at is None
    slept = turn.before["slept"]
    if not turn.params.get("end"):
        until = row.until.isoformat() if row and row.until else None
        if not asleep or until != turn.before["until"]:
            raise changed_since("snooze")
    elif asleep:
        raise changed_since("snooze")
    if slept is None:
        snoozing.end(turn.case, back=snoozing.AGENT)
        snoozing.forget(turn.case.id)
    else:
        _lay_aside(turn, slept["until"], slept["note"])
    return True


KINDS = (
    Kind("fields", _read_fields, _set_fields, _undo_fields, "undo_all"),
    Kind("tags", _read_tags, _tag, _untag, "undo_all"),
    Kind("watch", _read_watch, _watch, _unwatch, "undo_all"),
    Kind("snooze", _read_snooze, _snooze, _unsnooze, "undo_all"),
)
