"""Which cases a user has open, on whatever machine they sit."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, bindparam, select

from app.cases.models import Case, OpenTab
from app.cases.queries import Prepared, prepared
from app.clock import utcnow
from app.db import run

MOST = 12
# The one not looked at for longest makes room.
_OPEN = """with opened as (
  insert into open_tabs (user_id, case_id, opened_at, seen_at) values (%(user)s, %(case)s, %(now)s, %(now)s)
  on conflict (user_id, case_id) do update set seen_at = excluded.seen_at)
 delete from open_tabs where user_id = %(user)s and case_id in (
  select case_id from open_tabs where user_id = %(user)s and case_id <> %(case)s
  order by seen_at desc, case_id desc offset %(others)s)"""
_SEEN = "update open_tabs set seen_at = %(now)s where user_id = %(user)s and case_id = %(case)s"
_CLOSE = "delete from open_tabs where user_id = %(user)s and case_id = %(case)s"


def open_tab(user_id: int, case_id: int) -> None:
    """Open a case for a user, or note that they look at it again. Beyond `MOST` the one seen longest ago is closed."""
    run(_OPEN, {"user": user_id, "case": case_id, "now": utcnow(), "others": MOST - 1})


def see(user_id: int, case_id: int) -> None:
    """Note that a user has seen what is new on a case, if they have it open."""
    run(_SEEN, {"user": user_id, "case": case_id, "now": utcnow()})


def close(user_id: int, case_id: int) -> None:
    """Close a case's tab; nothing happens to the case."""
    run(_CLOSE, {"user": user_id, "case": case_id})


def listing(visible: Sequence[ColumnElement[bool]]) -> Prepared:
    """Return the open tabs of a user (open: `user`) among the cases they may see, in the order in which they were opened."""
    columns = (
        Case.id,
        Case.number,
        Case.subject,
        Case.contact_name,
        Case.channel,
        Case.touched_at > OpenTab.seen_at,
        OpenTab.seen_at,
    )
    query = select(*columns[:5], columns[5].label("has_news"), columns[6]).join(OpenTab, OpenTab.case_id == Case.id)
    return prepared(
        query.where(OpenTab.user_id == bindparam("user", None), *visible).order_by(OpenTab.opened_at, Case.id)
    )
