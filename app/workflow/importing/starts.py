"""Checks how a process begins: what the desk can start, and when a timer would start it."""

from __future__ import annotations

from datetime import timedelta

from app.workflow.importing.draft import Raw
from app.workflow.importing.graph import Graph
from app.workflow.language import durations
from app.workflow.language.expressions import compile_template, is_expression
from app.workflow.language.lexer import LanguageError

SHORTEST = timedelta(minutes=1)
#: The message that a case brings with it when it comes in.
CASE_COMES_IN = "customer_message"


def check_starts(graph: Graph) -> None:
    """Looks at the start events of all processes."""
    listed = graph.draft.processes
    main = next((process.id for process in listed if process.is_executable), listed[0].id if listed else "")
    for process in graph.nodes.values():
        if process["kind"] != "process":
            continue
        starts = [raw for raw in graph.inner[process["id"]] if raw["kind"] == "start"]
        for raw in starts:
            for event in raw["events"]:
                if event["t"] == "timer":
                    _check_timer(graph, raw, event)
                    _tell_timer(graph, raw, event, is_main=process["id"] == main)
        kinds = [{event["t"] for event in raw["events"]} for raw in starts]
        heard = [raw for raw, kind in zip(starts, kinds, strict=True) if "message" in kind]
        if heard and all(kinds):
            _tell_message(graph, heard, is_main=process["id"] == main)
        elif starts and all(kinds) and not any("timer" in kind for kind in kinds):
            graph.report.warning(
                starts[0]["id"],
                "start",
                f"The desk starts '{graph.name(process)}' by itself neither when a case comes in nor by time: "
                "it has no plain start event, no message and no timer. Add one.",
            )


def _tell_message(graph: Graph, heard: list[Raw], *, is_main: bool) -> None:
    """A case that comes in is the message that starts the process: says at which event."""
    if not is_main:
        return
    named = [raw for raw in heard if raw["events"][0].get("name") == CASE_COMES_IN]
    chosen = (named or heard)[0]
    if len(heard) > 1 and not named:
        graph.report.warning(
            chosen["id"],
            "message-start",
            f"A case that comes in begins at '{graph.name(chosen)}', the first start event with a message. "
            "To choose another, let its message have the name 'customer_message'.",
        )
    else:
        graph.report.info(
            chosen["id"], "message-start", f"A case that comes in begins at '{graph.name(chosen)}': it is the message."
        )


def _check_timer(graph: Graph, raw: Raw, event: Raw) -> None:
    if len(raw["events"]) > 1:
        graph.report.error(
            raw["id"], "timer-start", "A start event with a timer can have no other trigger. Draw two start events."
        )
        return
    try:
        value = _value(event["text"])
    except LanguageError:
        graph.report.error(
            raw["id"],
            "timer-start",
            f"'{graph.name(raw)}' is set when the process is published: there are no variables yet. Write a time such as R/PT1H.",
        )
        return
    if event["kind"] == "cycle" and _too_often(value):
        graph.report.error(
            raw["id"],
            "timer-start",
            f"'{graph.name(raw)}' would open a case more often than once a minute. Write a longer span.",
        )


def _tell_timer(graph: Graph, raw: Raw, event: Raw, *, is_main: bool) -> None:
    if is_main:
        graph.report.info(
            raw["id"],
            "timer-start",
            f"While this version is published, '{graph.name(raw)}' opens a case by itself ({event['text']}).",
        )
    else:
        graph.report.warning(
            raw["id"],
            "timer-start",
            f"'{graph.name(raw)}' never fires: by time the desk starts only the first executable process of a file. Upload the others apart.",
        )


def _value(text: str) -> object:
    if not is_expression(text):
        return text
    found = compile_template(text)
    if found.names:
        raise LanguageError("There are no variables yet.")
    return found.evaluate({})


def _too_often(value: object) -> bool:
    try:
        every = durations.parse_cycle(str(value)).every
    except LanguageError:
        return False  # said already
    return every.months == 0 and every.delta < SHORTEST
