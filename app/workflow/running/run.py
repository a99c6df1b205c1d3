"""The public handle on one process instance: start or load it, bring a stimulus, advance, look, save."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.workflow.running import (
    codec,
    correlating,
    flow,
    gateways,
    kinds,
    listening,
    moving,
    projecting,
    starting,
    variables,
)
from app.workflow.running.errors import UnknownToken
from app.workflow.running.graph import definition
from app.workflow.running.throwing import broadcast
from app.workflow.running.tokens import ERROR, WAITING, Instance, Token
from app.workflow.running.types import Host, Projection, Visit

__all__ = ["Run", "load", "start"]

#: What tokens do is registered by importing `kinds`; without it no graph could be built.
KINDS = kinds.REGISTERED
_ROLES = {None: 0, "gateway": 0, "boundary": 1, "start": 2}


class Run:
    """One process instance in memory. Stimuli only queue what they set free; `advance` runs it."""

    def __init__(self, inst: Instance) -> None:
        self._inst = inst

    def use(self, host: Host) -> None:
        """From now on this host answers: another stimulus, perhaps by somebody else."""
        self._inst.host = host

    def advance(self, *, budget: int = 1000) -> None:
        """Runs one ready token at a time until everything waits. When the budget of steps is used up, every token
        that is still ready becomes a fault, so that an endless loop is seen and nothing hangs.
        """
        inst = self._inst
        conditional = inst.graph.has_events("conditional")
        timers = inst.graph.has_events("timer")
        joins = inst.graph.has_kinds("inclusive", "complex")
        while inst.status == "waiting":
            token = inst.next_ready()
            if token is None:
                if (joins and gateways.release_joins(inst)) or (conditional and listening.check_conditions(inst)):
                    continue
                break
            if budget <= 0:
                self._give_up(token)
                break
            budget -= 1
            flow.step(inst, token)
            if timers and inst.soonest is not None and inst.soonest <= inst.now():
                # A step may have taken long: what is due by now comes before what is ready.
                self.fire_timers()
            if conditional:
                listening.check_conditions(inst)
        if inst.status != "waiting":
            inst.ready.clear()

    def _give_up(self, token: Token | None) -> None:
        while token is not None:
            message = "The process took too many steps without waiting; it may run in a circle. Retry lets it run on."
            flow.fail(self._inst, token, code="step-budget", message=message)
            token = self._inst.next_ready()

    def deliver_message(
        self, name: str, payload: Mapping[str, Any], *, token: str | None = None, element_id: str | None = None
    ) -> bool:
        """Gives a message to the one token that waits for it, a catch event before a boundary before an event
        sub-process, and only one that it is meant for: who names a `token` has decided that already. False when nobody
        waits for it. Raises DataError for a payload that is not plain JSON.
        """
        data = variables.clean(payload)
        waits = [
            (_ROLES[found.internal_data.get("sub")], position, found, index)
            for position, (found, index, event, _) in enumerate(self._waiting("message"))
            if event["name"] == name
            and token in (None, listening.wait_token(found, index))
            and element_id in (None, found.node.id)
            and (token is not None or correlating.is_meant(self._inst, found, name, data))
        ]
        if not waits:
            return False
        _, _, chosen, index = min(waits, key=lambda wait: wait[:2])
        correlating.note(self._inst, chosen, name, data)
        listening.fire(self._inst, chosen, index, data)
        return True

    def deliver_signal(self, name: str, payload: Mapping[str, Any]) -> bool:
        """Gives a signal to every token that waits for it. False when nobody does."""
        return broadcast(self._inst, name, variables.clean(payload)) > 0

    def complete_task(self, token: str, data: Mapping[str, Any]) -> None:
        """Completes an open user or manual task with the data of its form. Raises UnknownToken or DataError."""
        found = self._token(token)
        if not projecting.is_open_task(found):
            raise UnknownToken(f"No open task has the token {token}.")
        variables.write(found, variables.clean(data))
        self._inst.go_on(found)

    def fire_timers(self) -> int:
        """Fires every timer that is due by the host's clock, each once, in the order they were due; returns how many."""
        now = self._inst.now()
        waits = sorted(
            (datetime.fromisoformat(entry["due"]), position, found, index)
            for position, (found, index, _, entry) in enumerate(self._waiting("timer"))
        )
        fired = 0
        self._inst.soonest = next((due for due, *_ in waits if due > now), None)
        for due, _, found, index in waits:
            if due > now:
                break
            if found.id in self._inst.tasks and found.state == WAITING:
                listening.fire(self._inst, found, index)
                fired += 1
        return fired

    def fire_timer(self, token: str) -> bool:
        """Fires one timer now, whatever the clock says. False when no timer runs under this token."""
        for found, index, _, _ in self._waiting("timer"):
            if listening.wait_token(found, index) == token:
                listening.fire(self._inst, found, index)
                return True
        return False

    def move_limits(self) -> None:
        """Counts running time limits again with what the process knows now, each from when it began."""
        moving.move_limits(self._inst)

    def shift(self, by: timedelta) -> None:
        """Sets running time limits on by the time that the instance stood still."""
        moving.shift(self._inst, by)

    def retry(self, token: str) -> None:
        """Runs a faulted step again. Raises UnknownToken when there is no fault under this token."""
        found = self._fault(token)
        if found.state == ERROR:
            flow.reopen(found)
            self._inst.enqueue(found)

    def skip(self, token: str, data: Mapping[str, Any]) -> None:
        """Takes a faulted step as done, with `data` as its result. Raises UnknownToken or DataError."""
        found = self._fault(token)
        variables.write(found, variables.clean(data))
        flow.reopen(found)
        for child in found.live_children():
            self._inst.cancel_token(child)
        gateways.take_waiting(self._inst, found)
        self._inst.go_on(found)

    def cancel(self) -> None:
        """Ends the instance and everything open in it."""
        if self._inst.status != "waiting":
            return
        for child in self._inst.task_tree.live_children():
            self._inst.cancel_token(child)
        self._inst.status = "cancelled"
        self._inst.ready.clear()
        self._inst.record(self._inst.task_tree, "cancelled")

    def save(self) -> bytes:
        """The state, without anything that is over."""
        return codec.dump(self._inst)

    def projection(self) -> Projection:
        """Everything that is open now."""
        return projecting.project(self._inst)

    def history(self) -> list[Visit]:
        """What happened since this was last asked."""
        visits, self._inst.visits = self._inst.visits, []
        return visits

    def data(self) -> dict[str, Any]:
        """The variables of the process."""
        return dict(self._inst.task_tree.data)

    def tokens(self) -> list[Token]:
        """Every token there is, those that only listen among them."""
        return list(self._inst.tasks.values())

    def token(self, token: str) -> Token:
        """One token. Raises UnknownToken."""
        return self._token(token)

    def _waiting(self, kind: str) -> list[tuple[Token, int, dict[str, Any], dict[str, Any]]]:
        return list(listening.waiting(self._inst, frozenset({kind})))

    def _token(self, token: str) -> Token:
        found = self._inst.tasks.get(token)
        if found is None:
            raise UnknownToken(f"Nothing is open under the token {token}.")
        return found

    def _fault(self, token: str) -> Token:
        found = self._token(token)
        if found.state != ERROR and all(fault.token != token for fault in self.projection().faults):
            raise UnknownToken(f"No fault is open under the token {token}.")
        return found


def start(
    compiled: bytes,
    *,
    digest: str,
    process_id: str | None,
    data: Mapping[str, Any],
    host: Host,
    message: str | None = None,
    element_id: str | None = None,
) -> Run:
    """A new instance, ready to advance. `message` names the message or signal that starts it, with `data` as its
    payload; `element_id` the start event, where a timer or one of several is meant. Raises UnknownProcess when the
    file has no such process or start, DataError for data that is not JSON.
    """
    graph = definition(compiled, digest=digest)
    values = variables.clean(data)
    return Run(starting.begin(graph, process_id, values, host=host, message=message, element_id=element_id))


def load(compiled: bytes, *, digest: str, state: bytes, host: Host) -> Run:
    """An instance as it was saved. Raises StateError when the state is damaged or of another definition."""
    return Run(codec.restore(definition(compiled, digest=digest), state, host))
