"""What stands around a case, as its page shows it, in one statement: tags, watchers, snooze, links, merged cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from app.cases.fields import values
from app.cases.linking import read_role
from app.db import run

_AROUND = """select
 (select coalesce(jsonb_agg(distinct t.name), '[]') from case_tags x join tags t on t.id = x.tag_id
   where x.case_id = c.id) as tags,
 (select coalesce(jsonb_agg(distinct jsonb_build_object('id', u.id, 'login', u.login, 'name', u.name)), '[]')
   from watchers w join users u on u.id = w.user_id where w.case_id = c.id) as watchers,
 (select jsonb_build_object('until', s.until, 'note', s.note, 'ended_at', s.ended_at, 'back', s.back)
   from snoozes s where s.case_id = c.id) as snooze,
 (select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'kind', l.kind, 'first', l.case_id = c.id, 'number', o.number,
    'subject', o.subject, 'status', o.status, 'team_id', o.team_id, 'assignee_id', o.assignee_id, 'case_id', o.id) order by l.id), '[]')
   from case_links l join cases o on o.id = case when l.case_id = c.id then l.other_id else l.case_id end
   where l.case_id = c.id or l.other_id = c.id) as links,
 (select coalesce(jsonb_agg(jsonb_build_object('number', m.number, 'subject', m.subject, 'at', m.archived_at) order by m.id), '[]')
   from cases m where m.merged_into = c.id) as merged,
 (select number from cases where id = c.merged_into) as into_number,
 (select coalesce(jsonb_agg(jsonb_build_object('key', f.key, 'name', f.name, 'name_zh', f.name_zh, 'help', f.help, 'kind', f.kind,
    'choices', f.choices, 'open', f.retired_at is null and f.case_type in ('', c.type), 'text', v.text, 'number', v.number::text,
    'filled', v.case_id is not null) order by f.position, f.name, v.place), '[]')
   from custom_fields f left join field_values v on v.field_id = f.id and v.case_id = c.id
   where (f.retired_at is null and f.case_type in ('', c.type)) or v.case_id is not null) as fields,
 (select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'text', i.text, 'user', u.name, 'login', u.login, 'due_on', i.due_on,
    'needed', i.is_needed, 'done_at', i.done_at, 'done_by', d.name) order by i.place, i.id), '[]')
   from checklist_items i left join users u on u.id = i.user_id left join users d on d.id = i.done_by where i.case_id = c.id) as checklist,
 (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'name_zh', t.name_zh) order by t.name), '[]')
   from checklist_templates t where t.case_type in ('', c.type)) as lists,
 (select coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'user_id', e.user_id, 'name', u.name, 'day', e.day, 'minutes', e.minutes,
    'note', e.note, 'category', e.category) order by e.day, e.id), '[]')
   from time_entries e join users u on u.id = e.user_id where e.case_id = c.id) as spent,
 (select coalesce(jsonb_agg(jsonb_build_object('user_id', w.user_id, 'name', u.name, 'begun_at', w.begun_at) order by w.begun_at), '[]')
   from work_timers w join users u on u.id = w.user_id where w.case_id = c.id) as timers
 from cases c where c.id = %(case)s"""
_MARKS = """select c.id, (select jsonb_agg(distinct t.name) from case_tags x join tags t on t.id = x.tag_id
   where x.case_id = c.id) as tags, s.until, case when s.case_id is null then '' when s.ended_at is null then 'asleep' else s.back end as sleep, l.points, l.done
 from unnest(%(cases)s::bigint[]) c (id) left join snoozes s on s.case_id = c.id
 left join lateral (select count(*) as points, count(i.done_at) as done from checklist_items i where i.case_id = c.id) l on true"""


class Sleep(NamedTuple):
    """How a case is laid aside; with `back`, why it is here again."""

    until: datetime | None
    note: str
    back: str


class Other(NamedTuple):
    """The other case of a link, and how the shown one stands to it."""

    link_id: int
    role: str
    case_id: int
    number: str
    subject: str
    status: str
    team_id: int | None
    assignee_id: int | None


class Merged(NamedTuple):
    """A case that lives on in the shown one."""

    number: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Around:
    """Everything around one case."""

    tags: tuple[str, ...]
    watchers: tuple[Mapping[str, Any], ...]
    sleep: Sleep | None
    links: tuple[Other, ...]
    merged: tuple[Merged, ...]
    into_number: str | None
    fields: tuple[values.Shown, ...] = ()
    checklist: tuple[Mapping[str, Any], ...] = ()
    lists: tuple[Mapping[str, Any], ...] = ()
    time: tuple[Mapping[str, Any], ...] = ()
    timers: tuple[Mapping[str, Any], ...] = ()

    @property
    def done(self) -> int:
        """How many points of the checklist are done."""
        return sum(point["done_at"] is not None for point in self.checklist)

    @property
    def minutes(self) -> int:
        """How long people worked on it, in minutes."""
        return sum(entry["minutes"] for entry in self.time)

    @property
    def minutes_by_person(self) -> list[tuple[str, int]]:
        """How long each worked on it, the longest first."""
        found: Counter[str] = Counter()
        for entry in self.time:
            found[entry["name"]] += entry["minutes"]
        return found.most_common()

    @property
    def watching(self) -> frozenset[int]:
        """The users who watch it."""
        return frozenset(watcher["id"] for watcher in self.watchers)


def of_case(case_id: int) -> Around:
    """Return what stands around a case. Checks no right on the other cases."""
    row = run(_AROUND, {"case": case_id}).fetchone()
    return Around(
        tuple(sorted(row.tags, key=str.casefold)),
        tuple(sorted(row.watchers, key=lambda watcher: str(watcher["name"]))),
        _sleep(row.snooze),
        tuple(_other(link) for link in row.links),
        tuple(Merged(m["number"], m["subject"], datetime.fromisoformat(m["at"])) for m in row.merged),
        row.into_number,
        values.gathered(row.fields),
        tuple(row.checklist),
        tuple(row.lists),
        tuple(row.spent),
        tuple({**timer, "begun_at": datetime.fromisoformat(timer["begun_at"])} for timer in row.timers),
    )


def _sleep(found: Mapping[str, Any] | None) -> Sleep | None:
    if found is None:
        return None
    until = datetime.fromisoformat(found["until"]) if found["until"] else None
    return Sleep(until, found["note"], found["back"])


def _other(link: Mapping[str, Any]) -> Other:
    role = read_role(link["kind"], is_first=link["first"])
    return Other(
        link["id"], role, link["case_id"], link["number"], link["subject"], link["status"], link["team_id"],
        link["assignee_id"],
    )  # fmt: skip


class Marks(NamedTuple):
    """What a line of a list shows of this."""

    tags: tuple[str, ...] = ()
    until: datetime | None = None
    sleep: str = ""
    points: int = 0
    done: int = 0


NO_MARKS = Marks()


def marks(case_ids: Iterable[int]) -> dict[int, Marks]:
    """Return what lists show beside these cases: tags, `asleep` or why a case is back, how far its checklist is. Cases without any are left out."""
    wanted = list(case_ids)
    if not wanted:
        return {}
    return {
        row.id: Marks(tuple(sorted(row.tags or (), key=str.casefold)), row.until, row.sleep, row.points, row.done)
        for row in run(_MARKS, {"cases": wanted})
        if row.tags or row.sleep or row.points
    }
