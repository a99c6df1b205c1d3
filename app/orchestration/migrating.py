"""Running instances are moved to another version of their process: planned first, then done by a job, one instance at a time.

The row of a migration is the promise: it says how far it has come, so that a killed worker, or two of them, move each
instance once. What has no place in the new version stays where it is, with the reason on the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app import events, schedule
from app.cases import service as cases
from app.clock import utcnow
from app.db import savepoint, session
from app.errors import Conflict, DeskError, Invalid, NotFound, Unavailable
from app.events import Actor
from app.orchestration import driving
from app.orchestration.models import ProcessMigration
from app.workflow import definitions, queries
from app.workflow import migrating as reading
from app.workflow import service as workflow
from app.workflow.models import ProcessDefinition

JOB = "migrate"
BATCH = 100
SCOPES = frozenset({"subProcess", "transaction", "eventSubProcess", "callActivity"})
LOOKED_AT = 2000
KEPT_REFUSALS = 200
MAX_NOTE = 2000


@dataclass(slots=True)
class Stop:
    """An element at which instances stand: how many, where they would go, and why they cannot (empty: they can)."""

    element_id: str
    name: str
    kind: str
    target_id: str
    problem: str
    count: int = 0


@dataclass(slots=True)
class Plan:
    """What a migration would do: `waiting` instances run on the source, the first `looked_at` of them were looked at."""

    source: ProcessDefinition
    target: ProcessDefinition
    waiting: int
    looked_at: int = 0
    blocked: int = 0
    stops: list[Stop] = field(default_factory=list)


def plan(source_id: int, target_id: int, *, mapping: Mapping[str, str] | None = None) -> Plan:
    """Look at every running instance of the source and say what would become of it. Raises NotFound, Conflict, Invalid."""
    source, target = _versions(source_id, target_id)
    chosen = _checked(mapping or {}, target)
    compiled = definitions.compiled(target.id)
    found = Plan(source, target, queries.running_counts().get(source.id, 0))
    stops: dict[str, Stop] = {}
    for places in reading.places_in(source.id, compiled, mapping=chosen, limit=LOOKED_AT):
        found.looked_at += 1
        found.blocked += any(place.problem for place in places)
        for place in places:
            stop = stops.setdefault(
                place.element_id,
                Stop(place.element_id, place.name, place.kind, place.target_id, place.problem),
            )
            stop.count += 1
            stop.problem = stop.problem or place.problem
    found.stops = sorted(stops.values(), key=lambda stop: (not stop.problem, stop.element_id))
    return found


def _versions(source_id: int, target_id: int) -> tuple[ProcessDefinition, ProcessDefinition]:
    source, target = session().get(ProcessDefinition, source_id), session().get(ProcessDefinition, target_id)
    if source is None or target is None:
        raise NotFound("definition_unknown", "There is no such process version.")
    if source.key != target.key or source.id == target.id:
        raise Invalid("other_process", "Cases can be moved to another version of the same process only.")
    if not target.is_executable:
        raise Conflict(
            "not_executable", "This version has open findings and cannot run. Mend them and upload it again."
        )
    return source, target


def _checked(mapping: Mapping[str, str], target: ProcessDefinition) -> dict[str, str]:
    known = reading.elements_of(definitions.compiled(target.id))
    for new in mapping.values():
        if new and new not in known:
            raise Invalid("element_unknown", f"The new version has no element '{new}'.")
    return {old: new for old, new in mapping.items() if new}


def begin(
    source_id: int, target_id: int, *, mapping: Mapping[str, str] | None = None, note: str = ""
) -> ProcessMigration:
    """Have all running instances of the source moved by a job. Records `process_migration_begun`.

    Raises NotFound, Invalid, Conflict: also when a migration of the source is under way.
    """
    source, target = _versions(source_id, target_id)
    chosen = _checked(mapping or {}, target)
    if len(note) > MAX_NOTE:
        raise Invalid("note_too_long", f"The note may have {MAX_NOTE} characters.")
    session().get_one(ProcessDefinition, source_id, with_for_update=True, populate_existing=True)
    under_way = select(ProcessMigration.id).where(
        ProcessMigration.source_id == source_id, ProcessMigration.ended_at.is_(None)
    )
    if session().scalar(under_way) is not None:
        raise Conflict("already_moving", "Cases of this version are being moved already. Wait until that is done.")
    actor = events.current_actor()
    row = ProcessMigration(
        source_id=source_id, target_id=target_id, mapping=chosen, note=note.strip(), user_id=actor.id,
        created_by=actor.name, created_at=utcnow(), reached_id=0, moved=0, refused=[],
    )  # fmt: skip
    session().add(row)
    session().flush()
    schedule.set_timer(_alarm(row.id), utcnow(), job=JOB, ref=row.id)
    events.record(
        "process_migration_begun", chain=f"process:{source.key}", migration=row.id, source=source.version,
        target=target.version, mapping=chosen, note=row.note,
    )  # fmt: skip
    return row


def _alarm(migration_id: int) -> str:
    return f"migration:{migration_id}"


def get(migration_id: int) -> ProcessMigration:
    """Return a migration; raises NotFound."""
    row = session().get(ProcessMigration, migration_id)
    if row is None:
        raise NotFound("migration_unknown", "There is no such migration.")
    return row


def of_process(key: str) -> Sequence[ProcessMigration]:
    """Return the latest migrations of a process, newest first."""
    return (
        session()
        .scalars(
            select(ProcessMigration)
            .join(ProcessDefinition, ProcessDefinition.id == ProcessMigration.target_id)
            .where(ProcessDefinition.key == key)
            .order_by(ProcessMigration.id.desc())
            .limit(10)
        )
        .all()
    )


# ------------------------------------------------------------------ the job


def next_instances(migration_id: int) -> list[int]:
    """Return the next instances to move. With none left the migration is ended. Records `process_migration_ended`."""
    row = session().get(ProcessMigration, migration_id, with_for_update=True)
    if row is None or row.ended_at is not None:
        schedule.cancel_timer(_alarm(migration_id))
        return []
    found = reading.running_after(row.source_id, row.reached_id, limit=BATCH)
    if not found:
        _end(row)
    return found


def _end(row: ProcessMigration) -> None:
    row.ended_at = utcnow()
    schedule.cancel_timer(_alarm(row.id))
    key = session().get_one(ProcessDefinition, row.target_id).key
    events.record(
        "process_migration_ended", chain=f"process:{key}", migration=row.id, moved=row.moved, refused=len(row.refused)
    )


def rest(migration_id: int) -> None:
    """Go on with the next batch in a turn of its own, unless all is done."""
    if get(migration_id).ended_at is None:
        schedule.set_timer(_alarm(migration_id), utcnow(), job=JOB, ref=migration_id)


def move(migration_id: int, instance_id: int) -> None:
    """Move one instance, or note why it stays. Records `process_migrated` on its case. Done already: nothing happens."""
    row = session().get(ProcessMigration, migration_id, with_for_update=True)
    if row is None or row.ended_at is not None or instance_id <= row.reached_id:
        return
    row.reached_id = instance_id
    try:
        with savepoint():
            _move(row, instance_id)
        row.moved += 1
    except (Conflict, Invalid, NotFound, Unavailable) as error:
        if len(row.refused) < KEPT_REFUSALS:
            row.refused = [*row.refused, _refusal(instance_id, error)]


def _refusal(instance_id: int, error: DeskError) -> dict[str, Any]:
    key = queries.get_instance(instance_id).business_key
    return {
        "instance": instance_id, "key": key, "element": str(error.facts.get("element", "")), "why": error.message
    }  # fmt: skip


def _move(row: ProcessMigration, instance_id: int) -> None:
    source, target = definitions.compiled(row.source_id), definitions.compiled(row.target_id)
    case = cases.lock(driving.case_of_instance(instance_id))
    cause: dict[str, Any] = {"migration": row.id, "note": row.note}
    with events.acting(Actor("user", row.user_id, row.created_by), cause):
        workflow.migrate(instance_id, target, mapping=row.mapping)
        events.record(
            "process_migrated", chain=cases.chain_of(case.id), process=target.key, instance=instance_id,
            source=source.version, target=target.version,
        )  # fmt: skip
        driving.hand_on()
    cases.announce(case, change="process")


def choices(stops: Sequence[Stop], target_id: int) -> Iterator[tuple[Stop, list[tuple[str, str]]]]:
    """Yield each stop with the elements of its kind that the target has: (id, name). Scopes follow what is inside them."""
    known = reading.elements_of(definitions.compiled(target_id))
    for stop in (stop for stop in stops if stop.problem or stop.kind not in SCOPES):
        yield stop, [(name, element.name or name) for name, element in known.items() if element.kind == stop.kind]
