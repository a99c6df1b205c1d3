"""Drafts that colleagues see: one writes at a time, and another takes over from where the first has come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app import events
from app.cases import service as cases
from app.cases.models import Case
from app.errors import Conflict
from app.identity import service as identity
from app.messaging import drafts

TOPIC = "draft"


def keep(
    case: Case, user_id: int, *, kind: str, text: str, recipients: Mapping[str, Any], known: str | None,
    mark: str = "", after: Sequence[str] = (),
) -> str:  # fmt: skip
    """Keep a draft (see `drafts.save`) and show colleagues what they see of it; returns its version.

    Raises Conflict `draft_taken` when a colleague has taken it over with all that stands in it; what they have not got
    becomes a draft of one's own, so that nothing is lost.
    """
    was_shared = drafts.is_shared(case.id, user_id)
    if known and not was_shared:
        _check_taken(case.id, user_id, text)
    version = drafts.save(
        case.id, user_id, kind=kind, text=text, recipients=recipients, known=known, mark=mark, after=after
    )
    if was_shared:
        tell(case)
    return version


def _check_taken(case_id: int, user_id: int, text: str) -> None:
    if drafts.get(case_id, user_id) is not None:
        return
    for draft in drafts.shared_with(case_id, user_id):
        if user_id in draft.writer_ids and text.strip() in draft.text:
            raise Conflict("draft_taken", f"{draft.name} writes this draft now.")


def tell(case: Case) -> None:
    """Have the open pages of a case look at its shared drafts again."""
    cases.announce(case, change="draft", topic=TOPIC)


def share(case_id: int, *, user_id: int, shared: bool) -> None:
    """Let colleagues on the case see this user's draft, or no longer. Records `draft_shared`, `draft_unshared`. Raises Invalid without one.

    Whoever keeps the draft first locks the case before that: two who lock it after writing would wait for each other.
    """
    case = cases.lock(case_id)
    if not drafts.share(case_id, user_id, shared=shared):
        return
    events.record("draft_shared" if shared else "draft_unshared", chain=cases.chain_of(case.id))
    tell(case)


def take(case_id: int, *, holder_id: int, user_id: int) -> None:
    """Take a shared draft over; whoever wrote it is told. Records `draft_taken`. Raises Conflict (see `drafts.take`)."""
    case = cases.lock(case_id)
    drafts.take(case_id, holder_id=holder_id, user_id=user_id)
    events.record("draft_taken", chain=cases.chain_of(case.id), writer=holder_id)
    tell(case)
    what = f"{events.current_actor().name} writes your draft now"
    identity.notify([holder_id], kind="reply_right", text=f"{case.number}: {what}", link=f"/cases/{case.number}")
