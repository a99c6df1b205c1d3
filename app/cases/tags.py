"""Tags: words that people put on cases. Typed once, completed from then on; however it is spelled, it is one tag."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app import events
from app.cases import service as cases
from app.cases.beside import OWN, CaseTag, Tag
from app.cases.models import Case
from app.clock import utcnow
from app.db import session
from app.errors import Invalid

MAX_LENGTH = 40
MAX_TAGS = 30
_BETWEEN = re.compile(r"[,，、;；\n]+")


def clean(text: str) -> list[str]:
    """Return the tags of a typed text, which commas part, each once. Raises Invalid for one that is too long."""
    words = [" ".join(unicodedata.normalize("NFKC", part).split()).lstrip("#").strip() for part in _BETWEEN.split(text)]
    found = {fold(word): word for word in words if word}
    for word in found.values():
        if len(word) > MAX_LENGTH:
            raise Invalid("tag_too_long", f"A tag has at most {MAX_LENGTH} characters.", fields={"tag": "too long"})
    return list(found.values())


def fold(name: str) -> str:
    """Return what all spellings of a tag have in common."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def add(case: Case, text: str) -> list[str]:
    """Put the tags of a typed text on a locked case; returns those that are new on it. Records `case_tagged`.

    Raises Invalid without a tag or when there are too many.
    """
    cases.check_standing(case)
    wanted = clean(text)
    if not wanted:
        raise Invalid("tag_missing", "Write a tag.", fields={"tag": "required"})
    there = {fold(name) for name in of_case(case.id)}
    fresh = [name for name in wanted if fold(name) not in there]
    if len(there) + len(fresh) > MAX_TAGS:
        raise Invalid("too_many_tags", f"A case has at most {MAX_TAGS} tags.", fields={"tag": "too many"})
    if not fresh:
        return []
    made = _tags(fresh)
    session().execute(insert(CaseTag), [{"case_id": case.id, "tag_id": tag.id, "via": OWN} for tag in made])
    names = [tag.name for tag in made]
    events.record("case_tagged", chain=cases.chain_of(case.id), tags=names)
    cases.announce(case, change="tags")
    return names


def _tags(names: Sequence[str]) -> list[Tag]:
    """Return these tags, made where they are new, under the spelling that came first."""
    rows = [{"name": name, "folded": fold(name), "created_at": utcnow()} for name in names]
    session().execute(insert(Tag).values(rows).on_conflict_do_nothing(index_elements=[Tag.folded]))
    found = session().scalars(select(Tag).where(Tag.folded.in_([row["folded"] for row in rows])))
    return sorted(found, key=lambda tag: tag.name)


def remove(case: Case, name: str) -> bool:
    """Take a tag off a locked case; False when it was not on it. Records `case_untagged`."""
    cases.check_standing(case)
    wanted = select(Tag.id).where(Tag.folded == fold(name))
    gone = session().execute(
        delete(CaseTag).where(CaseTag.case_id == case.id, CaseTag.tag_id.in_(wanted)).returning(CaseTag.tag_id)
    )
    if not gone.all():
        return False
    events.record("case_untagged", chain=cases.chain_of(case.id), tags=[name])
    cases.announce(case, change="tags")
    return True


def of_case(case_id: int) -> list[str]:
    """Return the tags of a case in alphabetical order."""
    return of_cases([case_id]).get(case_id, [])


def of_cases(case_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the tags of these cases, in one statement."""
    rows = session().execute(
        select(CaseTag.case_id, Tag.name)
        .join(Tag, Tag.id == CaseTag.tag_id)
        .where(CaseTag.case_id.in_(list(case_ids)))
        .distinct()
        .order_by(Tag.name)
    )
    found: dict[int, list[str]] = {}
    for case_id, name in rows:
        found.setdefault(case_id, []).append(name)
    return found


def known(text: str = "", *, limit: int = 100) -> list[str]:
    """Return the tags that begin with a text, those on most cases first: what a field for tags completes."""
    start = fold(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    used = select(CaseTag.tag_id, func.count().label("times")).group_by(CaseTag.tag_id).subquery()
    rows = session().scalars(
        select(Tag.name)
        .outerjoin(used, used.c.tag_id == Tag.id)
        .where(Tag.folded.like(f"{start}%"))
        .order_by(func.coalesce(used.c.times, 0).desc(), Tag.name)
        .limit(limit)
    )
    return list(rows)


def condition(name: str) -> ColumnElement[bool]:
    """Return the condition on `Case` that holds for the cases with this tag."""
    tagged = select(CaseTag.case_id).join(Tag, Tag.id == CaseTag.tag_id).where(Tag.folded == fold(name))
    return Case.id.in_(tagged)


def bring(case_id: int, *, to: int) -> None:
    """Copy the tags of a case to the one that it is merged into, so that they go with it again."""
    named = select(CaseTag.tag_id).where(CaseTag.case_id == case_id).distinct()
    rows = [{"case_id": to, "tag_id": tag_id, "via": case_id} for tag_id in session().scalars(named)]
    if rows:
        session().execute(insert(CaseTag), rows)


def take_back(case_id: int, *, origin: int) -> None:
    """Take away again what a merged case brought along."""
    session().execute(delete(CaseTag).where(CaseTag.case_id == origin, CaseTag.via == case_id))
