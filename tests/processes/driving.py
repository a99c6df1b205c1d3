"""Drives a shipped process by hand: a frozen clock, business time, forms as they are shipped, and a desk that remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from app.sla.calendar import default_calendar
from app.workflow.importing import ImportResult, import_bpmn
from app.workflow.language.scripting import run_script
from app.workflow.running import OpenTask, OpenTimer, Projection, Run, StepFailed, StepInfo, load, start

ROOT = Path(__file__).resolve().parents[2] / "workflows" / "bpmn"
FRIDAY_FIVE = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
CALENDAR = default_calendar("UTC")
SECOND = timedelta(seconds=1)


@cache
def shipped(key: str) -> ImportResult:
    """The imported process of a shipped folder."""
    folder = ROOT / key
    dmn = {path.name: path.read_bytes() for path in folder.glob("*.dmn")}
    return import_bpmn((folder / "process.bpmn").read_bytes(), dmn=dmn)


@cache
def form(process: str, key: str) -> dict[str, Any]:
    """A shipped form."""
    found: dict[str, Any] = orjson.loads((ROOT / process / "forms" / f"{key}.json").read_bytes())
    return found


def filled(process: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of a form, empty ones as null, as the desk hands them to a process."""
    fields = {entry["key"]: entry for entry in form(process, key)["fields"]}
    assert set(values) <= set(fields), f"{key} has no field {set(values) - set(fields)}"
    for name, value in values.items():
        options = [option["value"] for option in fields[name].get("options", ())]
        assert not options or value in options, f"{key}.{name} offers {options}"
    return {name: values.get(name) for name in fields}


