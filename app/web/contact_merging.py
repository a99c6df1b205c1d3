"""Two contacts who may be one person: looked at side by side, merged, told apart, and taken apart again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request

from app.contacts import likeness, merging, queries
from app.errors import Invalid
from app.identity import policy
from app.orchestration import customers
from app.web import access, contact_words, frame, shell
from app.web.rules import allow_if

blueprint = Blueprint("contact_merging", __name__)
merges = allow_if(policy.may_merge_contacts)


def _other() -> int:
    other = request.values.get("other", type=int)
    if other is None:
        raise Invalid("other_missing", "Say with whom.", fields={"other": "required"})
    return other


@blueprint.get("/contacts/<int:contact_id>/merge")
@merges
def preview(contact_id: int) -> Any:
    """Show what a merge would bring together, before anybody decides."""
    queries.existing(contact_id)
    seen = merging.preview(contact_id, _other())
    viewer = frame.viewer()
    return shell.page(
        "contact_merge.html", section="contacts", seen=seen,
        evidence=likeness.evidence(seen.kept.id, seen.other.id),
        cases=access.cases_of(viewer, seen.other.ids, limit=10), language_name=contact_words.language_name,
    )  # fmt: skip


@blueprint.post("/contacts/<int:contact_id>/merge")
@merges
def merge(contact_id: int) -> Any:
    """Merge another contact into this one; can be taken back at any time."""
    queries.existing(contact_id)
    kept = customers.merge(contact_id, _other(), why=request.form.get("why", ""))
    return redirect(f"/contacts/{kept}?saved=1", 303)


@blueprint.post("/contacts/<int:contact_id>/unmerge")
@merges
def unmerge(contact_id: int) -> Any:
    """Take a merge back: what came in since belongs to whom it came from."""
    customers.unmerge(contact_id)
    return redirect(f"/contacts/{contact_id}?saved=1", 303)


@blueprint.post("/contacts/<int:contact_id>/apart")
@merges
def apart(contact_id: int) -> Any:
    """Note that two contacts are two people: they are not proposed again."""
    queries.existing(contact_id)
    merging.tell_apart(contact_id, _other())
    return redirect(f"/contacts/{contact_id}", 303)
