"""API: processes: deploy a version, publish it, list what there is."""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field

from app.identity import policy
from app.orchestration import starts
from app.web.api import rows, shapes
from app.web.api.contract import In, operation
from app.web.rules import allow_if
from app.workflow import definitions
from app.workflow import queries as workflow

blueprint = Blueprint("api_processes", __name__)
TAG = "processes"
KEY = r"^[A-Za-z0-9_-]{1,80}$"


class Upload(In):
    """A process with its decision tables and forms."""

    key: str = Field(pattern=KEY, description="What the process is known by; a new key is a new process.")
    bpmn: str = Field(min_length=1, max_length=5_000_000, description="The BPMN 2.0 XML.")
    files: dict[str, str] = Field(
        default_factory=dict, max_length=100, description="Decision tables (decisions.dmn) and forms (forms/x.json)."
    )
    name: str = Field("", max_length=200)
    note: str = Field("", max_length=2000)
    publish: bool = Field(False, description="Let new cases start with it at once; 409 when it cannot run.")


class Publication(In):
    """Why this version is published."""

    note: str | None = Field(None, max_length=2000)


@blueprint.get("/processes")
@operation("List processes", tag=TAG, answers=shapes.ProcessPage)
@allow_if(policy.may_see_processes)
def list_processes() -> shapes.ProcessPage:
    """List all versions of all processes with their findings, newest version first within each."""
    return shapes.ProcessPage(items=[rows.process_row(row) for row in workflow.definitions()])


@blueprint.post("/processes")
@operation("Deploy a process", tag=TAG, answers=shapes.ProcessRow, body=Upload, status=201, is_repeatable=True)
@allow_if(policy.may_deploy)
def deploy(body: Upload) -> shapes.ProcessRow:
    """Store an upload as the next version, with everything that is wrong with it; the same content gives the same version."""
    files = {name: text.encode() for name, text in body.files.items()}
    row = definitions.deploy(body.key, body.bpmn.encode(), files=files, note=body.note, name=body.name)
    if body.publish:
        row = definitions.publish(row.id)
    return rows.process_row(row)


@blueprint.get("/processes/<key>/versions/<int:version>")
@operation("Get a version of a process", tag=TAG, answers=shapes.ProcessRow)
@allow_if(policy.may_see_processes)
def get_version(key: str, version: int) -> shapes.ProcessRow:
    """Return a version with its findings."""
    return rows.process_row(workflow.version(key, version))


@blueprint.post("/processes/<key>/versions/<int:version>/publish")
@operation("Publish a version of a process", tag=TAG, answers=shapes.ProcessRow, body=Publication)
@allow_if(policy.may_publish)
def publish(key: str, version: int, body: Publication) -> shapes.ProcessRow:
    """Let new cases start with this version; an older one is a roll-back. 409 when it cannot run."""
    return rows.process_row(definitions.publish(workflow.version(key, version).id, note=body.note))


@blueprint.post("/processes/<key>/withdraw")
@operation("Withdraw a process", tag=TAG, answers=shapes.StartPage)
@allow_if(policy.may_publish)
def withdraw(key: str) -> shapes.StartPage:
    """Let no case start with this process any more, by mail or by time; what runs goes on. 409 while something needs it."""
    starts.withdraw(key)
    return shapes.StartPage(items=[])


@blueprint.get("/processes/<key>/starts")
@operation("List when a process starts by itself", tag=TAG, answers=shapes.StartPage)
@allow_if(policy.may_see_processes)
def list_starts(key: str) -> shapes.StartPage:
    """Return the start events with a timer of the published version, next first."""
    return shapes.StartPage(
        items=[
            shapes.StartRow(element_id=row.element_id, name=row.name, due_at=row.due_at, fired=row.fired)
            for row in starts.upcoming(key)
        ]
    )
