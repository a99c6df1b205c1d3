"""The kinds of elements that the compiled form knows, shared by those who write it and those who run it."""

from __future__ import annotations

#: Number of the compiled form. A reader refuses others, and the stored XML is compiled again.
FORMAT = 1
#: So many instances of one activity may run.
MAX_INSTANCES = 10_000

SCOPES = frozenset({"process", "subProcess", "transaction", "adHoc", "eventSubProcess"})
ACTIVITIES = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
        "subProcess",
        "transaction",
        "adHoc",
        "callActivity",
    }
)
#: Kinds that begin to listen the moment a token arrives, before anything else in the process runs on.
LISTENING = frozenset({"catch", "receiveTask", "eventGateway"})