@dataclass
class Desk:
    """The Host of one instance: keeps the fields that processes read, and remembers every call."""

    case: dict[str, Any] = field(default_factory=dict)
    work_order: dict[str, Any] | None = None
    clock: datetime = FRIDAY_FIVE
    message: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    broken: str = ""
    moves: bool = False

    def now(self) -> datetime:
        return self.clock

    def names(self) -> Mapping[str, Any]:
        return {"case": self.case, "work_order": self.work_order, "message": self.message}

    def add_business_time(self, begin: datetime, duration: timedelta) -> datetime:
        return CALENDAR.add_business_time(begin, duration)

    def run_script(self, source: str, data: dict[str, Any]) -> dict[str, Any]:
        return run_script(source, data)

    def throw_message(self, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        raise AssertionError(f"{at.element_id} throws {name}: {payload}")

    def throw_signal(self, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        raise AssertionError(f"{at.element_id} throws {name}: {payload}")

    def call_capability(self, name: str, inputs: dict[str, Any], at: StepInfo) -> Mapping[str, Any]:
        if at.element_id == self.broken:
            raise StepFailed("broken", "The desk cannot do this now.")
        self.calls.append((at.element_id, name, inputs))
        effect = getattr(self, f"_{name}", None)
        return (effect(inputs) if effect else None) or {}

    def _set_case(self, inputs: dict[str, Any]) -> None:
        self.case |= {key: inputs[key] for key in ("type", "priority", "queue", "status") if inputs.get(key)}
        self.case["team"] = self.case["queue"]
        if inputs.get("replied"):
            self.case["first_reply_at"] = self.clock.isoformat()

    def _send_message(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if self.work_order is None and inputs.get("text"):
            self.case["first_reply_at"] = self.clock.isoformat()
        return {"message_id": len(self.calls)}

    def _open_work_order(self, inputs: dict[str, Any]) -> dict[str, Any]:
        self.case["open_work_orders"] = self.case.get("open_work_orders", 0) + 1
        self.case["status"] = "dispatched"
        return {"number": "WO-1", "id": 1}

    def _raise_urgency(self, inputs: dict[str, Any]) -> dict[str, Any]:
        target = self.case if self.work_order is None else self.work_order
        target["chase_count"] = target.get("chase_count", 0) + 1
        return {"chase_count": target["chase_count"]}

    def _work_order_set(self, inputs: dict[str, Any]) -> dict[str, Any]:
        assert self.work_order is not None
        before = self.work_order["state"]
        self.work_order |= {key: inputs[key] for key in ("state", "team", "holder") if inputs.get(key)}
        self.work_order["round"] += inputs.get("next_round") == "true"
        return {"previous": before, "state": self.work_order["state"], "round": self.work_order["round"]}

    def _tell_work_orders(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if self.work_order is not None:
            self.told.append((inputs["message"], {"by": inputs["by"], "text": inputs["text"]}))
        return {"told": 1, "text": inputs["text"]}

    def _move_time_limits(self, inputs: dict[str, Any]) -> None:
        self.moves = True

    def _archive_case(self, inputs: dict[str, Any]) -> None:
        self.case["status"] = "archived"

    def _reopen_case(self, inputs: dict[str, Any]) -> None:
        self.case["status"] = "open"

    def _archive_work_order(self, inputs: dict[str, Any]) -> dict[str, Any]:
        assert self.work_order is not None
        outcome = "cancelled" if self.work_order["state"] == "cancelled" else "done"
        return {"outcome": outcome, "summary": f"{self.work_order['number']}: {outcome}"}


class Driver:
    """One instance of a shipped process. It is saved and loaded again around every stimulus, as the desk does."""

    def __init__(self, process: str, desk: Desk) -> None:
        self.process, self.desk = process, desk
        self.imported = shipped(process)
        assert self.imported.compiled is not None, self.imported.findings
        self.visited: list[str] = []
        self.flows: set[str] = set()
        run = start(self.imported.compiled, digest=self.imported.digest, process_id=None, data={}, host=desk)
        self._settle(run)

    def _load(self) -> Run:
        assert self.imported.compiled is not None
        return load(self.imported.compiled, digest=self.imported.digest, state=self.state, host=self.desk)

    def _settle(self, run: Run) -> None:
        run.advance()
        if self.desk.moves:
            self.desk.moves = False
            run.move_limits()
        for visit in run.history():
            if visit.state == "taken":
                self.flows.add(visit.element_id)
            elif visit.state in ("completed", "entered"):
                self.visited.append(visit.element_id)
        self.open: Projection = run.projection()
        self.state = run.save()
        assert len(self.state) < 8192
        while self.desk.told:
            name, payload = self.desk.told.pop(0)
            self.hear(name, **payload)

    @property
    def tasks(self) -> dict[str, OpenTask]:
        return {task.element_id: task for task in self.open.tasks}

    @property
    def timers(self) -> dict[str, OpenTimer]:
        return {timer.element_id: timer for timer in self.open.timers}

    @property
    def verbs(self) -> set[str]:
        """What is on offer as a button now."""
        return {sub.action.verb for sub in self.open.subscriptions if sub.action}

    @property
    def status(self) -> str:
        return self.open.status

    def calls(self, element: str) -> list[dict[str, Any]]:
        """The inputs of every capability call that a step made."""
        return [inputs for at, _, inputs in self.desk.calls if at == element]

    def complete(self, element: str, **values: Any) -> None:
        """A person fills in the form of an open task."""
        task = self.tasks[element]
        run = self._load()
        run.complete_task(task.token, filled(self.process, str(task.form), values))
        self._settle(run)

    def act(self, verb: str, *, role: str = "agent", **values: Any) -> None:
        """A person presses a button and fills in its form."""
        found = next(s for s in self.open.subscriptions if s.action and s.action.verb == verb)
        assert found.action is not None
        assert role in found.action.roles
        payload = filled(self.process, found.action.form, values) if found.action.form else dict(values)
        self.hear(found.message, token=found.token, by=role, **payload)

    def hear(self, name: str, token: str | None = None, **payload: Any) -> bool:
        """A message comes in; False when nobody waits for it."""
        self.desk.message = payload
        run = self._load()
        heard = run.deliver_message(name, payload, token=token)
        self._settle(run)
        self.desk.message = {}
        return heard

    def wait_for(self, element: str) -> datetime:
        """Lets time pass until a timer is due, and proves that it does not fire a second early."""
        due = self.timers[element].due_at
        assert due > self.desk.clock
        self.desk.clock = due - SECOND
        before = len(self.visited)
        self._tick()
        assert element not in self.visited[before:]
        assert element in self.timers, f"{element} was stopped before it was due"
        self.desk.clock = due
        self._tick()
        assert element in self.visited[before:]
        return due

    def _tick(self) -> None:
        run = self._load()
        run.fire_timers()
        self._settle(run)


def case_driver(**case: Any) -> Driver:
    """A fresh case of Dana that has just been received."""
    message = {"subject": "Hello", "text": "A question", "channel": "email", "from": "dana@example.org"}
    message |= {key: case.pop(key) for key in ("subject", "text") if key in case}
    fields = {
        "number": "RB-1", "subject": message["subject"], "channel": "email", "mailbox": "desk@example.org",
        "queue": "service", "tier": "", "auto": "none", "status": "new", "priority": "normal",
        "first_reply_at": None, "open_work_orders": 0, "accepted_work_orders": 0, "chase_count": 0,
    } | case  # fmt: skip
    return Driver("service_case", Desk(case=fields, message=message))


def order_driver(*, case: Mapping[str, Any] | None = None, **order: Any) -> Driver:
    """A fresh work order for the team repairs."""
    fields = {
        "number": "WO-1", "state": "draft", "title": "Mend it", "team": "repairs", "holder": "", "dispatcher": "alice",
        "round": 1, "urgency": 0, "chase_count": 0, "reply": {},
    } | order  # fmt: skip
    case_fields = {
        "number": "RB-1",
        "queue": "service",
        "team": "service",
        "priority": "normal",
        "status": "dispatched",
    } | dict(case or {})
    return Driver("work_order", Desk(case=case_fields, work_order=fields))
