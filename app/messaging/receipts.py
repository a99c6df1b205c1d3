"""What vendors tell later of what we sent: late, twice, out of order, or before we know the id that they gave it.

All news of an id stands in one row, which ties it to the delivery once that is known: whichever side comes second sees the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app import events, realtime
from app.clock import iso, utcnow
from app.db import json, run, session
from app.messaging.models import Delivery, DeliveryState
from channels.outcomes import DeliveryState as Heard
from channels.port import DeliveryUpdate

_TIE = """insert into delivery_receipts (account_id, provider_id, delivery_id, news, heard_at)
 select %(account)s, id, %(delivery)s, '[]'::jsonb, %(now)s from unnest(%(ids)s::text[]) id
 on conflict (account_id, provider_id) do update set delivery_id = excluded.delivery_id
 returning news <> '[]'::jsonb as is_told"""
_FIND = "select delivery_id from delivery_receipts where account_id = %(account)s and provider_id = %(id)s"
_HEAR = """insert into delivery_receipts as r (account_id, provider_id, delivery_id, news, heard_at)
 values (%(account)s, %(id)s, null, %(news)s, %(now)s)
 on conflict (account_id, provider_id) do update set heard_at = excluded.heard_at,
  news = case when r.news @> excluded.news then r.news else r.news || excluded.news end
 returning delivery_id"""
_NEWS = "select provider_id, news from delivery_receipts where delivery_id = %(delivery)s order by provider_id"
#: What outweighs what when a vendor says several things of one id: what arrived has arrived, whatever comes after.
_WEIGHT = {Heard.DELIVERED: 3, Heard.READ: 4, Heard.FAILED: 2, Heard.DEFERRED: 1}
_OVER = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.IN_DOUBT)


def ids_of(provider_id: str) -> list[str]:
    """Return the ids in a receipt: a long message may have one for each of its parts, with commas between."""
    return [part for part in dict.fromkeys(provider_id.split(",")) if part]


def tie(account_id: int, provider_id: str, delivery_id: int) -> None:
    """Remember whose ids these are; news that came before is heard now."""
    values = {"account": account_id, "delivery": delivery_id, "ids": ids_of(provider_id), "now": utcnow()}
    if any(row.is_told for row in run(_TIE, values).fetchall()):
        _apply(delivery_id)


def hear(account_id: int, update: DeliveryUpdate) -> str:
    """Keep the news of an id, and change its delivery if that is known; returns what was done, for the envelope."""
    key = {"account": account_id, "id": update.provider_id}
    known = run(_FIND, key).fetchone()
    if known is not None and known.delivery_id is not None:  # always the delivery first, then its receipts: no deadlock
        run("select 1 from deliveries where id = %(id)s for update", {"id": known.delivery_id})
    found = run(_HEAR, {**key, "news": json([_news(update)]), "now": utcnow()}).fetchone()
    if found.delivery_id is None:
        return f"status {update.state}: kept until the message with this id is known"
    case_id = _apply(found.delivery_id)
    return f"status {update.state} of a message in case {case_id}"


def _news(update: DeliveryUpdate) -> dict[str, Any]:
    return {"state": str(update.state), "reason": str(update.reason), "detail": update.detail[:500]}


def _apply(delivery_id: int) -> int:
    row = session().get_one(Delivery, delivery_id, with_for_update=True, populate_existing=True)
    best = [_best(each.news) for each in run(_NEWS, {"delivery": delivery_id})]
    failed = next((news for news in best if news["state"] == Heard.FAILED), None)
    if row.state in _OVER and failed is not None:
        _fail(row, failed)
    elif (
        row.state in _OVER
        and best
        and all(_WEIGHT.get(Heard(news["state"]), 0) >= _WEIGHT[Heard.DELIVERED] for news in best)
    ):
        _arrived(row)
    elif row.state is DeliveryState.SENT and (late := next((n for n in best if n["state"] == Heard.DEFERRED), None)):
        row.detail = late["detail"] or row.detail
    session().flush()
    realtime.publish("delivery", case=row.case_id)
    return row.case_id


def _best(news: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    return max(news, key=lambda each: _WEIGHT.get(Heard(each["state"]), 0), default={"state": str(Heard.UNKNOWN)})


def _arrived(row: Delivery) -> None:
    if row.state is not DeliveryState.DELIVERED:
        row.state, row.reason, row.detail = DeliveryState.DELIVERED, "", ""
        row.outcomes = {
            address: {**said, "state": "sent", "reason": "", "detail": "", "at": iso(utcnow())} for address, said in row.outcomes.items()
        }  # fmt: skip


def _fail(row: Delivery, news: Mapping[str, str]) -> None:
    """The vendor took it and could not bring it: put on record, and so told to the process, once."""
    if row.state is DeliveryState.FAILED:
        return
    row.state, row.reason, row.detail = DeliveryState.FAILED, news["reason"], news["detail"]
    row.outcomes = {
        address: {**said, "state": "failed", "reason": news["reason"], "detail": news["detail"]} for address, said in row.outcomes.items()
    }  # fmt: skip
    events.record(
        "delivery_failed", chain=f"case:{row.case_id}", message=row.message_id, recipients=list(row.outcomes),
        reason=news["reason"], detail=news["detail"],
    )  # fmt: skip
