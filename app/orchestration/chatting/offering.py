"""Waiting chats find somebody: offered by skill, room and longest idle, to one at a time, again when they are missed or declined."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app import events, schedule
from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.db import lock, new_id, run
from app.errors import Conflict, NotFound
from app.identity import service as identity
from app.messaging import accounts
from app.messaging.chats import visitors
from app.messaging.chats.models import Chat, ChatState
from app.orchestration.chatting import news, seats
from app.orchestration.chatting.seats import ROUTE, route_soon
from app.routing import service as routing

JOB = "chat_offer"
#: So long an offer waits; handed over by a colleague, twice as long.
OFFER = timedelta(seconds=30)
#: Whoever has declined a chat is not asked again at once.
PAUSE = timedelta(seconds=20)
AT_ONCE = 200
_WAITING = """select c.id, c.account_id, k.team_id from chats c join cases k on k.id = c.case_id
 where c.waiting_since is not null and c.state = 'open' and not exists (
  select 1 from chat_offers o where o.chat_id = c.id and o.outcome = '')
 order by c.waiting_since, c.id limit %(limit)s"""
# Room is what one takes at a time less what one has and is being offered.
_NEXT = """select a.user_id from chat_agents a join users u on u.id = a.user_id and u.is_active
  join team_members m on m.user_id = a.user_id and m.team_id = %(team)s
 where a.is_available
  and (%(skill)s = '' or exists (select 1 from user_skills us join skills s on s.id = us.skill_id
        where us.user_id = a.user_id and s.key = %(skill)s))
  and a.capacity > (select count(*) from chat_seats s where s.user_id = a.user_id and s.left_at is null)
    + (select count(*) from chat_offers o where o.user_id = a.user_id and o.outcome = '')
  and not exists (select 1 from chat_offers o where o.chat_id = %(chat)s and o.user_id = a.user_id and o.ended_at > %(since)s)
 order by (select count(*) from chat_offers o where o.chat_id = %(chat)s and o.user_id = a.user_id), a.idle_since, a.user_id
 limit 1"""
_OFFER = """insert into chat_offers (id, chat_id, user_id, from_user_id, offered_at, expires_at, outcome)
 values (%(id)s, %(chat)s, %(user)s, %(from)s, %(now)s, %(until)s, '')"""
_NAMED = "select k.number, c.name from chats c join cases k on k.id = c.case_id where c.id = %(chat)s"
_GET = "select id, chat_id, user_id, from_user_id, expires_at, outcome from chat_offers where id = %(id)s for update"
_END = (
    "update chat_offers set outcome = %(outcome)s, ended_at = %(now)s where id = %(id)s and outcome = '' returning id"
)
_LISTED = """select c.id, c.waiting_since, k.number, (select u.name from chat_offers o join users u on u.id = o.user_id
   where o.chat_id = c.id and o.outcome = '') as offered_to
 from chats c join cases k on k.id = c.case_id where c.waiting_since is not null and c.state = 'open'
 order by c.waiting_since, c.id limit %(limit)s"""
_MINE = """select o.id, o.chat_id, o.expires_at, c.topic, c.name, k.number, k.subject, k.preview, u.name as from_name
 from chat_offers o join chats c on c.id = o.chat_id join cases k on k.id = c.case_id left join users u on u.id = o.from_user_id
 where o.user_id = %(user)s and o.outcome = '' order by o.id"""


def route() -> int:
    """Offer every waiting chat to whoever should have it; returns how many were offered. One process at a time does this."""
    lock(ROUTE)
    offered = left = 0
    for row in run(_WAITING, {"limit": AT_ONCE}).fetchall():
        user_id = _next_for(row)
        if user_id is None:
            left += 1
        else:
            _offer(row.id, user_id, within=OFFER)
            offered += 1
    if left:  # somebody who has declined may be asked again; all else that can change asks by itself
        schedule.set_timer(ROUTE, utcnow() + PAUSE, job=ROUTE, ref=0)
    else:
        schedule.cancel_timer(ROUTE)
    return offered


def _next_for(row: Any) -> int | None:
    skill = str(accounts.get(row.account_id).config.get("skill") or "")
    values = {"team": row.team_id, "skill": skill, "chat": row.id, "since": utcnow() - PAUSE}
    found = run(_NEXT, values).fetchone()
    return found.user_id if found else None


def _offer(chat_id: int, user_id: int, *, within: timedelta, from_user_id: int | None = None) -> None:
    until, offer_id = utcnow() + within, new_id("chat_offers")
    run(_OFFER, {
        "id": offer_id, "chat": chat_id, "user": user_id, "from": from_user_id, "now": utcnow(), "until": until,
    })  # fmt: skip
    schedule.set_timer(alarm(offer_id), until, job=JOB, ref=offer_id)
    news.tell_user(user_id, offer=offer_id)
    chat = run(_NAMED, {"chat": chat_id}).fetchone()
    text = f"{chat.number}: a chat is offered to you" + (f" · {chat.name}" if chat.name else "")
    identity.notify([user_id], kind="chat_offer", text=text, link="/chats")


def alarm(offer_id: int) -> str:
    """Return the key of an offer's timer."""
    return f"chat-offer:{offer_id}"


