"""From stored envelopes to cases that their processes have heard of: one transaction to claim several, one to take them in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app import db, doorbell, events
from app.cases import queries as case_queries
from app.cases import service as cases
from app.cases.models import Case
from app.contacts import queries as contact_queries
from app.contacts import service as contacts
from app.contacts.service import Person
from app.errors import Invalid
from app.events import Actor
from app.faultpoints import crash_point
from app.logs import log
from app.messaging import (
    accounts,
    delivery,
    filters,
    intake,
    outbox,
    providers,
    receipts,
    reply_tokens,
    store,
    threading,
)
from app.messaging import queries as queries_of_messages
from app.messaging.intake import Claimed, Settled
from app.messaging.models import EnvelopeState
from app.orchestration import chatting, driving, intents, joining, missed, texting
from app.routing import service as routing
from app.settings import settings
from app.workflow import queries
from channels.port import Address, Auto, DeliveryUpdate, InboundEvent, InboundMessage, RawEnvelope

BATCH = 8
NOBODY = "unknown@invalid"
#: How the reasons begin of envelopes that are done though no message came of them.
UNDERSTOOD = ("bounce", "status", "part", "consent")
_LIVE = """select i.id from drives d join process_instances i on i.id = d.instance_id
 where d.case_id = %(case)s and i.status in ('waiting', 'faulted') limit 1"""


@dataclass(frozen=True, slots=True)
class Read:
    """A claimed envelope with what was read in it."""

    item: Claimed
    events: Sequence[InboundEvent]


def ingest_waiting(*, batches: int | None = None, only: Collection[int] | None = None) -> int:
    """Work on waiting envelopes (`only` these) until none is left, or for so many batches; returns how many were worked on."""
    total = 0
    while batches is None or total < batches * BATCH:
        claimed = db.transact(lambda: intake.claim(limit=BATCH, only=only))
        if not claimed:
            break
        if len(claimed) == BATCH:
            doorbell.ring(intake.INGEST_JOB, 0)  # there may be more than one worker's share
        crash_point("ingest.after_claim")
        _ingest_together(claimed)
        total += len(claimed)
    return total


def _ingest_together(claimed: Sequence[Claimed]) -> None:
    """Take several envelopes in with one commit. When one of them fails, each goes through by itself."""
    try:
        read = [Read(item, _read(item)) for item in claimed]
        db.hopefully(lambda: _ingest(read))
    except (Exception, db.HopeLost):  # noqa: BLE001 -- the one that fails alone is logged then
        for item in claimed:
            _ingest_safely(item)


def _ingest_safely(item: Claimed) -> None:
    """One bad envelope never stops the next: it is tried three times, then shown as failed."""
    try:
        read = [Read(item, _read(item))]
        db.transact(lambda: _ingest(read))
    except Exception as error:  # noqa: BLE001 -- whatever it is, the next mail must not wait for it
        log().error("ingest_failed", envelope=item.id, attempt=item.attempts, exc_info=True)
        reason = f"{type(error).__name__}: {error}"
        db.transact(lambda: _note_failure(item, reason))


def _note_failure(item: Claimed, reason: str) -> None:
    if not intake.give_back(item, reason):
        events.record("envelope_failed", chain=f"account:{item.account_id}", envelope=item.id, why=reason[:500])


def _read(item: Claimed) -> Sequence[InboundEvent]:
    """Parse outside of any transaction: it may take seconds."""
    envelope = RawEnvelope(item.raw, item.external_id, item.received_at, item.meta, str(item.meta.get("problem") or ""))
    found = providers.read(item.kind, envelope)
    if found is None:
        found = db.transact(lambda: providers.adapter(accounts.get(item.account_id))).parse(envelope)
    return found


def _ingest(read: Sequence[Read]) -> None:
    crash_point("ingest.before_store")
    _look_ahead(read)
    results = [_ingest_one(one.item, one.events) for one in read]
    if not intake.settle(results):
        raise Invalid("lease_lost", "Another worker has taken this envelope over.")
    crash_point("ingest.before_commit")


def _look_ahead(read: Sequence[Read]) -> None:
    """Lock what only one at a time may make, and ask once for all of them what each message will need to know.

    The locks: a message's id, because relays change the bytes of what they pass on twice; its sender's address, because
    two mails of a new customer make one contact; and the count of what we send there by ourselves.
    """
    inbound = [event for one in read for event in one.events if isinstance(event, InboundMessage)]
    known = [m for m in inbound if m.sender.value]
    kinds = {id(event): one.item.kind for one in read for event in one.events}
    senders = {m.sender.value.lower() for m in known}
    ids = {m.external_id for m in inbound if m.external_id}
    names = [f"rfc:{rfc_id}" for rfc_id in ids] if settings().dedupe else []
    names += [contacts.lock_name(kinds[id(m)], m.sender.value.lower()) for m in known]
    db.lock(*names, *map(outbox.lock_name, senders))
    threading.look_up([*ids, *(rfc_id for m in inbound for rfc_id in threading.answered(m))])
    contacts.look_up(senders)
    outbox.count_auto(senders)
    threading.look_up_parts(_claims(known))
    count = len(inbound)
    db.reserve(contacts=count, interactions=count, messages=2 * count, process_instances=count, deliveries=count)


def _claims(inbound: Sequence[InboundMessage]) -> list[tuple[int, str]]:
    """Return the cases that messages refer to, each with the sender who has to take part in it."""
    found = {
        (stored.case_id, message.sender.value.lower())
        for message in inbound
        for rfc_id in threading.answered(message)
        for stored in threading.with_id(rfc_id)[-1:]
    }
    return sorted(found)


def _ingest_one(item: Claimed, parsed: Sequence[InboundEvent]) -> Settled:
    message_id: int | None = None
    reason = ""
    for event in parsed:
        if isinstance(event, DeliveryUpdate):
            reason = receipts.hear(item.account_id, event) if item.kind in texting.KINDS else _bounce(event)
        elif isinstance(event, InboundMessage):
            message_id, reason = _hear_message(item, _with_envelope(event, item))
    state = EnvelopeState.DONE if message_id or reason.startswith(UNDERSTOOD) else EnvelopeState.DROPPED
    return Settled(item, state, reason, message_id)


def _hear_message(item: Claimed, inbound: InboundMessage) -> tuple[int | None, str]:
    if why := filters.dropped(inbound):
        return None, why
    if inbound.raw.get("part") and item.kind in texting.KINDS:
        whole = joining.add(item.account_id, item.id, inbound, at=item.received_at)
        if whole is None:
            return None, "part of a longer message: it waits for the others"
        inbound = _with_envelope(whole, item)
    return _take_in(item, item.kind, inbound)


def join_late(part_id: int) -> None:
    """Take in a message of which parts never came, as far as it came."""
    found = joining.late(part_id)
    if found is None:
        return
    row, inbound = found
    stored = queries_of_messages.get_envelope(row.envelope_id)
    kind = accounts.get(row.account_id).kind
    item = Claimed(
        stored.id, row.account_id, kind, stored.external_id, stored.digest, stored.fence, stored.attempts,
        stored.received_at, stored.meta, b"",
    )  # fmt: skip
    message_id, reason = _take_in(item, kind, _with_envelope(inbound, item))
    stored.message_id, stored.reason = message_id, reason


def _with_envelope(inbound: InboundMessage, item: Claimed) -> InboundMessage:
    """Add what the transport knew: the sender of a mail without one, and tokens in the addresses it was sent to."""
    if item.kind in texting.KINDS:  # vendors count by themselves: their ids are only known beside the account
        return (
            replace(inbound, external_id=f"{item.account_id}/{inbound.external_id}") if inbound.external_id else inbound
        )
    sender = inbound.sender
    if not sender.value:
        sender = Address(str(item.meta.get("mail_from") or NOBODY), sender.name)
    addressed = reply_tokens.candidates_in(map(str, item.meta.get("rcpt_to") or ()))
    return replace(inbound, sender=sender, reply_tokens=(*inbound.reply_tokens, *addressed))


def _bounce(update: DeliveryUpdate) -> str:
    status = str(update.raw.get("status", ""))
    case_id = delivery.bounced(
        update.provider_id, recipient=update.recipient, hard=update.permanent, status=status, detail=update.detail
    )
    if case_id is None:
        return "dropped: a bounce of a message that we did not send"
    if update.permanent:
        cases.lock(case_id)
        driving.deliver(case_id, "delivery_failed", {"recipient": update.recipient, "detail": update.detail})
    return f"bounce of a message in case {case_id}"


def _take_in(item: Claimed, kind: str, inbound: InboundMessage) -> tuple[int | None, str]:
    duplicate = _duplicate_of(inbound)
    if duplicate is not None:
        return None, f"dropped: the same message is there already (message {duplicate})"
    contact = _contact(kind, inbound)
    heard = texting.hear(item.account_id, kind, inbound, contact) if kind in texting.KINDS else None
    found = heard.found if heard else _found(item, inbound)
    actor = Actor("contact", contact.id, contact.name)
    with events.acting(actor, {"envelope": item.id, "threading": found.reason}):
        case = _open_one(found.case_id)
        if case is None and heard and heard.is_consent:
            return None, f"consent: {inbound.text[:40]}"
        if case is None:
            return _new_case(item, kind, inbound, contact=contact, found=found)
        home_id = found.case_id if found.case_id != case.id else None
        return _follow_up(
            item, kind, inbound, contact=contact, case=case, reason=found.reason, home_id=home_id, heard=heard
        )  # fmt: skip


def _found(item: Claimed, inbound: InboundMessage) -> threading.Threading:
    if item.meta.get("is_unproven"):  # an address that somebody typed into a form opens nobody's case
        return threading.Threading(None, "new: left in a form, by whom nobody has proven")
    return threading.find(inbound, case_by_number=case_queries.ids_by_number)


def _duplicate_of(inbound: InboundMessage) -> int | None:
    if not inbound.external_id or not settings().dedupe:
        return None
    sender = inbound.sender.value.lower()
    return next((stored.id for stored in threading.with_id(inbound.external_id) if stored.sender == sender), None)


def _contact(kind: str, inbound: InboundMessage) -> Person:
    try:
        language = str(inbound.raw.get("language", "")) if inbound.thread_key else ""
        return contacts.find_or_create(kind, inbound.sender.value, name=inbound.sender.name, language=language)
    except Invalid:  # a sender that cannot be read must not lose the message
        return contacts.find_or_create(kind, NOBODY, name=inbound.sender.name or "?")


def _open_one(case_id: int | None) -> Case | None:
    """Return the case under lock while its process may still hear of it; a closed loop stays closed."""
    if case_id is None:
        return None
    case = cases.lock(case_id)
    while case.merged_into is not None:
        case = cases.lock(case.merged_into)
    return case if db.run(_LIVE, {"case": case.id}).fetchone() else None


def _new_case(
    item: Claimed, kind: str, inbound: InboundMessage, *, contact: Person, found: threading.Threading
) -> tuple[int, str]:
    reason = found.reason
    if found.case_id is not None:
        reason = f"new: {reason}, and that case is closed for good"
    account = accounts.get(item.account_id)
    queue = routing.queue(account.queue_key)
    text = inbound.new_text or inbound.text
    case = cases.open_case(
        subject=inbound.subject or _first_line(text), channel=kind, contact_id=contact.id, contact_name=contact.name,
        account_id=account.id, auto=str(inbound.auto), preview=" ".join(text.split())[:160],
        language=_language(inbound, contact), queue_key=queue.key, team_id=queue.team_id,
    )  # fmt: skip
    store.begin(case.id)
    message_id = _store(item, kind, inbound, contact=contact, case=case, reason=reason)
    related = found.case_id or found.mentions
    if related is not None:
        events.record("case_related", chain=cases.chain_of(case.id), other=related, why=reason)
    driving.start_case(case, message=_names(message_id, inbound, kind))
    return message_id, reason


def _follow_up(
    item: Claimed, kind: str, inbound: InboundMessage, *, contact: Person, case: Case, reason: str, home_id: int | None,
    heard: texting.Heard | None = None,
) -> tuple[int, str]:  # fmt: skip
    message_id = _store(item, kind, inbound, contact=contact, case=case, reason=reason, home_id=home_id)
    if heard and heard.choices:
        texting.ask(item.account_id, inbound, heard, case)
        return message_id, f"{reason}; asked back which case is meant"
    if inbound.auto is Auto.NONE and not (heard and heard.is_consent):
        names = {**_names(message_id, inbound, kind), "by": "customer"}
        if heard and heard.intent:
            names["text"] = heard.text[:4000] or names["text"]
        if home_id is not None:
            missed.note(home_id, "customer_message", names)
        intent = heard.intent if heard else intents.read(inbound.new_text)
        verb = _asked_verb(case, names, intent, is_owner=_is_owner(contact, case))
        # A chase is also news for whoever waits for the customer; what a cancellation leaves behind hears nothing more.
        is_heard = verb == "cancel" or driving.deliver(case.id, "customer_message", names, message=names)
        if not is_heard and not verb:
            events.record("message_unheard", chain=cases.chain_of(case.id), name="customer_message", sender=None)
    return message_id, reason


def _asked_verb(case: Case, names: Mapping[str, Any], intent: intents.Intent | None, *, is_owner: bool) -> str:
    """Perform the verb that a customer's words ask for, if the case's process offers it to customers now; return it.

    Only what was said now counts: a mail that is all quotation asks for nothing.
    """
    own = driving.case_instance(case.id)
    if intent is None or own is None or (intent.verb in intents.OWNERS_ONLY and not is_owner):
        return ""
    for action in queries.actions([own]):
        if action.verb == intent.verb and "customer" in action.roles:
            cause = {**events.current_cause(), "words": intent.words}
            with events.acting(cause=cause):
                driving.act(case.id, intent.verb, dict(names), instance_id=own, token=action.token, role="customer")
            return intent.verb
    return ""


def _is_owner(contact: Person, case: Case) -> bool:
    """Whoever was merged with the case's customer is the same person."""
    if contact.id == case.contact_id or case.contact_id is None:
        return contact.id == case.contact_id
    return contact.person_id == (contact_queries.existing(case.contact_id).head_id or case.contact_id)


