"""What somebody may do in bulk is what they may do singly: asked anew for each case, when its turn comes."""

from __future__ import annotations

from app.cases.models import Case
from app.errors import Forbidden, NotFound
from app.identity import policy
from app.identity.policy import Viewer
from app.workorders import queries as workorders


def may_see(viewer: Viewer, case: Case) -> bool:
    """Tell whether a viewer may know of this case, also by work that they hold under it."""
    if policy.may_see_case(viewer, case):
        return True
    return any(order.ended_at is None and policy.holds(viewer, order) for order in workorders.of_case(case.id))


def check(viewer: Viewer, case: Case) -> None:
    """Raise NotFound for a case that the viewer may not know of, Forbidden when they may only look."""
    if not may_see(viewer, case):
        raise NotFound("case_unknown", "There is no such case, or it is not for you.")
    if not policy.may_work_on_cases(viewer):
        raise Forbidden("read_only", "Your role may look at cases, not work on them.")
