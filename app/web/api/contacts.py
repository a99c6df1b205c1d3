"""API: contacts, what there was with them, merging them; organizations."""

from __future__ import annotations

from flask import Blueprint

from app.audit import service as audit
from app.contacts import keeping, likeness, listing, merging, queries
from app.contacts import service as contacts
from app.identity import policy
from app.orchestration import customers
from app.web import access, frame, paging
from app.web.api import contact_shapes as shapes
from app.web.api.contract import operation
from app.web.api.shapes import EventRow
from app.web.rules import allow_if

blueprint = Blueprint("api_contacts", __name__)
knows = allow_if(policy.may_see_contacts)
edits = allow_if(policy.may_edit_contacts)
merges = allow_if(policy.may_merge_contacts)
TAG = "contacts"


# ---------------------------------------------------------------- contacts
@blueprint.get("/contacts")
@operation("List contacts", tag=TAG, answers=shapes.ContactPage, query=shapes.ContactQuery)
@knows
def list_contacts(query: shapes.ContactQuery) -> shapes.ContactPage:
    """List people by name. A search looks through the 2,000 newest that fit."""
    wanted = listing.Filter(
        text=query.q, tier=query.tier, language=query.language, channel=query.channel, organization_id=query.organization,
        is_warned=query.is_warned, is_blocked=query.is_blocked,
    )  # fmt: skip
    after = paging.unpack_name(query.cursor, "contacts") if query.cursor else None
    rows = listing.contacts(wanted, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    cursor = paging.pack_name("contacts", shown[-1].sort_name, shown[-1].id) if len(rows) > query.limit else None
    return shapes.ContactPage(items=[shapes.ContactRow.model_validate(row) for row in shown], next_cursor=cursor)


@blueprint.post("/contacts")
@operation(
    "Add a contact", tag=TAG, answers=shapes.ContactDetail, body=shapes.NewContact, status=201, is_repeatable=True
)
@edits
def add_contact(body: shapes.NewContact) -> shapes.ContactDetail:
    """Make a contact. 409: an address belongs to somebody already."""
    values = body.model_dump(exclude={"points"})
    return _detail(keeping.create(values, [(point.kind, point.address) for point in body.points]))


@blueprint.get("/contacts/<int:contact_id>")
@operation("Get a contact", tag=TAG, answers=shapes.ContactDetail)
@knows
def get_contact(contact_id: int) -> shapes.ContactDetail:
    """Return a person; the id of one who was merged returns who they became."""
    return _detail(contact_id)


@blueprint.patch("/contacts/<int:contact_id>")
@operation("Change a contact", tag=TAG, answers=shapes.ContactDetail, body=shapes.ContactChange)
@edits
def change_contact(contact_id: int, body: shapes.ContactChange) -> shapes.ContactDetail:
    """Change a person; open cases take a new name. 409: somebody changed them after `version`."""
    given = body.model_dump(include=body.model_fields_set - {"version"})
    values = {field: value for field, value in given.items() if value is not None or field == "organization_id"}
    customers.change(queries.person(contact_id).id, values, version=body.version)
    return _detail(contact_id)


def _detail(contact_id: int) -> shapes.ContactDetail:
    found = queries.person(contact_id)
    return shapes.ContactDetail.model_validate({**found._asdict(), "tier": queries.tier(found)}, from_attributes=False)


@blueprint.get("/contacts/<int:contact_id>/history")
@operation("Read what there was with a contact", tag=TAG, answers=shapes.ContactHistory, query=shapes.CasesQuery)
@knows
def contact_history(contact_id: int, query: shapes.CasesQuery) -> shapes.ContactHistory:
    """Return cases and the last exchange on each channel, as far as you may see the cases."""
    viewer, ids = frame.viewer(), queries.person(contact_id).ids
    found = access.cases_of(viewer, ids, before=query.before, limit=query.limit + 1)
    cases = found[: query.limit]
    numbers = {row.id: row.number for row in cases}
    return shapes.ContactHistory(
        cases=[shapes.CaseOf.model_validate(row) for row in cases],
        last=[
            shapes.ExchangeRow(
                kind=row.kind, case=numbers[row.case_id], direction=row.direction, author=row.author, text=row.text,
                created_at=row.created_at,
            )
            for row in queries.last_exchanges(ids, cases=list(numbers))
        ],
        next_before=cases[-1].id if len(found) > query.limit else None,
    )  # fmt: skip


@blueprint.get("/contacts/<int:contact_id>/events")
@operation("Read what was done to a contact", tag=TAG, answers=shapes.ContactEvents)
@knows
def contact_events(contact_id: int) -> shapes.ContactEvents:
    """Return the audit chain of one contact: what was changed, by whom."""
    queries.existing(contact_id)
    return shapes.ContactEvents(
        items=[EventRow.model_validate(e) for e in audit.chain_events(contacts.chain_of(contact_id))]
    )


# ---------------------------------------------------------------- addresses
@blueprint.post("/contacts/<int:contact_id>/points")
@operation(
    "Add an address", tag=TAG, answers=shapes.ContactDetail, body=shapes.NewPoint, status=201, is_repeatable=True
)
@edits
def add_contact_point(contact_id: int, body: shapes.NewPoint) -> shapes.ContactDetail:
    """Give a contact another address. 409: it belongs to somebody already."""
    keeping.add_point(queries.person(contact_id).id, body.kind, body.address)
    customers.tell(contact_id)
    return _detail(contact_id)


@blueprint.patch("/contacts/<int:contact_id>/points/<int:point_id>")
@operation("Mark an address as checked", tag=TAG, answers=shapes.ContactDetail, body=shapes.PointChange)
@edits
def verify_contact_point(contact_id: int, point_id: int, body: shapes.PointChange) -> shapes.ContactDetail:
    """Note that somebody made sure the address is theirs, or take that back."""
    keeping.verify_point(contact_id, point_id, is_verified=body.is_verified, user_id=frame.viewer().user_id)
    return _detail(contact_id)


@blueprint.delete("/contacts/<int:contact_id>/points/<int:point_id>")
@operation("Remove an address", tag=TAG, answers=shapes.ContactDetail)
@edits
def remove_contact_point(contact_id: int, point_id: int) -> shapes.ContactDetail:
    """Take an address away; who writes from it next is a new contact."""
    keeping.remove_point(contact_id, point_id)
    customers.tell(contact_id)
    return _detail(contact_id)


# ---------------------------------------------------------------- one person or two
@blueprint.get("/contacts/<int:contact_id>/candidates")
@operation("Who may be the same person", tag=TAG, answers=shapes.CandidatePage)
@knows
def list_candidates(contact_id: int) -> shapes.CandidatePage:
    """Return who may be the same person, with what speaks for it."""
    return _candidates(contact_id)


def _hints(one: likeness.Candidate) -> list[shapes.HintRow]:
    return [shapes.HintRow(kind=hint.kind, seen=hint.seen, counts=hint.counts) for hint in one.hints]


@blueprint.get("/contacts/<int:contact_id>/merge")
@operation("Preview a merge", tag=TAG, answers=shapes.MergePreview, query=shapes.WithWhom)
@merges
def preview_contact_merge(contact_id: int, query: shapes.WithWhom) -> shapes.MergePreview:
    """Return what merging `other` into this contact would bring together. Changes nothing."""
    seen = merging.preview(contact_id, query.other)
    evidence = likeness.evidence(seen.kept.id, seen.other.id)
    return shapes.MergePreview(
        kept=_detail(seen.kept.id), other=_detail(seen.other.id), cases=seen.cases, open_cases=seen.open_cases,
        interactions=seen.interactions, score=evidence.score, hints=_hints(evidence),
        differences=[shapes.Difference(field=field, kept=kept, other=other) for field, kept, other in seen.conflicts],
    )  # fmt: skip


@blueprint.post("/contacts/<int:contact_id>/merge")
@operation(
    "Merge a contact into this one", tag=TAG, answers=shapes.ContactDetail, body=shapes.Other, is_repeatable=True
)
@merges
def merge_contacts(contact_id: int, body: shapes.Other) -> shapes.ContactDetail:
    """Let this contact stand for both. Moves nothing; can be taken back at any time."""
    return _detail(customers.merge(contact_id, body.other, why=body.why))


@blueprint.post("/contacts/<int:contact_id>/unmerge")
@operation("Take a merge back", tag=TAG, answers=shapes.ContactDetail, is_repeatable=True)
@merges
def unmerge_contact(contact_id: int) -> shapes.ContactDetail:
    """Take a contact out of the one it was merged into: each has their own again, also what came in since."""
    customers.unmerge(contact_id)
    return _detail(contact_id)


@blueprint.post("/contacts/<int:contact_id>/apart")
@operation("Note that two contacts are two people", tag=TAG, answers=shapes.CandidatePage, body=shapes.Other)
@merges
def tell_contacts_apart(contact_id: int, body: shapes.Other) -> shapes.CandidatePage:
    """The two are not proposed for merging again; answers with who may still be the same person."""
    merging.tell_apart(contact_id, body.other)
    return _candidates(contact_id)


def _candidates(contact_id: int) -> shapes.CandidatePage:
    return shapes.CandidatePage(items=[
        shapes.CandidateRow(
            id=one.person.id, name=one.person.name, score=one.score, strength=one.strength, hints=_hints(one)
        )
        for one in likeness.candidates(queries.person(contact_id).id)
    ])  # fmt: skip
