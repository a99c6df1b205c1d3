"""How a customer is reached on a channel: by which account, at which address, and not before when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.cases.models import Case
from app.clock import utcnow
from app.contacts import keeping, spelling
from app.contacts import queries as contacts
from app.db import run, savepoint
from app.errors import Conflict, Invalid
from app.messaging import accounts, outbox, pacing
from app.messaging.models import ChannelAccount
from app.routing import service as routing
from app.sla import service as sla
from channels.sms import numbers

#: Kinds that a person may choose to answer on.
WRITTEN = ("email", "sms")
_LAST = """select i.account_id, coalesce((select m.sender from messages m where m.interaction_id = i.id and m.direction = 'in'
   order by m.id desc limit 1), '') as sender
 from interactions i join channel_accounts a on a.id = i.account_id
 where i.case_id = %(case)s and i.kind = %(kind)s and a.is_enabled and a.removed_at is null order by i.id desc limit 1"""


@dataclass(frozen=True, slots=True)
class Route:
    """Through which account to which address; `not_before` is when quiet hours end."""

    account_id: int
    kind: str
    address: str
    not_before: datetime | None = None


def channel_of(case: Case, message: Mapping[str, Any]) -> str:
    """Return the channel on which to go on: the one the customer has just used, else the case's own."""
    used = str(message.get("channel") or "")
    if used == case.channel or used not in WRITTEN or case.channel not in WRITTEN or case.contact_id is None:
        return case.channel
    return used if contacts.address_of(case.contact_id, used) else case.channel


def route(case: Case, kind: str, *, to: Sequence[tuple[str, str]] | None = None, in_quiet_hours: bool = False) -> Route:
    """Return how this case's customer, or whoever `to` names, is reached on a channel. Raises Invalid where nobody is there."""
    last = run(_LAST, {"case": case.id, "kind": kind}).fetchone()
    account = accounts.get(last.account_id) if last else _account(case, kind)
    given = to[0][0] if to else ""
    address = (
        given
        or (last.sender if last else "")
        or (contacts.address_of(case.contact_id, kind) if case.contact_id else None)
    )
    if not address:
        raise Invalid(
            "nobody_to_write_to",
            f"The customer has no address on the channel {kind}: say who gets it.",
            fields={"to": "required"},
        )
    return Route(account.id, kind, address, None if in_quiet_hours else quiet_until(account))


def number(case: Case, kind: str, typed: str) -> str:
    """Return a number that a person typed, in E.164, and note that it is the customer's when it is nobody's yet. Raises Invalid."""
    region = str(_account(case, kind).config.get("region", ""))
    try:
        found = numbers.recipient(typed, region=region)
    except ValueError as error:
        raise Invalid("bad_number", f"{error}.", fields={"number": "no number"}) from None
    if case.contact_id is not None and contacts.address_of(case.contact_id, kind) is None:
        with suppress(Conflict), savepoint():
            keeping.add_point(case.contact_id, kind, found)
    return found


def ways(case: Any, points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the channels on which a person may answer this case, its own first. `points` are the customer's addresses."""
    if case.channel not in WRITTEN:
        return [case.channel]
    known = {str(point["kind"]) for point in points}
    others = [
        kind
        for kind in WRITTEN
        if kind != case.channel and (kind in known or (kind in outbox.NUMBERED and known & spelling.NUMBERS))
    ]
    return [case.channel, *(kind for kind in others if accounts.accounts(kind=kind, enabled=True))]


def _account(case: Case, kind: str) -> ChannelAccount:
    usable = accounts.accounts(kind=kind, enabled=True)
    if not usable:
        raise Invalid("no_account", f"No account of the channel {kind} is switched on to send through.")
    return next((account for account in usable if account.queue_key == case.queue_key), usable[0])


def mailbox(case: Case) -> int | None:
    """Return the mailbox through which colleagues are told of a case: its own, else that of its queue, else any; None without one."""
    if case.account_id is not None and accounts.get(case.account_id).kind == "email":
        return case.account_id
    usable = accounts.accounts(kind="email", enabled=True)
    own = next((account for account in usable if account.queue_key == case.queue_key), usable[0] if usable else None)
    return own.id if own else None


def quiet_until(account: ChannelAccount) -> datetime | None:
    """Return when the quiet hours end that are on now at an account, in the time of its queue; None when none are."""
    if "quiet_from" not in account.pace:
        return None
    zone = sla.calendar(routing.queue(account.queue_key).calendar_id).timezone
    return pacing.quiet_end(account.pace, zone, now=utcnow())


def outgoing(case: Case, way: Route, *, text: str, auto: bool = False) -> outbox.Outgoing:
    """Return a text for the customer on this way."""
    return outbox.Outgoing(
        case_id=case.id, case_number=case.number, account_id=way.account_id, contact_id=case.contact_id,
        to=[(way.address, case.contact_name if case.contact_name != way.address else "")], subject="", text=text, auto=auto,
        not_before=way.not_before,
    )  # fmt: skip


def numbered(case: Case, text: str) -> str:
    """Return a text that carries the case's number: by it the answer finds its way back."""
    return text if case.number in text else f"[{case.number}] {text}"