def _store(
    item: Claimed, kind: str, inbound: InboundMessage, *, contact: Person, case: Case, reason: str,
    home_id: int | None = None,
) -> int:  # fmt: skip
    interaction = store.interaction_for(
        home_id or case.id, kind=kind, account_id=item.account_id, contact_id=contact.id, subject=inbound.subject
    )
    message_id = store.store_inbound(
        inbound, case_id=case.id, interaction_id=interaction, kind=kind, contact_id=contact.id, author=contact.name,
        reason=reason, raw_digest=item.digest, full_text=inbound.text, home_id=home_id,
    )  # fmt: skip
    contacts.note_traces(
        contact, text=inbound.new_text or inbound.text, copied=[address.value for address in inbound.cc],
        answers_to=[address.value for address in inbound.reply_to],
    )  # fmt: skip
    text = inbound.new_text or inbound.text or inbound.subject
    if inbound.thread_key:
        chatting.arrived(inbound.thread_key, case, interaction_id=interaction, message_id=message_id, home_id=home_id)
    cases.message_added(case, direction="in", preview=" ".join(text.split()))
    return message_id


def _names(message_id: int, inbound: InboundMessage, kind: str) -> dict[str, Any]:
    text = inbound.new_text or inbound.text
    return {
        "id": message_id, "subject": inbound.subject[:1000], "text": text[:4000], "from": inbound.sender.value,
        "channel": kind, "auto": str(inbound.auto),
    }  # fmt: skip


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "(no subject)")[:120]


def _language(inbound: InboundMessage, contact: Person) -> str:
    """Guess the language to answer in: what is known of the contact, else Chinese when Chinese was written."""
    if contact.language:
        return contact.language
    sample = inbound.subject + (inbound.new_text or inbound.text)[:400]
    return "zh" if _share(sample, "\u4e00", "\u9fff") > 0.2 else "en"


def _share(text: Iterable[str], low: str, high: str) -> float:
    letters = [c for c in text if c.isalpha()]
    return sum(low <= c <= high for c in letters) / len(letters) if letters else 0.0
