"""What Twilio says became of a message, and its error codes, in the port's words. Codes it may add later are `unknown`."""

from __future__ import annotations

from channels.outcomes import DeliveryState, Reason

STATES = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), DeliveryState.ACCEPTED),
    **dict.fromkeys(("failed", "undelivered", "canceled"), DeliveryState.FAILED),
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
}
_BY_REASON = {
    Reason.BAD_CREDENTIALS: (20003, 20005, 63001),
    Reason.MISCONFIGURED: (
        *(10001, 20404, 21212, 21408, 21603, 21606, 21608, 21609, 21659, 21660, 21661, 21701, 21703, 21704, 21705),
        *(30002, 30032, 30034, 63002, 63007, 63010, 63020),
    ),
    Reason.BAD_ADDRESS: (21211, 21214, 21217, 21219, 21265, 21266, 21604, 21421),
    Reason.NO_SUCH_RECIPIENT: (21614, 21635, 30005, 30006, 63003, 63024),
    Reason.UNSUBSCRIBED: (21610, 63015, 63033),
    Reason.OUTSIDE_WINDOW: (63016,),
    Reason.CONTENT_REFUSED: (
        *(21602, 21619, 21620, 21622, 21654, 21655, 21656, 30038, 63005, 63006, 63013, 63021, 63027, 63028, 63036),
        *(63040, 63041, 63042),
    ),
    Reason.TOO_LARGE: (21605, 21617, 30019),
    Reason.BLOCKED: (21612, 30004, 30007, 30018, 30024, 30044, 63049),
    Reason.UNREACHABLE: (30003, 30009, 63032),
    Reason.RATE_LIMITED: (14107, 20429, 21611, 30001, 30017, 30022, 30023, 63018, 63038),
    Reason.EXPIRED: (30036,),
    Reason.LOOP: (30039,),
    Reason.TIMED_OUT: (30410,),
    Reason.VENDOR_FAULT: (30500, 63009, 63012),
}
_REASONS = {code: reason for reason, codes in _BY_REASON.items() for code in codes}
_WAITING = frozenset({Reason.RATE_LIMITED, Reason.TIMED_OUT, Reason.VENDOR_FAULT})
SENTENCES = {
    Reason.BAD_CREDENTIALS: "Twilio refuses the login: enter account SID and auth token again.",
    Reason.MISCONFIGURED: "Twilio does not let this account send so: look at the sender and the account in Twilio's console.",
    Reason.BAD_ADDRESS: "Twilio does not know such a number: correct it.",
    Reason.NO_SUCH_RECIPIENT: "The number takes no text messages: ask the person another way.",
    Reason.UNSUBSCRIBED: "The person has stopped messages from this number: use another channel, or let them send START.",
    Reason.OUTSIDE_WINDOW: "The person has not written for 24 hours: send an approved template, or use another channel.",
    Reason.CONTENT_REFUSED: "Twilio refuses the content: change the text or the template.",
    Reason.TOO_LARGE: "The message is too long for Twilio: shorten it.",
    Reason.BLOCKED: "The message was refused by a filter: change the text, or look at Twilio's console.",
}


def reason_of(code: int) -> Reason:
    """Return the reason behind an error code; 0 is none."""
    return _REASONS.get(code, Reason.UNKNOWN) if code else Reason.NONE


def is_worth_another_try(reason: Reason) -> bool:
    """Tell whether the same message may pass later."""
    return reason in _WAITING
