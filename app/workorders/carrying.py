"""Work orders that go along when their case is merged into another, and come back when it is taken out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.db import outdate, run
from app.workorders.models import WorkOrder

_BRING = """update work_orders set home_id = coalesce(home_id, case_id), case_id = %(to)s, version = version + 1
 where case_id = %(case)s returning id, number"""
_TAKE_BACK = """update work_orders set case_id = %(case)s, home_id = nullif(home_id, %(case)s), version = version + 1
 where case_id = %(origin)s and home_id = any(%(family)s) returning id, number"""

_BELONGING = """select count(*) as total from work_orders
 where case_id = %(origin)s and home_id = any(%(family)s)"""


def bring(case_id: int, *, to: int) -> dict[int, str]:
    """Put all work orders of a case under another one; returns their numbers by id. Their loops go on there."""
    return _outdated(run(_BRING, {"case": case_id, "to": to}).fetchall())


def take_back(case_id: int, *, origin: int, family: Sequence[int]) -> dict[int, str]:
    """Put the work orders that belong to a case, or to those merged into it (`family`), back under it."""
    return _outdated(run(_TAKE_BACK, {"case": case_id, "origin": origin, "family": list(family)}).fetchall())


def belonging(*, origin: int, family: Sequence[int]) -> int:
    """Return how many work orders that stand under a case belong to merged ones."""
    return int(run(_BELONGING, {"origin": origin, "family": list(family)}).fetchone().total)


def _outdated(rows: Sequence[Any]) -> dict[int, str]:
    found: dict[int, str] = {row.id: row.number for row in rows}
    for order_id in found:
        outdate(WorkOrder, order_id)
    return dict(sorted(found.items()))
