"""Cases that belong together: related ones, parents with their children, duplicates. One row, shown on both cases."""

from __future__ import annotations

from sqlalchemy import select

from app import events
from app.cases import service as cases
from app.cases.beside import CaseLink, LinkKind
from app.cases.models import Case
from app.clock import utcnow
from app.db import session
from app.errors import Conflict, Invalid, NotFound

#: How a link reads, from the case that it is shown on: (kind, whether that case is the first of the two).
ROLES = {
    "related": (LinkKind.RELATED, True),
    "parent_of": (LinkKind.PARENT, True),
    "child_of": (LinkKind.PARENT, False),
    "duplicate_of": (LinkKind.DUPLICATE, True),
    "duplicated_by": (LinkKind.DUPLICATE, False),
}
#: What only a split makes: the new case is split off from the one that its messages stood in.
SPLIT_FROM = "split_from"
_READ = {(kind, first): role for role, (kind, first) in ROLES.items()} | {
    (LinkKind.RELATED, False): "related", (LinkKind.SPLIT, True): SPLIT_FROM, (LinkKind.SPLIT, False): "split_into",
}  # fmt: skip
MAX_LINKS = 50
MAX_DEPTH = 100


def link(case: Case, other: Case, *, role: str) -> CaseLink:
    """Link two locked cases; `role` is how the first stands to the second. Records `case_linked` on both chains.

    Raises Invalid for an unknown role or the case itself, Conflict when they are linked so already or it makes no sense.
    """
    cases.check_standing(case)
    if role not in ROLES:
        raise Invalid("bad_link", f"A link is one of {', '.join(ROLES)}.", fields={"role": "unknown"})
    if case.id == other.id:
        raise Invalid("same_case", "A case cannot be linked to itself.", fields={"to": "the same case"})
    kind, is_first = ROLES[role]
    return _make(kind, case, other, is_first=is_first)


def note_split(case: Case, origin: Case) -> CaseLink:
    """Link a case to the one that it was split off from. Records `case_linked` on both chains."""
    return _make(LinkKind.SPLIT, case, origin, is_first=True)


def _make(kind: LinkKind, case: Case, other: Case, *, is_first: bool) -> CaseLink:
    first, second = (case, other) if is_first else (other, case)
    _check(kind, first.id, second.id)
    row = CaseLink(
        case_id=first.id, other_id=second.id, kind=kind, made_at=utcnow(), made_by=events.current_actor().name
    )
    session().add(row)
    session().flush()
    _record("case_linked", kind, first, second)
    return row


def _check(kind: LinkKind, first: int, second: int) -> None:
    if any({row.case_id, row.other_id} == {first, second} and row.kind is kind for row in _rows(first)):
        raise Conflict("linked_already", "These cases are linked like that already.")
    if len(_rows(first)) >= MAX_LINKS or len(_rows(second)) >= MAX_LINKS:
        raise Conflict("too_many_links", f"A case has at most {MAX_LINKS} links.")
    if kind is LinkKind.PARENT:
        if _parent(second) is not None:
            raise Conflict("has_a_parent", "That case has a parent already. Remove that link first.")
        _check_no_circle(first, second)
    if kind is LinkKind.DUPLICATE and any(row.case_id == first and row.kind is kind for row in _rows(first)):
        raise Conflict("is_a_duplicate", "This case is a duplicate of another one already.")


def _check_no_circle(parent: int, child: int) -> None:
    above: int | None = parent
    for _step in range(MAX_DEPTH):
        above = _parent(above) if above is not None else None
        if above == child:
            raise Conflict("link_circle", "A case cannot be a child of its own child.")
        if above is None:
            return
    raise Conflict("link_circle", f"Cases stand at most {MAX_DEPTH} deep under each other.")


def _parent(case_id: int) -> int | None:
    wanted = select(CaseLink.case_id).where(CaseLink.other_id == case_id, CaseLink.kind == LinkKind.PARENT)
    return session().scalar(wanted.limit(1))


def _rows(case_id: int) -> list[CaseLink]:
    either = (CaseLink.case_id == case_id) | (CaseLink.other_id == case_id)
    return list(session().scalars(select(CaseLink).where(either)))


def get(case_id: int, link_id: int) -> CaseLink:
    """Return a link of a case; raises NotFound."""
    row = session().get(CaseLink, link_id)
    if row is None or case_id not in (row.case_id, row.other_id):
        raise NotFound("link_unknown", "There is no such link.")
    return row


def unlink(case: Case, link_id: int) -> None:
    """Remove a link of a locked case. Records `case_unlinked` on both chains. Raises NotFound."""
    cases.check_standing(case)
    row = get(case.id, link_id)
    first, second = (session().get_one(Case, each) for each in (row.case_id, row.other_id))
    kind = row.kind
    session().delete(row)
    session().flush()
    _record("case_unlinked", kind, first, second)


def _record(event: str, kind: LinkKind, first: Case, second: Case) -> None:
    for case, other, is_first in ((first, second, True), (second, first, False)):
        events.record(event, chain=cases.chain_of(case.id), other=other.number, role=_READ[kind, is_first])
        cases.announce(case, change="links")


def read_role(kind: str, *, is_first: bool) -> str:
    """Return how a link reads from the case that it is shown on."""
    return _READ[LinkKind(kind), is_first]