def offers_of(user_id: int) -> list[Any]:
    """Return what is offered to somebody now."""
    return list(run(_MINE, {"user": user_id}))


def waiting() -> list[Any]:
    """Return the chats that wait, the oldest first, with whom they are offered to."""
    return list(run(_LISTED, {"limit": AT_ONCE}))


def take(offer_id: int, user_id: int) -> Case:
    """Take an offered chat: its case is this user's. Raises NotFound, Conflict when it is no longer offered to them."""
    offer = _held(offer_id, user_id)
    chat = visitors.get(offer.chat_id)
    if not _end(offer, "taken") or chat.state is not ChatState.OPEN or chat.case_id is None:
        raise Conflict("offer_gone", "This chat is not offered to you any more.")
    case = cases.lock(chat.case_id)
    cases.assign(case, user_id)
    if offer.from_user_id is not None:
        _record(case, to=user_id)
    return case


def decline(offer_id: int, user_id: int) -> None:
    """Decline an offered chat: it goes to the next. Raises NotFound."""
    offer = _held(offer_id, user_id)
    if _end(offer, "declined"):
        _not_taken(offer)


def expire(offer_id: int) -> None:
    """An offer that nobody answered: the chat goes to the next, with its age; who missed it takes none until they say so."""
    offer = run(_GET, {"id": offer_id}).fetchone()
    if offer is None or offer.outcome or not _end(offer, "missed"):
        schedule.cancel_timer(alarm(offer_id))
        return
    if offer.from_user_id is None:
        seats.make_available(offer.user_id, is_available=False)
    _not_taken(offer)


def _held(offer_id: int, user_id: int) -> Any:
    offer = run(_GET, {"id": offer_id}).fetchone()
    if offer is None or offer.user_id != user_id:
        raise NotFound("offer_unknown", "There is no such offer, or it is not for you.")
    return offer


def _end(offer: Any, outcome: str) -> bool:
    done = run(_END, {"id": offer.id, "outcome": outcome, "now": utcnow()}).fetchone() is not None
    schedule.cancel_timer(alarm(offer.id))
    news.tell_user(offer.user_id)
    return done


def _not_taken(offer: Any) -> None:
    if offer.from_user_id is None:
        route_soon()
        return
    number = cases.lock(visitors.get(offer.chat_id).case_id or 0).number
    text = f"{number}: your colleague has not taken the chat over. It is still yours"
    identity.notify([offer.from_user_id], kind="reply_right", text=text, link=f"/cases/{number}")


def hand_to(chat: Chat, *, user_id: int, by: int) -> None:
    """Offer somebody's chat to a colleague; it stays whose it is until they take it. Raises Conflict while it is offered already."""
    visitors.check_open(chat)
    if run("select 1 from chat_offers where chat_id = %(chat)s and outcome = ''", {"chat": chat.id}).fetchone():
        raise Conflict("offered_already", "This chat is being offered to somebody. Wait until they have answered.")
    _offer(chat.id, user_id, within=OFFER * 2, from_user_id=by)
    news.tell_agents(chat, changed=True)


def hand_to_queue(chat: Chat, queue_key: str) -> None:
    """Give a chat to the team that serves a queue: it waits there, and is offered to whoever has room. Raises Conflict."""
    visitors.check_open(chat)
    if chat.case_id is None:
        raise Conflict("nothing_said", "Nothing was said in this chat.")
    case, queue = cases.lock(chat.case_id), routing.queue(queue_key)
    cases.change(case, {"queue_key": queue.key, "team_id": queue.team_id})
    if case.assignee_id is not None:
        cases.assign(case, None)
    else:
        seats.wait(chat)
    _record(case, to=None, queue=queue.key)


def _record(case: Case, **facts: Any) -> None:
    events.record("chat_handed_over", chain=cases.chain_of(case.id), **facts)
