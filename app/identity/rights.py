"""The single rights there are, which of them each built-in role has, and what a right needs beside it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from app.identity.models import Role


class Right(StrEnum):
    """One thing that somebody may do. The list is closed: what a role may do is a set of these."""

    CASES_ALL = "cases_all"
    CASES_NEW = "cases_new"
    CASES_WORK = "cases_work"
    CASES_REPLY = "cases_reply"
    CASES_LEAD = "cases_lead"
    CASES_MERGE = "cases_merge"
    CASES_BULK = "cases_bulk"
    CASES_PROOF = "cases_proof"
    TIME_ALL = "time_all"
    CONTACTS_SEE = "contacts_see"
    CONTACTS_EDIT = "contacts_edit"
    CONTACTS_MERGE = "contacts_merge"
    CANNED_ALL = "canned_all"
    MACROS_ALL = "macros_all"
    VIEWS_ALL = "views_all"
    SETTINGS_SEE = "settings_see"
    CALENDARS = "calendars"
    QUEUES = "queues"
    SERVICE_LEVELS = "service_levels"
    FIELDS = "fields"
    CHECKLISTS = "checklists"
    CHANNELS = "channels"
    FAULTS = "faults"
    PROCESSES_SEE = "processes_see"
    PROCESSES_UPLOAD = "processes_upload"
    PROCESSES_PUBLISH = "processes_publish"
    ABSENCES = "absences"
    PEOPLE = "people"
    TEAMS = "teams"
    ROLES = "roles"
    TOKENS = "tokens"


_R = Right
# As the page shows them; every right stands in exactly one group.
GROUPS: Final[dict[str, tuple[Right, ...]]] = {
    "cases": (
        _R.CASES_ALL, _R.CASES_NEW, _R.CASES_WORK, _R.CASES_REPLY, _R.CASES_LEAD, _R.CASES_MERGE, _R.CASES_BULK,
        _R.CASES_PROOF, _R.TIME_ALL,
    ),
    "contacts": (_R.CONTACTS_SEE, _R.CONTACTS_EDIT, _R.CONTACTS_MERGE),
    "shared": (_R.CANNED_ALL, _R.MACROS_ALL, _R.VIEWS_ALL),
    "settings": (
        _R.SETTINGS_SEE, _R.CALENDARS, _R.QUEUES, _R.SERVICE_LEVELS, _R.FIELDS, _R.CHECKLISTS, _R.CHANNELS, _R.FAULTS,
    ),
    "processes": (_R.PROCESSES_SEE, _R.PROCESSES_UPLOAD, _R.PROCESSES_PUBLISH),
    "people": (_R.ABSENCES, _R.PEOPLE, _R.TEAMS, _R.ROLES, _R.TOKENS),
}  # fmt: skip

# A right that is of no use without another brings that with it.
NEEDS: Final[dict[Right, Right]] = {
    _R.CASES_ALL: _R.CASES_NEW, _R.CASES_REPLY: _R.CASES_WORK, _R.CASES_LEAD: _R.CASES_WORK,
    _R.CASES_MERGE: _R.CASES_WORK, _R.CASES_BULK: _R.CASES_WORK, _R.TIME_ALL: _R.CASES_WORK,
    _R.CONTACTS_EDIT: _R.CONTACTS_SEE, _R.CONTACTS_MERGE: _R.CONTACTS_EDIT, _R.CANNED_ALL: _R.CASES_WORK,
    _R.MACROS_ALL: _R.CASES_WORK, _R.CALENDARS: _R.SETTINGS_SEE, _R.QUEUES: _R.SETTINGS_SEE,
    _R.SERVICE_LEVELS: _R.SETTINGS_SEE, _R.FIELDS: _R.SETTINGS_SEE, _R.CHECKLISTS: _R.SETTINGS_SEE,
    _R.PROCESSES_UPLOAD: _R.PROCESSES_SEE, _R.PROCESSES_PUBLISH: _R.PROCESSES_SEE,
}  # fmt: skip

_AGENT = frozenset({
    _R.CASES_NEW, _R.CASES_WORK, _R.CASES_REPLY, _R.CASES_MERGE, _R.CASES_BULK, _R.CASES_PROOF, *GROUPS["contacts"],
    _R.TOKENS,
})  # fmt: skip
BUILT_IN: Final[dict[Role, frozenset[Right]]] = {
    Role.AGENT: _AGENT,
    Role.MANAGER: _AGENT | {
        *GROUPS["cases"], *GROUPS["shared"], _R.SETTINGS_SEE, _R.FAULTS, _R.PROCESSES_SEE, _R.ABSENCES,
    },
    Role.DESIGNER: frozenset({*GROUPS["processes"], _R.FAULTS, _R.CASES_PROOF, _R.TOKENS}),
    Role.ADMIN: frozenset(Right),
}  # fmt: skip


def known(keys: Iterable[str]) -> frozenset[Right]:
    """Return the rights among these keys; one that is no longer there gives nothing."""
    there = {str(right): right for right in Right}
    return frozenset(there[key] for key in keys if key in there)


def with_needed(wanted: Iterable[Right]) -> frozenset[Right]:
    """Return these rights and all that they need."""
    found: set[Right] = set()
    for right in wanted:
        each: Right | None = right
        while each is not None and each not in found:
            found.add(each)
            each = NEEDS.get(each)
    return frozenset(found)
