"""Changes of a contact as far as cases are concerned: their open cases show the new name, and screens that show the card are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.cases import queries as case_queries
from app.cases import service as cases
from app.contacts import keeping, merging, queries

MAX_CASES = 100


def change(contact_id: int, values: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Change a contact; its open cases take its new name. Records `contact_changed`, `case_changed`. Raises as `keeping.change`."""
    changes = keeping.change(contact_id, values, version=version)
    renamed = changes.get("name")
    for case_id in _open_cases([contact_id]) if changes else ():
        case = cases.lock(case_id)
        if renamed and case.contact_name == renamed["from"]:
            cases.change(case, {"contact_name": renamed["to"]})
        else:
            cases.announce(case, change="customer")
    return changes


def tell(contact_id: int) -> None:
    """Tell open screens of the person's cases that the card has changed."""
    for case_id in _open_cases(queries.person(contact_id).ids):
        cases.announce(case_queries.get(case_id), change="customer")


def merge(kept_id: int, other_id: int, *, why: str = "") -> int:
    """Merge two people and tell open screens. Raises as `merging.merge`."""
    kept = merging.merge(kept_id, other_id, why=why)
    tell(kept)
    return kept


def unmerge(contact_id: int) -> int:
    """Take a merge back and tell open screens. Raises as `merging.unmerge`."""
    kept = merging.unmerge(contact_id)
    tell(kept)
    tell(contact_id)
    return kept


def _open_cases(contact_ids: list[int]) -> list[int]:
    return sorted(case_queries.open_of_contacts(contact_ids, limit=MAX_CASES))
