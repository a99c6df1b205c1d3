"""Who is in which chat, who is available for more, and how the visitor's wait begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from app import doorbell, schedule
from app.cases import service as cases
from app.clock import utcnow
from app.db import run, session
from app.errors import Conflict, Invalid
from app.events import Event
from app.messaging.chats import visitors
from app.messaging.chats.models import Chat, ChatState
from app.orchestration.chatting import news
from app.orchestration.chatting.models import ChatAgent

ROUTE = "chat_route"
CAPACITY = range(1, 21)
_SIT = """insert into chat_seats (chat_id, user_id, joined_at) values (%(chat)s, %(user)s, %(now)s)
 on conflict (chat_id, user_id) do update set left_at = null"""
_LEAVE = """update chat_seats set left_at = %(now)s where chat_id = %(chat)s and left_at is null
 and (%(user)s::bigint is null or user_id = %(user)s) returning user_id"""
_IDLE = "update chat_agents set idle_since = %(now)s where user_id = any(%(users)s)"
_WITHDRAW = """update chat_offers set outcome = 'withdrawn', ended_at = %(now)s where chat_id = %(chat)s and outcome = ''
 returning user_id"""
_TAKEN = "update chats set waiting_since = null, taken_at = coalesce(taken_at, %(now)s) where id = %(chat)s"
_WAIT = "update chats set waiting_since = coalesce(waiting_since, %(now)s) where id = %(chat)s"
_IN = """select u.id, u.name, s.joined_at from chat_seats s join users u on u.id = s.user_id
 where s.chat_id = %(chat)s and s.left_at is null order by s.joined_at, u.id"""
_ROOMS = """select * from (select u.id, u.name, coalesce(a.is_available, false) as is_available, coalesce(a.capacity, 3) as capacity,
   (select count(*) from chat_seats s where s.user_id = u.id and s.left_at is null) as held
  from users u left join chat_agents a on a.user_id = u.id where u.id = any(%(users)s)) found
 order by is_available desc, held >= capacity, held, name limit 50"""
_MINE = """select a.is_available, a.capacity, (select count(*) from chat_seats s where s.user_id = %(user)s and s.left_at is null) as held
 from (select 1) one left join chat_agents a on a.user_id = %(user)s"""


def route_soon() -> None:
    """Have waiting chats offered, after this transaction has committed. The timer is the promise, the ring only hurries."""
    schedule.set_timer(ROUTE, utcnow(), job=ROUTE, ref=0)
    doorbell.ring(ROUTE, 0)


def make_available(user_id: int, *, is_available: bool, capacity: int | None = None) -> None:
    """Say whether a colleague takes chats, and how many at a time. Raises Invalid."""
    if capacity is not None and capacity not in CAPACITY:
        raise Invalid("bad_capacity", "Choose 1 to 20 chats at a time.", fields={"capacity": "1 to 20"})
    values: dict[str, Any] = {"is_available": is_available, **({"capacity": capacity} if capacity else {})}
    row = insert(ChatAgent).values(user_id=user_id, idle_since=utcnow(), **values)
    session().execute(row.on_conflict_do_update(index_elements=[ChatAgent.user_id], set_=values))
    news.tell_user(user_id)
    if is_available:
        route_soon()


def standing(user_id: int) -> Any:
    """Return whether somebody is available for chats (None: never said), for how many, and how many they have."""
    return run(_MINE, {"user": user_id}).fetchone()


def colleagues(user_ids: Sequence[int]) -> list[Any]:
    """Return these colleagues with their room for chats, those who have some first; at most 50."""
    return list(run(_ROOMS, {"users": list(user_ids)}))


def people_in(chat_id: int) -> list[Any]:
    """Return who of the desk is in a chat, in the order in which they came."""
    return list(run(_IN, {"chat": chat_id}))


def is_in(chat: Chat, user_id: int) -> bool:
    """Tell whether somebody is in a chat."""
    return any(person.id == user_id for person in people_in(chat.id))


def join(chat: Chat, user_id: int) -> None:
    """Let a further colleague into a chat that somebody has: they speak with the visitor too. Raises Conflict when it is over."""
    visitors.check_open(chat)
    run(_SIT, {"chat": chat.id, "user": user_id, "now": utcnow()})
    news.tell_agents(chat, changed=True)


def leave(chat: Chat, user_id: int) -> None:
    """Leave a chat; its case stays whose it is. Raises Conflict for whoever has the case: that one hands it over."""
    case = cases.lock(chat.case_id) if chat.case_id is not None else None
    if case is not None and case.assignee_id == user_id:
        raise Conflict("your_chat", "This chat is yours: hand it over, or end it.")
    _stand_up(chat, user_id)
    news.tell_agents(chat, changed=True)


def _stand_up(chat: Chat, user_id: int | None = None) -> None:
    gone = [row.user_id for row in run(_LEAVE, {"chat": chat.id, "user": user_id, "now": utcnow()})]
    if gone:
        run(_IDLE, {"users": gone, "now": utcnow()})
        route_soon()


def wait(chat: Chat) -> None:
    """Let a chat wait for somebody, since now unless it waits already."""
    run(_WAIT, {"chat": chat.id, "now": utcnow()})
    route_soon()


def close(chat: Chat) -> None:
    """Nobody is in a chat any more that is over, and nobody is offered it."""
    withdraw(chat)
    _stand_up(chat)
    run("update chats set waiting_since = null where id = %(chat)s", {"chat": chat.id})


def withdraw(chat: Chat) -> None:
    """Take back what was offered of a chat."""
    for row in run(_WITHDRAW, {"chat": chat.id, "now": utcnow()}).fetchall():
        news.tell_user(row.user_id)


def follow_case(event: Event) -> None:
    """Whoever gets the case of a chat is in it, however they got it; whoever had it has left. Given back, it waits again."""
    change = event.data["changes"].get("assignee_id")
    case_id = int(event.chain.partition(":")[2])
    if change is None or cases.lock(case_id).channel != "chat":
        return
    for chat in visitors.of_case(case_id):
        if chat.state is not ChatState.OPEN:
            continue
        withdraw(chat)
        if change["from"] is not None:
            _stand_up(chat, change["from"])
        if change["to"] is None:
            wait(chat)
        else:
            run(_SIT, {"chat": chat.id, "user": change["to"], "now": utcnow()})
            run(_TAKEN, {"chat": chat.id, "now": utcnow()})
        news.tell_visitor(chat.id, look=True)
        news.tell_agents(chat, changed=True)
