"""The world of an instance: names it may read, capabilities it may call, the calendar it counts by, ears for what it throws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from app import db, events
from app.errors import DeskError
from app.events import Actor
from app.logs import log
from app.orchestration import context, mailbag
from app.routing import service as routing
from app.sla import service as sla
from app.workflow import definitions, queries
from app.workflow.running import StepFailed, StepInfo


@dataclass(slots=True)
class Call:
    """One call of a capability: what it is about and where in the process it stands."""

    instance_id: int
    driven: context.Driven
    at: StepInfo
    world: World


Capability = Callable[..., Mapping[str, Any] | None]
F = TypeVar("F", bound=Capability)
CAPABILITIES: dict[str, Capability] = {}


def capability(name: str) -> Callable[[F], F]:
    """Register a function that a service task may call by this name. It writes rows and opens no socket."""

    def register(function: F) -> F:
        CAPABILITIES[name] = function
        return function

    return register


class World:
    """Implements `app.workflow.outside.Outside` for one instance; reads lazily, since many steps read nothing."""

    def __init__(self, instance_id: int, business_key: str) -> None:
        """Remember whose world it is."""
        self.instance_id = instance_id
        self.business_key = business_key
        self._driven: context.Driven | None = None
        self._names: context.Lazy | None = None
        self._process = ""
        self._caller = events.current_actor()

    @property
    def driven(self) -> context.Driven:
        """Return the case and work order."""
        if self._driven is None:
            self._driven = context.driven_by(self.instance_id)
        return self._driven

    def names(self) -> Mapping[str, Any]:
        """Return `case`, `work_order` and `message` for expressions."""
        if self._names is None:
            self._names = context.Lazy({
                "case": lambda: context.case_names(self.driven.case),
                "work_order": lambda: context.order_names(self.driven.work_order) if self.driven.work_order else None,
                "message": context.current_message,
            })  # fmt: skip
        return self._names

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        """Count in the calendar of the case's queue."""
        queue = routing.queue(self.driven.case.queue_key)
        return sla.add_business_time(queue.calendar_id, start, duration)

    def process_name(self) -> str:
        """Return key and version of the process, as causes name it."""
        if not self._process:
            compiled = definitions.compiled(queries.definition_of(self.instance_id))
            self._process = f"{compiled.key} v{compiled.version}"
        return self._process

    def call(self, name: str, inputs: dict[str, Any], at: StepInfo) -> Mapping[str, Any]:
        """Run a capability in a savepoint, so that a failed one becomes a fault and leaves nothing half done."""
        function = CAPABILITIES.get(name)
        if function is None:
            raise StepFailed("capability_unknown", f"There is no capability {name}.")
        self._names = None
        cause = {"process": self.process_name(), "element": at.element_id, "step": at.name, "capability": name}
        actor = Actor("process", self.instance_id, self.process_name())
        with events.acting(actor, cause):
            try:
                with db.savepoint():
                    return function(Call(self.instance_id, self.driven, at, self), **inputs) or {}
            except DeskError as error:
                raise StepFailed(error.code, error.message) from error
            except TypeError as error:
                log().error("capability_misused", capability=name, element=at.element_id, exc_info=True)
                raise StepFailed("bad_inputs", f"The capability {name} was given wrong inputs: {error}.") from error
            except DBAPIError as error:
                if db.is_transient(error):
                    raise  # the frame does the whole work again
                log().error("capability_failed", capability=name, element=at.element_id, exc_info=True)
                raise StepFailed("capability_failed", f"The capability {name} failed in the database.") from error
            finally:
                self._names = None

    def user_behind(self) -> int | None:
        """Return the user whose action moved the process, if a user did."""
        actor = self._caller
        return actor.id if actor.kind == "user" else None

    def person_behind(self) -> str:
        """Return the name of that user, or an empty text."""
        return self._caller.name if self._caller.kind == "user" else ""

    def hear(self, kind: str, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        """Post what the process threw; it is handed on once this instance is saved."""
        del at
        mailbag.post(mailbag.Posted(self.instance_id, self.driven.case.id, kind, name, payload))
