"""Text messages in the composer: who gets it, what it costs in segments, quiet hours, and another channel for what did not arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, render_template, request

from app.cases.models import Case
from app.errors import Forbidden, Invalid
from app.identity.rights import Right
from app.messaging import accounts
from app.messaging.models import Draft
from app.orchestration import holding, reaching
from app.web import access, frame
from app.web.case_around import zone_of
from app.web.rules import allow
from channels.sms import encoding
from channels.sms.config import MAX_TEXT

blueprint = Blueprint("case_texting", __name__)
works = allow("agent", "manager")
KIND = "sms"


def words(case: Case, *, files: Sequence[Mapping[str, Any]], writers: Sequence[int]) -> holding.Words:
    """Return what this request's form says by text message. Raises Invalid, Forbidden."""
    viewer, form = frame.viewer(), request.form
    if files:
        raise Invalid(
            "text_only",
            "A text message carries no files: take them out, or answer by mail.",
            fields={"text": "no files"},
        )
    hurries = form.get("in_quiet_hours") == "true"
    to = addressed(case, [form["number"]] if form.get("number", "").strip() else None, hurries=hurries)
    return holding.Words(
        viewer.user_id, viewer.name, checked(form.get("text", "")), to=to, writers=writers, channel=KIND, in_quiet_hours=hurries,
    )  # fmt: skip


def addressed(case: Case, typed: Sequence[str] | None, *, hurries: bool) -> list[tuple[str, str]] | None:
    """Return to which number a text goes, None for the customer's own. Raises Invalid, Forbidden who may not send in quiet hours."""
    if hurries and not frame.viewer().may(Right.CASES_LEAD):
        raise Forbidden("quiet_hours", "Your role may not send in quiet hours.")
    if not typed:
        return None
    if len(typed) > 1:
        raise Invalid(
            "text_only",
            "A text message goes to one number and carries no files and no copies.",
            fields={"to": "one number"},
        )
    return [(reaching.number(case, KIND, typed[0].strip()), "")]


def of_draft(case: Case, draft: Draft) -> holding.Words:
    """Return what a kept draft says by text message. Raises Invalid."""
    viewer, typed = frame.viewer(), str(draft.recipients.get("number", "")).strip()
    if draft.files:
        raise Invalid(
            "text_only",
            "A text message carries no files: take them out, or answer by mail.",
            fields={"text": "no files"},
        )
    to = addressed(case, [typed] if typed else None, hurries=False)
    return holding.Words(viewer.user_id, viewer.name, checked(draft.text), to=to, writers=draft.writers, channel=KIND)


def checked(text: str) -> str:
    """Return a text as it goes out. Raises Invalid when it is longer than a text message may be."""
    shown = encoding.simplified(text) if request.form.get("simplify") == "true" else encoding.normal(text)
    if len(shown) > MAX_TEXT:
        raise Invalid(
            "text_too_long",
            f"A text message has at most {MAX_TEXT} characters; this has {len(shown)}.",
            fields={"text": "too long"},
        )
    return shown


def texting(case: Any, points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the composer needs to offer text messages: the channels, numbers, and quiet hours that are on now."""
    ways = reaching.ways(case, points)
    if KIND not in ways:
        return {"ways": ways, "text_numbers": [], "quiet": None}
    numbers = [point["address"] for point in points if point["kind"] == KIND]
    numbers += [
        point["address"] for point in points if point["kind"] in ("voice", "fax") and point["address"] not in numbers
    ]
    lines = accounts.accounts(kind=KIND, enabled=True)
    account = next((line for line in lines if line.id == case.account_id), lines[0] if lines else None)
    until = reaching.quiet_until(account) if account else None
    return {
        "ways": ways, "text_numbers": numbers, "quiet": until.astimezone(zone_of(account.queue_key)) if until and account else None,
    }  # fmt: skip


@blueprint.post("/cases/<number>/measure")
@works
def measure(number: str) -> str:
    """Return what the text of this request's form costs as a text message."""
    access.case_row(frame.viewer(), number)
    text = request.form.get("text", "")
    simple = encoding.simplified(text)
    shown = simple if request.form.get("simplify") == "true" else text
    return render_template(
        "partials/_segments.html", cost=encoding.measure(shown), most=MAX_TEXT, length=len(encoding.normal(shown)),
        saves=encoding.measure(text).segments - encoding.measure(simple).segments,
    )  # fmt: skip
