"""Canned replies: texts that agents put into what they write. Found by who may use them, changed by their makers and managers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app import events
from app.clock import utcnow
from app.db import run, session
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.identity.policy import Viewer
from app.identity.rights import Right
from app.knowledge import filling
from app.knowledge.models import CannedReply, Circle
from app.knowledge.service import FALLBACK, language_of

LANGUAGES = ("en", "zh")
MAX_NAME = 80
MAX_FOLDER = 60
MAX_TEXT = 20_000
MAX_OWN = 300
SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a canned reply to be; `texts` has its words by language."""

    name: str
    texts: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    shared: str = Circle.PRIVATE
    team_id: int | None = None


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `CannedReply` that holds for those the viewer may use."""
    teams = and_(CannedReply.shared == Circle.TEAM, CannedReply.team_id.in_(sorted(viewer.team_ids) or [-1]))
    shared = (
        CannedReply.shared != Circle.PRIVATE if viewer.may(Right.CANNED_ALL) else CannedReply.shared == Circle.EVERYBODY
    )
    return or_(CannedReply.owner_id == viewer.user_id, shared, teams)


def of_viewer(viewer: Viewer, words: str = "") -> list[CannedReply]:
    """Return what a viewer may use, by folder and name; each of these words stands in its name, folder or text."""
    query = select(CannedReply).where(visible(viewer)).order_by(CannedReply.folder, func.lower(CannedReply.name))
    rows = session().scalars(query.limit(SHOWN))
    wanted = words.casefold().split()
    return [row for row in rows if not wanted or _has(row, wanted)]


def _has(row: CannedReply, words: Sequence[str]) -> bool:
    everything = "\n".join((row.name, row.folder, *row.texts.values())).casefold()
    return all(word in everything for word in words)


def get(viewer: Viewer, canned_id: int) -> CannedReply:
    """Return a canned reply that the viewer may use; raises NotFound."""
    found = session().scalar(select(CannedReply).where(CannedReply.id == canned_id, visible(viewer)))
    if found is None:
        raise NotFound("canned_unknown", "There is no such canned reply.")
    return found


def may_change(viewer: Viewer, row: CannedReply) -> bool:
    """Whether a viewer may change or delete it: its maker, and whoever sees everything when it is shared."""
    return row.owner_id == viewer.user_id or (viewer.may(Right.CANNED_ALL) and row.shared != Circle.PRIVATE)


def text_in(row: CannedReply, language: str, *, else_in: str = FALLBACK) -> tuple[str, str]:
    """Return the language and the words for a customer's language tag, else for `else_in`, else whatever there is."""
    return chosen(row.texts, language, else_in=else_in)


def chosen(texts: Mapping[str, str], language: str, *, else_in: str = FALLBACK) -> tuple[str, str]:
    """Return the language and the words out of texts by language, chosen likewise."""
    wanted = ([language_of(language)] if language else []) + [language_of(else_in), FALLBACK, *sorted(texts)]
    found = next(each for each in wanted if each in texts)
    return found, texts[found]


def save(viewer: Viewer, wish: Wish, *, canned_id: int | None = None, version: int | None = None) -> CannedReply:
    """Make a canned reply, or change one (Conflict when it is not at `version` any more). Records `canned_saved`.

    Raises Invalid for what cannot be, with the fields that are wrong; Forbidden for what belongs to others, NotFound.
    """
    values = _checked(viewer, wish)
    if canned_id is None:
        row = _made(viewer, values)
    else:
        row = _own(viewer, canned_id)
        if version is not None and version != row.version:
            raise Conflict("canned_moved", "Somebody else has changed this canned reply since. Load it again.")
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
    session().flush()
    events.record(
        "canned_saved", chain=f"canned:{row.id}", name=row.name, folder=row.folder, shared=str(row.shared),
        team=row.team_id, texts=dict(row.texts),
    )  # fmt: skip
    return row


def _made(viewer: Viewer, values: dict[str, Any]) -> CannedReply:
    own = session().scalar(select(func.count()).where(CannedReply.owner_id == viewer.user_id)) or 0
    if own >= MAX_OWN:
        raise Invalid("too_many_canned", f"Nobody keeps more than {MAX_OWN} canned replies: delete one first.")
    row = CannedReply(owner_id=viewer.user_id, **values)
    session().add(row)
    return row


def _own(viewer: Viewer, canned_id: int) -> CannedReply:
    row = get(viewer, canned_id)
    if not may_change(viewer, row):
        raise Forbidden("canned_of_others", "This canned reply belongs to somebody else: make one of your own.")
    return row


def _checked(viewer: Viewer, wish: Wish) -> dict[str, Any]:
    name, folder = " ".join(wish.name.split()), " ".join(wish.folder.split())
    if not 0 < len(name) <= MAX_NAME:
        raise Invalid("canned_name", f"Give it a name of at most {MAX_NAME} characters.", fields={"name": "required"})
    if len(folder) > MAX_FOLDER:
        raise Invalid(
            "canned_folder", f"A folder has a name of at most {MAX_FOLDER} characters.", fields={"folder": "too long"}
        )
    shared, team_id = _circle(viewer, wish)
    return {
        "name": name, "folder": folder, "texts": _texts(wish.texts), "shared": shared, "team_id": team_id,
        "changed_at": utcnow(),
    }  # fmt: skip


def _texts(given: Mapping[str, str]) -> dict[str, str]:
    texts = {language: text.strip() for language, text in given.items() if text.strip()}
    if not texts:
        raise Invalid("canned_text", "Write its text in one language at least.", fields={"text_en": "required"})
    for language, text in texts.items():
        where = {f"text_{language}": "wrong"}
        if language not in LANGUAGES:
            raise Invalid("canned_language", f"A text is in one of {', '.join(LANGUAGES)}.", fields=where)
        if len(text) > MAX_TEXT:
            raise Invalid("canned_long", f"A canned reply has at most {MAX_TEXT} characters.", fields=where)
        wrong = filling.unknown(text)
        if wrong:
            known = ", ".join(filling.VARIABLES)
            raise Invalid("canned_variable", f"Nothing is called {wrong[0]}. Known are {known}.", fields=where)
    return texts


def _circle(viewer: Viewer, wish: Wish) -> tuple[Circle, int | None]:
    if wish.shared not in set(Circle):
        raise Invalid(
            "canned_shared", f"It is shared with one of {', '.join(Circle)}.", fields={"shared": "unknown"}
        )  # fmt: skip
    shared = Circle(wish.shared)
    if shared is Circle.EVERYBODY and not viewer.may(Right.CANNED_ALL):
        raise Forbidden("canned_for_all", "Only managers share canned replies with everybody: share it with your team.")
    if shared is not Circle.TEAM:
        return shared, None
    if wish.team_id is None or (wish.team_id not in viewer.team_ids and not viewer.may(Right.CANNED_ALL)):
        raise Invalid("canned_team", "Choose one of your teams to share it with.", fields={"shared": "required"})
    return shared, wish.team_id


def delete(viewer: Viewer, canned_id: int) -> None:
    """Delete a canned reply. Records `canned_removed`. Raises NotFound, Forbidden."""
    row = _own(viewer, canned_id)
    events.record("canned_removed", chain=f"canned:{row.id}", name=row.name)
    session().delete(row)
    session().flush()


def count_use(row: CannedReply) -> None:
    """Count that somebody put it into a message."""
    run("update canned_replies set uses = uses + 1 where id = %(id)s", {"id": row.id})
