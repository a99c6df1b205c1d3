"""What rooms and shipped processes write into notices and reasons, for the translators."""

from __future__ import annotations

from typing import Final

# Shown as they are in English; numbered gaps are filled with names and numbers.
TEXTS: Final = (
    "the case is closed", "the case is open again", "the case is merged with another", "merged cases are apart again",
    "a work order is escalated", "a time limit has passed", "a colleague acted", "a work order is chased",
    "a work order is replied to", "a message could not be delivered", "the customer wrote", "escalated", "due soon",
    "the time you set has come", "it needs attention", "the customer wrote before your reply went out",
    "the time limit has passed", "the time limit is near", "time limit passed",
    "assigned to you by {0}", "{0} mentions you", "{0} mentions your team", "not told, for they may not see the case", "{0} cases, {1} tasks and {2} work orders are yours now", "{0} took the case over", "a chat is offered to you", "your colleague has not taken the chat over. It is still yours", "{0} writes your draft now", "{0} asks you to answer this case, or to hand it over",
    "{0} is merged into {1}", "{0} is a case of its own again", "your reply did not go out. {0}", "{0} (level {1})",
    "not accepted in time", "no reply in time", "reply not reviewed in time", "declined and not dispatched again in time",
    "cancellation not answered in time", "chased again", "reply due soon", "withdrawn before acceptance",
    "no first response in time", "not resolved in time", "Command line", "reply-token: our signed reply address, made for this sender",
    "stranger: refers to a case in which the sender takes no part", "new: refers to no case", "references: answers {0}",
    "case-number: {0} in the subject",
)  # fmt: skip
