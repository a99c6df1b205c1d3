"""Moves the time limits that run: the same clock, counted with what the process knows now, or set on after standing still."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.workflow.language.lexer import LanguageError
from app.workflow.running import listening, projecting, timing, variables
from app.workflow.running.tokens import Instance, Token


def move_limits(inst: Instance) -> None:
    """Counts running durations and the limits of open tasks again, each from when it began. One whose text gives no
    time any more stays as it was: a limit that cannot be read must not lose the one that runs.
    """
    for token, index, event, entry in listening.waiting(inst, frozenset({"timer"})):
        names = variables.visible(inst, token)
        try:
            schedule = timing.again(timing.from_dict(entry), event, names=names, host=inst.host)
        except LanguageError:
            continue
        token.internal_data["wait"][index] = timing.to_dict(schedule)
        inst.watch(schedule.due)
    for token in inst.tasks.values():
        if projecting.is_open_task(token):
            _move_task(inst, token)


def _move_task(inst: Instance, token: Token) -> None:
    due = token.node.raw.get("due")
    if not due:
        return
    try:
        text = timing.iso_text(variables.resolve(due[0], variables.visible(inst, token)))
    except LanguageError:
        return
    token.internal_data["due"] = [text, due[1]]


def shift(inst: Instance, by: timedelta) -> None:
    """Sets all running durations and cycles on by the time that the instance stood still. Dates stay what they are."""
    for token, index, event, entry in listening.waiting(inst, frozenset({"timer"})):
        if event["kind"] == "date":
            continue
        schedule = timing.from_dict(entry)
        since = schedule.since + by if schedule.since is not None else None
        schedule = replace(schedule, due=schedule.due + by, since=since)
        token.internal_data["wait"][index] = timing.to_dict(schedule)
        inst.watch(schedule.due)
