"""API: moving running cases to another version of their process."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from pydantic import Field

from app.identity import policy
from app.orchestration import migrating
from app.orchestration.models import ProcessMigration
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if
from app.workflow import queries as workflow

blueprint = Blueprint("api_migrating", __name__)
TAG = "processes"


class Wish(In):
    """From which version, and which elements take the place of others."""

    source: int = Field(ge=1, description="The version that the cases run on now.")
    mapping: dict[str, str] = Field(
        default_factory=dict, max_length=500, description="Elements of the new version by those of the old one."
    )


class Order(Wish):
    """A migration to begin."""

    note: str = Field("", max_length=2000, description="Why; it is shown on every case.")


class StopRow(Out):
    """An element at which instances stand."""

    element_id: str
    name: str
    kind: str
    count: int
    target_id: str = Field(description="Where they would go; empty when there is no such element.")
    problem: str = Field(description="What stands in the way; empty when nothing does.")


class PlanRow(Out):
    """What a migration would do."""

    waiting: int = Field(description="How many instances run on the source.")
    looked_at: int
    blocked: int = Field(description="How many of those looked at would stay where they are.")
    stops: list[StopRow]


class RefusalRow(Out):
    """An instance that stayed on its version."""

    instance: int
    key: str = Field(description="Number of the case or work order.")
    element: str = Field(description="Where it stands.")
    why: str


class MigrationRow(Out):
    """A migration, and how far it has come."""

    id: int
    source: int
    target: int
    mapping: dict[str, str]
    note: str
    created_by: str
    created_at: datetime
    moved: int
    refused: list[RefusalRow]
    ended_at: datetime | None


class MigrationPage(Out):
    """The latest migrations of a process, newest first."""

    items: list[MigrationRow]


def _row(row: ProcessMigration, numbers: dict[int, int]) -> MigrationRow:
    copied = ("id", "mapping", "note", "created_by", "created_at", "moved", "ended_at")
    return MigrationRow(
        **{name: getattr(row, name) for name in copied}, source=numbers[row.source_id], target=numbers[row.target_id],
        refused=[RefusalRow.model_validate(one, from_attributes=False) for one in row.refused],
    )  # fmt: skip


@blueprint.post("/processes/<key>/versions/<int:version>/migration-plan")
@operation("See what moving cases to a version would do", tag=TAG, answers=PlanRow, body=Wish)
@allow_if(policy.may_publish)
def plan(key: str, version: int, body: Wish) -> PlanRow:
    """Return where the running instances of another version stand and what keeps them from moving. Nothing is changed."""
    found = migrating.plan(
        workflow.version(key, body.source).id, workflow.version(key, version).id, mapping=body.mapping
    )
    stops = [StopRow.model_validate(stop) for stop in found.stops]
    return PlanRow(waiting=found.waiting, looked_at=found.looked_at, blocked=found.blocked, stops=stops)


@blueprint.post("/processes/<key>/versions/<int:version>/migrations")
@operation("Move running cases to a version", tag=TAG, answers=MigrationRow, body=Order, status=201, is_repeatable=True)
@allow_if(policy.may_publish)
def begin(key: str, version: int, body: Order) -> MigrationRow:
    """Begin to move them; 409 while others of the source are being moved. What has no place stays, with the reason."""
    target = workflow.version(key, version)
    row = migrating.begin(workflow.version(key, body.source).id, target.id, mapping=body.mapping, note=body.note)
    return _row(row, {item.id: item.version for item in workflow.versions(key)})


@blueprint.get("/processes/<key>/migrations")
@operation("List migrations of a process", tag=TAG, answers=MigrationPage)
@allow_if(policy.may_see_processes)
def list_migrations(key: str) -> MigrationPage:
    """Return how far the latest migrations have come."""
    numbers = {item.id: item.version for item in workflow.versions(key)}
    return MigrationPage(items=[_row(row, numbers) for row in migrating.of_process(key)])
