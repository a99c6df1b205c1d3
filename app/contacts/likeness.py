"""Who may be the same person, and why one thinks so. Every hint says what it saw and how much it counts; nothing is merged by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.contacts import queries
from app.db import run

#: What a hint counts. Hints of different kinds add up; a hint that many people share counts a quarter.
WEIGHTS: Mapping[str, int] = {
    "number": 60, "reply_to": 50, "name": 35, "signature": 35, "mailbox": 30, "copied": 15, "organization": 10,
}  # fmt: skip
WORTH_SHOWING, LIKELY, VERY_LIKELY = 30, 50, 75
SHARED_BY_MANY = 5
MAX_FOUND = 200
SHOWN = 8
_PARTS = "select id from contacts where id = %(me)s or head_id = %(me)s"
# One branch for each kind of hint; a hint is (contact, kind, what was seen). Each branch is bounded and stands on an index.
_HINTS = f"""with mine as ({_PARTS}),
 own as (select p.* from contact_points p where p.contact_id in (select id from mine)),
 traces as (select t.* from contact_traces t where t.contact_id in (select id from mine)),
 hints as (
  (select c.id, 'name' as kind, c.name as seen from contacts c
    where c.sort_name in (select x.sort_name from contacts x join mine on mine.id = x.id
     where x.sort_name <> '' and x.sort_name not like '%%@%%') and c.head_id is null limit %(most)s)
  union all (select p.contact_id, 'mailbox', p.address from own join contact_points p
    on p.clue = own.clue and p.clue <> '' and p.kind = 'email' and own.kind = 'email' limit %(most)s)
  union all (select p.contact_id, 'number', p.address from traces t join contact_points p
    on t.kind = 'number' and p.clue = t.value and p.clue <> '' and p.kind <> 'email' limit %(most)s)
  union all (select t.contact_id, 'number', own.address from own join contact_traces t
    on t.kind = 'number' and own.kind <> 'email' and own.clue <> '' and t.value = own.clue limit %(most)s)
  union all (select p.contact_id, 'number', p.address from own join contact_points p
    on own.kind <> 'email' and p.clue = own.clue and p.clue <> '' and p.kind <> 'email' limit %(most)s)
  union all (select o.contact_id, 'signature', o.value from traces t join contact_traces o
    on t.kind = 'number' and o.kind = 'number' and o.value = t.value limit %(most)s)
  union all (select p.contact_id, case t.kind when 'cc' then 'copied' else 'reply_to' end, p.address from traces t
    join contact_points p on t.kind in ('cc', 'reply_to') and p.kind = 'email' and p.address = t.value limit %(most)s)
  union all (select t.contact_id, case t.kind when 'cc' then 'copied' else 'reply_to' end, own.address from own
    join contact_traces t on own.kind = 'email' and t.kind in ('cc', 'reply_to') and t.value = own.address limit %(most)s))
 select coalesce(c.head_id, c.id) as person_id, hints.kind, hints.seen from hints join contacts c on c.id = hints.id
 where coalesce(c.head_id, c.id) <> %(me)s group by 1, 2, 3"""  # noqa: S608 -- constants of ours
_APART = """select case when low_id = any(%(ids)s) then high_id else low_id end as id from contact_differences
 where low_id = any(%(ids)s) or high_id = any(%(ids)s)"""
_SAME_PLACE = """select distinct coalesce(c.head_id, c.id) as id, o.name from contacts c
 join organizations o on o.id = c.organization_id
 where c.organization_id = %(organization)s and c.id = any(%(others)s)"""


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing that speaks for it: its kind, what was seen, and what it counts."""

    kind: str
    seen: str
    counts: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the same person."""

    person: Any
    score: int
    hints: tuple[Hint, ...]

    @property
    def strength(self) -> str:
        """How much speaks for it, in a word."""
        return "very likely" if self.score >= VERY_LIKELY else "likely" if self.score >= LIKELY else "possible"


def candidates(person_id: int) -> list[Candidate]:
    """Return who may be the same person as this one, who must stand for all merged; the most likely first.

    Those that somebody has told apart from them are left out.
    """
    scored = {other: hints for other, hints in _scored(person_id).items() if _sum(hints) >= WORTH_SHOWING}
    apart = {row.id for row in run(_APART, {"ids": list(queries.person(person_id).ids)})} if scored else set()
    best = sorted((other for other in scored if other not in apart), key=lambda other: (-_sum(scored[other]), other))
    return [Candidate(queries.person(other), _sum(scored[other]), scored[other]) for other in best[:SHOWN]]


def evidence(person_id: int, other_id: int) -> Candidate:
    """Return what speaks for two people being one, even if it is little or nothing."""
    hints = _scored(person_id).get(other_id, ())
    return Candidate(queries.person(other_id), _sum(hints), hints)


def _sum(hints: Sequence[Hint]) -> int:
    return min(sum(hint.counts for hint in hints), 100)


def _scored(person_id: int) -> dict[int, tuple[Hint, ...]]:
    rows = list(run(_HINTS, {"me": person_id, "most": MAX_FOUND}))
    sharing: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in rows:
        sharing[row.kind, row.seen.casefold()].add(row.person_id)
    found: dict[int, dict[str, Hint]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: row.seen):
        is_common = len(sharing[row.kind, row.seen.casefold()]) > SHARED_BY_MANY
        counts = WEIGHTS[row.kind] // (4 if is_common else 1)
        best = found[row.person_id].get(row.kind)
        if best is None or best.counts < counts:
            found[row.person_id][row.kind] = Hint(row.kind, row.seen, counts)
    for hints in found.values():
        if "number" in hints:  # the same line, seen twice
            hints.pop("signature", None)
    _add_place(person_id, found)
    return {other: tuple(sorted(hints.values(), key=lambda hint: -hint.counts)) for other, hints in found.items()}


def _add_place(person_id: int, found: dict[int, dict[str, Hint]]) -> None:
    """The same organization makes two people who share more likely one; alone it says nothing."""
    organization = queries.person(person_id).organization_id if found else None
    if organization is not None:
        for row in run(_SAME_PLACE, {"organization": organization, "others": list(found)}):
            found[row.id]["organization"] = Hint("organization", row.name, WEIGHTS["organization"])
