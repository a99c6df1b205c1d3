"""Bulk actions: choosing what to do with many cases, its preview, its progress and result; and the tray of long work."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request

from app.cases.fields import keeping
from app.cases.service import PRIORITIES
from app.identity import policy
from app.identity import queries as people
from app.orchestration.bulk import progress, runs, words
from app.orchestration.bulk.catalogue import KINDS, kind_of
from app.orchestration.bulk.models import BulkRun, RunState
from app.routing import service as routing
from app.web import bulk_choice, frame, macro_choice, once, shell
from app.web.case_around import SPANS
from app.web.rules import allow_if, signed_in

blueprint = Blueprint("bulk", __name__)
works = allow_if(policy.may_change_many)
OUTCOMES = ("changed", "same", "refused")
EXAMPLES = 5


def _chosen() -> bulk_choice.Choice:
    """Return the cases that the form names: by number, or all that a query finds."""
    if request.values.get("pick_all"):
        return bulk_choice.by_query(frame.viewer(), request.values.get("pick_q", ""))
    return bulk_choice.by_number(frame.viewer(), request.values.getlist("pick"))


@blueprint.get("/bulk/new")
@works
def choose() -> str:
    """Choose what is to be done with the cases that were selected."""
    chosen = _chosen()
    kind = kind_of(request.args.get("pick_kind", "fields")).key
    what = request.args.get("pick_what", "")
    offers = bulk_choice.offers(chosen) if kind in ("verb", "task") else bulk_choice.NO_OFFERS
    return shell.page(
        "bulk_new.html", section="inbox", chosen=chosen, kind=kind, kinds=tuple(KINDS), offers=offers,
        offer=offers.named(kind, what), priorities=PRIORITIES, spans=SPANS,
        users=people.users(active_only=True), teams=people.teams(), queues=routing.queues(), slots=words.SLOTS,
        customs=keeping.fields(), **(macro_choice.context(what) if kind == "macro" else macro_choice.NONE),
    )  # fmt: skip


@blueprint.post("/bulk")
@works
def prepare() -> Any:
    """Look at what would happen to each case; nothing is changed yet."""
    chosen, kind = _chosen(), request.form.get("pick_kind", "")
    given: dict[str, Any] = {name: value for name, value in request.form.items() if name not in bulk_choice.OWN_FIELDS}
    if kind in ("verb", "task"):
        what = request.form.get("pick_what", "")
        given = {"verb": what, "element": what, "values": given}
    elif kind == "macro":
        given = {"macro": request.form.get("pick_what", ""), "answers": macro_choice.answers(request.form)}
    row = runs.prepare(frame.viewer(), kind, given, where=chosen.where, query=chosen.query)
    return redirect(f"/bulk/{row.id}", 303)


@blueprint.get("/bulk/<int:run_id>")
@works
def show(run_id: int) -> str:
    """Show what will happen, how far it has come, or what became of it."""
    row = runs.get(frame.viewer(), run_id)
    return shell.page("bulk.html", section="inbox", **_shown(row))


@blueprint.get("/bulk/<int:run_id>/state")
@works
def state(run_id: int) -> str:
    """Return the same as a fragment, which open pages ask for when there is news."""
    return render_template("partials/_bulk.html", **_shown(runs.get(frame.viewer(), run_id)))


def _shown(row: BulkRun) -> dict[str, Any]:
    cases = {outcome: progress.items(row, outcome, limit=progress.SHOWN) for outcome in OUTCOMES}
    return {
        "run": row, "counts": progress.counts(row), "found": cases, "reasons": progress.reasons(row),
        "is_preview": row.state is RunState.PREVIEW, "says": "undo_none" if row.undo_of else KINDS[row.kind].says,
        "undone_by": progress.undone_by(row), "examples": EXAMPLES,
        "can_undo": row.undo_of is None and KINDS[row.kind].undo is not None,
    }  # fmt: skip


def _back(row: BulkRun) -> Any:
    return redirect(f"/bulk/{row.id}", 303)


@blueprint.post("/bulk/<int:run_id>/start")
@works
def start(run_id: int) -> Any:
    """Do it."""
    viewer = frame.viewer()
    return _back(runs.get(viewer, run_id) if once.is_repeated() else runs.start(viewer, run_id))


@blueprint.post("/bulk/<int:run_id>/stop")
@works
def stop(run_id: int) -> Any:
    """Stop it where it stands."""
    return _back(runs.stop(frame.viewer(), run_id))


@blueprint.post("/bulk/<int:run_id>/undo")
@works
def undo(run_id: int) -> Any:
    """Take back what it changed."""
    return _back(runs.undo(frame.viewer(), run_id))


@blueprint.post("/bulk/<int:run_id>/again")
@works
def again(run_id: int) -> Any:
    """Look at the same once more for the cases that refused it."""
    return _back(runs.again(frame.viewer(), run_id))


@blueprint.get("/jobs")
@signed_in
def jobs() -> str:
    """Show the viewer's long work: in the tray, or as a page."""
    found = progress.jobs(frame.viewer())
    if shell.is_fragment("tray-list"):
        return render_template("partials/_jobs.html", jobs=found)
    return shell.page("jobs.html", section="inbox", jobs=found)


@blueprint.get("/jobs/running.json")
@signed_in
def running() -> Any:
    """Return how much of the viewer's work is under way: what the mark in the top bar shows."""
    return jsonify(running=progress.running(frame.viewer()))


shell.with_every_page("jobs_running", lambda: progress.running(frame.viewer()))
