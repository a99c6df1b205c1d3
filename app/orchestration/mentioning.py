"""Who is mentioned in a note hears of it, if they may see the case, and watches the case from then on."""

from __future__ import annotations

from collections.abc import Sequence

from app.cases import watching
from app.cases.models import Case
from app.db import frame
from app.errors import NotFound
from app.identity import mentions, policy
from app.identity import queries as people
from app.identity import service as identity
from app.messaging import outbox
from app.workorders import queries as workorders
from app.workorders.models import WorkOrder

KIND = "mentioned"
HEARD = "mentioned in this unit of work"


def tell(case: Case, message_id: int, *, text: str, user_id: int, author: str) -> None:
    """Tell whom a note on a locked case mentions: people also begin to watch it, teams are told member by member. It is found by `mentions:` from then on.

    The writer is told of those who may not see the case. Records `case_watched` for each who did not watch it before.
    """
    named, teams = mentions.mentioned(text)
    if not named and not teams:
        return
    orders = [order for order in workorders.of_case(case.id) if order.ended_at is None]
    ids = [user.id for user in named if user.id != user_id]
    allowed = [each for each in ids if _may_see(each, case, orders)]
    for each in allowed:
        watching.watch(case, each)
    members = {member.id for team in teams for member in people.members(team.id)} - {user_id, *ids}
    of_teams = sorted(each for each in members if _may_see(each, case, orders))
    outbox.note_mentions(message_id, (*allowed, *of_teams))
    frame().info.setdefault(HEARD, set()).update((case.id, each) for each in (*allowed, *of_teams))
    _notify(case, allowed, f"{author} mentions you")
    _notify(case, of_teams, f"{author} mentions your team")
    if strangers := [user.name for user in named if user.id in set(ids) - set(allowed)]:
        words = f"not told, for they may not see the case · {', '.join(strangers)}"
        identity.notify([user_id], kind="other", text=f"{case.number}: {words}", link=f"/cases/{case.number}")


def has_heard(case_id: int, user_id: int) -> bool:
    """Whether a note that is being written mentions this user, so that they need not be told again that there is one."""
    return (case_id, user_id) in frame().info.get(HEARD, ())


def _notify(case: Case, users: Sequence[int], words: str) -> None:
    if users:
        text = f"{case.number}: {words} · {case.subject}"
        identity.notify(list(users), kind=KIND, text=text, link=f"/cases/{case.number}")


def _may_see(user_id: int, case: Case, orders: Sequence[WorkOrder]) -> bool:
    try:
        viewer = people.viewer(user_id)
    except NotFound:  # deactivated meanwhile
        return False
    return policy.may_see_case(viewer, case, orders=orders)
