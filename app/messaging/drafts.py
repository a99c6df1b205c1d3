"""Drafts: what an agent has written and not yet sent, kept on the server per case and agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from app import blobs
from app.clock import utcnow
from app.db import run, savepoint, session
from app.errors import Conflict, Invalid
from app.messaging.models import Draft, Message
from app.messaging.outbox import MAX_TEXT
from app.settings import settings

MAX_FILES = 20
MAX_MARK = 40


SHARED = """select d.user_id, u.name, d.kind, d.text, d.updated_at, d.files, d.writers as writer_ids,
  (select string_agg(w.name, ', ' order by p.place) from jsonb_array_elements_text(d.writers) with ordinality p(id, place)
   join users w on w.id = p.id::bigint) as writers
 from drafts d join users u on u.id = d.user_id
 where d.case_id = %(case)s and d.is_shared and d.user_id <> %(user)s order by d.updated_at, d.user_id"""


def get(case_id: int, user_id: int) -> Draft | None:
    """Return the draft of an agent on a case."""
    return session().get(Draft, (case_id, user_id))


def save(
    case_id: int, user_id: int, *, kind: str, text: str, recipients: Mapping[str, Any] | None = None,
    known: str | None = None, mark: str = "", after: Sequence[str] = (),
) -> str:  # fmt: skip
    """Keep the draft and return its version; an empty one without files is removed and has none.

    Remembers the last message that stood there when it began. With the version that the writer knew (`known`), raises
    Conflict when the draft was changed elsewhere since: nothing that was written on another machine is lost. What changed it
    was perhaps a save of the writer's own whose answer was not heard: `mark` names this save, `after` those before it.
    """
    if kind not in ("reply", "note"):
        raise Invalid("bad_draft", "A draft is a reply or a note.")
    existing = _locked(case_id, user_id)
    is_own = known is None or existing is None or known == version(existing.updated_at) or existing.mark in after
    if existing and existing.text and not is_own:
        raise Conflict("draft_moved", "You have written on this case somewhere else since. Reload to take that text.")
    if not text.strip() and not (existing and existing.files):
        discard(case_id, user_id)
        return ""
    seen = existing.seen_message_id if existing else last_message_id(case_id)
    now = utcnow()
    values: dict[str, Any] = {
        "case_id": case_id, "user_id": user_id, "kind": kind, "text": text[:MAX_TEXT],
        "recipients": dict(recipients or {}), "files": list(existing.files) if existing else [],
        "seen_message_id": seen, "updated_at": now, "mark": mark[:MAX_MARK],
        "writers": with_writer(existing.writers if existing else [], user_id),
    }  # fmt: skip
    statement = insert(Draft).values(values)
    session().execute(
        statement.on_conflict_do_update(
            index_elements=[Draft.case_id, Draft.user_id],
            set_={key: values[key] for key in ("kind", "text", "recipients", "updated_at", "mark", "writers")},
        )
    )
    session().expire_all()
    return version(now)


def with_writer(writers: Sequence[int], user_id: int) -> list[int]:
    """Return who wrote, with this user among them."""
    return [*writers] if user_id in writers else [*writers, user_id]


def version(at: datetime | None) -> str:
    """Return what tells this state of a draft from any other; empty without a draft."""
    return "" if at is None else at.astimezone(UTC).isoformat()


def _locked(case_id: int, user_id: int) -> Draft | None:
    wanted = select(Draft).where(Draft.case_id == case_id, Draft.user_id == user_id).with_for_update()
    return session().scalar(wanted.execution_options(populate_existing=True))


def put_back(
    case_id: int, user_id: int, *, text: str, files: Sequence[Mapping[str, Any]], recipients: Mapping[str, Any],
    seen_message_id: int, writers: Sequence[int] = (),
) -> None:  # fmt: skip
    """Put the words of a reply that did not go into the draft, in front of what stands there by now."""
    draft = _locked(case_id, user_id)
    if draft is None:
        draft = Draft(case_id=case_id, user_id=user_id, kind="reply", text="", recipients={}, files=[],
                      seen_message_id=seen_message_id, updated_at=utcnow())  # fmt: skip
        session().add(draft)
    draft.text = "\n\n".join(part for part in (text, draft.text) if part.strip())[:MAX_TEXT]
    draft.kind, draft.recipients = "reply", dict(recipients)
    draft.writers = [*writers, *(each for each in draft.writers or () if each not in writers)]
    there = {file["digest"] for file in draft.files}
    draft.files = [*draft.files, *(dict(file) for file in files if file["digest"] not in there)]
    draft.seen_message_id, draft.updated_at = min(draft.seen_message_id, seen_message_id), utcnow()
    session().flush()


def last_message_id(case_id: int) -> int:
    """Return the id of the newest message of a case, 0 without any."""
    return int(session().scalar(select(func.max(Message.id)).where(Message.case_id == case_id)) or 0)


def add_file(case_id: int, user_id: int, *, name: str, media_type: str, content: bytes) -> Sequence[Mapping[str, Any]]:
    """Attach an uploaded file to the draft; returns all its files. Raises Invalid for an empty, too large or 21st file."""
    check_size(len(content))
    draft = get(case_id, user_id)
    if draft is None:
        draft = Draft(case_id=case_id, user_id=user_id, kind="reply", text="", recipients={}, files=[],
                      seen_message_id=last_message_id(case_id), updated_at=utcnow())  # fmt: skip
        session().add(draft)
    if len(draft.files) >= MAX_FILES:
        raise Invalid("too_many_files", f"A message may have {MAX_FILES} files.", fields={"file": "too many"})
    file = {"name": name, "media_type": media_type, "size": len(content), "digest": blobs.put(content)}
    draft.files = [*draft.files, file]
    draft.updated_at = utcnow()
    session().flush()
    return draft.files


def check_size(size: int) -> None:
    """Raise Invalid for an empty or too large file."""
    if not 0 < size <= settings().max_upload_bytes:
        limit = settings().max_upload_bytes // (1024 * 1024)
        raise Invalid("bad_file", f"A file must not be empty and may have {limit} MB.", fields={"file": "size"})


def remove_file(case_id: int, user_id: int, digest: str) -> Sequence[Mapping[str, Any]]:
    """Take a file off the draft; returns what is left."""
    draft = get(case_id, user_id)
    if draft is None:
        return []
    draft.files = [file for file in draft.files if file["digest"] != digest]
    session().flush()
    return draft.files


def discard(case_id: int, user_id: int) -> bool:
    """Remove the draft; tells whether colleagues saw it."""
    gone = delete(Draft).where(Draft.case_id == case_id, Draft.user_id == user_id).returning(Draft.is_shared)
    was_shared = bool(session().scalar(gone))
    session().expire_all()
    return was_shared


def share(case_id: int, user_id: int, *, shared: bool) -> bool:
    """Let colleagues on the case see the draft, or no longer; tells whether that is new. Raises Invalid without one."""
    draft = _locked(case_id, user_id)
    if draft is None or not draft.text.strip():
        raise Invalid("draft_missing", "Write something before you share it.", fields={"text": "required"})
    is_new = draft.is_shared != shared
    draft.is_shared = shared
    session().flush()
    return is_new


def take(case_id: int, *, holder_id: int, user_id: int) -> None:
    """Make a shared draft this user's to write. Raises Conflict when it is not there to be taken, or they have one of their own."""
    draft, own = _locked(case_id, holder_id), _locked(case_id, user_id)
    if draft is None or not draft.is_shared or holder_id == user_id:
        raise Conflict("draft_gone", "This draft is not shared any more: it was sent, or somebody else took it over.")
    if own is not None and (own.text.strip() or own.files):
        raise Conflict("own_draft", "You have begun a text of your own here. Send it or empty it, then take over.")
    if own is not None:
        session().delete(own)
        session().flush()
    changed = update(Draft).where(Draft.case_id == case_id, Draft.user_id == holder_id)
    try:
        with savepoint():
            session().execute(
                changed.values(
                    user_id=user_id, updated_at=utcnow(), mark="", writers=with_writer(draft.writers, user_id)
                )
            )
    except IntegrityError:  # begun on another machine at the same time
        raise Conflict(
            "own_draft", "You have begun a text of your own here. Send it or empty it, then take over."
        ) from None
    session().expire_all()


def shared_with(case_id: int, user_id: int) -> Sequence[Any]:
    """Return the drafts on a case that colleagues share with this user, each with the names of its holder and writers."""
    return list(run(SHARED, {"case": case_id, "user": user_id}))


def is_shared(case_id: int, user_id: int) -> bool:
    """Tell whether colleagues see this user's draft."""
    return bool(session().scalar(select(Draft.is_shared).where(Draft.case_id == case_id, Draft.user_id == user_id)))
