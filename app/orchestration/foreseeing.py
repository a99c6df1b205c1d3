"""What a merge or its undoing will do, told before anybody does it. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.cases import around
from app.cases.models import Case
from app.contacts import queries as contacts
from app.db import session
from app.errors import Conflict, Invalid
from app.identity import queries as people
from app.messaging import carrying as messages
from app.orchestration import merging
from app.orchestration.queries import Driving, overview
from app.workorders import carrying as orders


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What merging `case` into `into` will do; with `refusal` it cannot be done, and why."""

    case: Case
    into: Case
    refusal: str
    received: int
    written: int
    notes: int
    orders: tuple[Any, ...]
    tags: tuple[str, ...]
    watchers: tuple[str, ...]
    drafts: int
    process: Driving | None
    tasks: tuple[Any, ...]
    told: tuple[str, ...]

    @property
    def same_customer(self) -> bool:
        """Whether both cases are of one customer, or of contacts who are one person."""
        one, other = self.case.contact_id, self.into.contact_id
        return one == other or (one is not None and other in contacts.person(one).ids)


def merge(case: Case, into: Case) -> MergePreview:
    """Tell what merging a case into another will do."""
    view = overview(case.id)
    here, there = around.of_case(case.id), around.of_case(into.id)
    received, written, notes = messages.counts(case.id)
    process = next((driving for driving in view.drivings if driving.work_order is None), None)
    watchers = {str(w["name"]) for w in here.watchers if w["id"] not in there.watching}
    names = people.user_names([*merging.told(case, into), *(w["id"] for w in (*here.watchers, *there.watchers))])
    return MergePreview(
        case, into, _why_not(lambda: merging.check(case, into)), received, written, notes, tuple(view.orders),
        tuple(tag for tag in here.tags if tag not in there.tags), tuple(sorted(watchers)), messages.draft_count(case.id),
        process, tuple(task for task in view.tasks if view.work_order_of(task.instance_id) is None),
        tuple(sorted(names.values())),
    )  # fmt: skip


def _why_not(check: Callable[[], None]) -> str:
    try:
        check()
    except (Conflict, Invalid) as error:
        return error.message
    return ""


@dataclass(frozen=True, slots=True)
class UnmergePreview:
    """What taking `case` out of `into` will do; with `refusal` it cannot be done now, and why."""

    case: Case
    into: Case
    refusal: str
    since: datetime
    by: str
    messages: int
    meanwhile: int
    orders: int


def unmerge(case: Case) -> UnmergePreview:
    """Tell what taking a merged case out again will do. Raises NotFound when it is not merged."""
    row = merging.standing(case.id)
    into = session().get_one(Case, row.into_id)
    family = merging.family_of(case.id)
    total, meanwhile = messages.belonging(origin=into.id, family=family, since=row.merged_at)
    return UnmergePreview(
        case, into, _why_not(lambda: merging.check_apart(into)), row.merged_at, row.merged_by, total, meanwhile,
        orders.belonging(origin=into.id, family=family),
    )  # fmt: skip
