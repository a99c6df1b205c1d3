"""Moving running cases to another version of their process: what would become of each, then how far it has come."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request

from app.errors import Invalid, NotFound
from app.identity import policy
from app.orchestration import migrating
from app.web import shell
from app.web.rules import allow_if
from app.workflow import queries
from app.workflow.models import ProcessDefinition

blueprint = Blueprint("migrating", __name__)
looks = allow_if(policy.may_see_processes)
designs = allow_if(policy.may_publish)


def sources(key: str, version: int) -> list[tuple[ProcessDefinition, int]]:
    """Return the other versions on which something runs, with how much, the newest first."""
    counts = queries.running_counts()
    return [(row, counts[row.id]) for row in queries.versions(key) if row.version != version and counts.get(row.id)]


def _mapping() -> dict[str, str]:
    return {name.removeprefix("to:"): value for name, value in request.values.items() if name.startswith("to:")}


@blueprint.get("/processes/<key>/versions/<int:version>/migration")
@designs
def preview(key: str, version: int) -> str:
    """Show what would become of the running instances of another version (`?source=`), with the elements chosen (`to:…`)."""
    target, from_where = queries.version(key, version), sources(key, version)
    wanted = request.args.get("source", type=int)
    source = next(
        (row for row, _count in from_where if row.version == wanted), from_where[0][0] if from_where else None
    )
    plan = migrating.plan(source.id, target.id, mapping=_mapping()) if source else None
    return shell.page(
        "migration.html", section="processes", key=key, target=target, sources=from_where, plan=plan, chosen=_mapping(),
        stops=list(migrating.choices(plan.stops, target.id)) if plan else [],
    )  # fmt: skip


@blueprint.post("/processes/<key>/versions/<int:version>/migration")
@designs
def begin(key: str, version: int) -> Any:
    """Have the running instances of a version moved to this one."""
    source = request.form.get("source", type=int)
    if source is None:
        raise Invalid("source_missing", "Say from which version the cases are moved.", fields={"source": "required"})
    migrating.begin(
        queries.version(key, source).id,
        queries.version(key, version).id,
        mapping=_mapping(),
        note=request.form.get("note", ""),
    )
    return redirect(f"/processes/{key}?version={version}#migrations", 303)


@blueprint.get("/processes/<key>/migrations")
@looks
def progress(key: str) -> str:
    """Show how far the latest migrations of a process have come, as a fragment."""
    if not queries.versions(key):
        raise NotFound("process_unknown", "There is no such process.")
    return render_template("partials/_migrations.html", **shown(key))


def shown(key: str) -> dict[str, Any]:
    """Return what the list of migrations needs."""
    numbers = {row.id: row.version for row in queries.versions(key)}
    return {
        "key": key, "migrations": migrating.of_process(key), "numbers": numbers,
    }  # fmt: skip
