"""The designer's pages: processes and their versions, the editor, checks, publishing, entry rules."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

import orjson
from flask import Blueprint, Response, redirect, request

from app.blobs import get as blob
from app.errors import Invalid, NotFound
from app.identity import policy
from app.messaging import accounts
from app.orchestration import entry, starts
from app.orchestration import migrating as orchestration
from app.web import frame, migrating, shell
from app.web.errors import wants_problem
from app.web.i18n import gettext
from app.web.rules import allow_if
from app.workflow import definitions, outside, queries
from app.workflow.models import ProcessDefinition

blueprint = Blueprint("processes", __name__)
EMPTY = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:ringback="urn:ringback:bpmn:1" id="definitions_new" targetNamespace="urn:ringback:process">
  <bpmn:process id="new_process" name="New process" isExecutable="true"><bpmn:startEvent id="received" /></bpmn:process>
  <bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="new_process"><bpmndi:BPMNShape id="received_di" bpmnElement="received"><dc:Bounds x="160" y="120" width="36" height="36" /></bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
looks = allow_if(policy.may_see_processes)
designs = allow_if(policy.may_deploy)
publishes = allow_if(policy.may_publish)


@blueprint.get("/processes")
@looks
def overview() -> str:
    """List all processes with the version that runs, and the entry rules."""
    by_key: dict[str, list[ProcessDefinition]] = {}
    for definition in queries.definitions():
        by_key.setdefault(definition.key, []).append(definition)
    return shell.page(
        "processes.html", section="processes", by_key=by_key, running=queries.running_counts(), rules=entry.rules(),
        accounts=accounts.accounts(), may_deploy=policy.may_deploy(frame.viewer()),
        may_publish=policy.may_publish(frame.viewer()),
    )  # fmt: skip


@blueprint.get("/processes/<key>")
@looks
def versions(key: str) -> str:
    """Show the versions of one process, the chosen (`?version=`) or published one in full."""
    listed = queries.versions(key)
    if not listed:
        raise NotFound("process_unknown", "There is no such process.")
    wanted = request.args.get("version", type=int)
    chosen = next((v for v in listed if v.version == wanted), None) or next(
        (v for v in listed if v.is_published), listed[0]
    )
    return shell.page(
        "process.html", section="processes", key=key, versions=listed, chosen=chosen,
        running=queries.running_counts(), may_deploy=policy.may_deploy(frame.viewer()), starts=starts.upcoming(key),
        may_publish=policy.may_publish(frame.viewer()), may_withdraw=policy.may_publish(frame.viewer()) and key not in starts.NEEDED,
        movable=sum(count for _row, count in migrating.sources(key, chosen.version)),
        migrations=orchestration.of_process(key), numbers={v.id: v.version for v in listed},
    )  # fmt: skip


@blueprint.get("/processes/<key>/versions/<int:version>/diagram.bpmn")
@looks
def diagram(key: str, version: int) -> Response:
    """Hand out a version's diagram, byte for byte as it was uploaded."""
    found = queries.version(key, version)
    headers = {"Content-Disposition": f'attachment; filename="{key}-v{version}.bpmn"'}
    return Response(blob(found.xml_digest), mimetype="application/xml", headers=headers)


@blueprint.get("/processes/<key>/versions/<int:version>/files/<name_of_file>")
@looks
def attached(key: str, version: int, name_of_file: str) -> Response:
    """Hand out a decision table or form of a version, byte for byte as it was uploaded."""
    digest = queries.version(key, version).files.get(name_of_file)
    if digest is None:
        raise NotFound("file_unknown", "There is no such file.")
    kind = "application/json" if name_of_file.endswith(".json") else "application/xml"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name_of_file, safe='')}"}
    return Response(blob(digest), mimetype=kind, headers=headers)


@blueprint.get("/processes/new.bpmn")
@designs
def empty() -> Response:
    """Hand out the diagram that a new process starts from."""
    return Response(EMPTY, mimetype="application/xml")


@blueprint.get("/processes/new")
@designs
def new() -> str:
    """Open the editor on an empty diagram."""
    return _editor("", None)


@blueprint.get("/processes/<key>/edit")
@designs
def edit(key: str) -> str:
    """Open the editor on a version (`?version=`), else on the newest."""
    listed = queries.versions(key)
    if not listed:
        raise NotFound("process_unknown", "There is no such process.")
    wanted = request.args.get("version", type=int)
    return _editor(key, next((v for v in listed if v.version == wanted), listed[0]))


def _editor(key: str, base: ProcessDefinition | None) -> str:
    names = {
        "capabilities": sorted(outside.known_capabilities()),
        "decisions": base.facts.get("decisions", []) if base else [],
        "forms": sorted(base.facts.get("forms", {})) if base else [],
    }
    return shell.page("editor.html", section="processes", key=key, base=base, names=names)


def _uploaded(key: str) -> tuple[bytes, dict[str, bytes]]:
    """Return the diagram and its files: those of the version it is based on, replaced by those uploaded along."""
    given = request.files.get("xml")
    if given is None:
        raise Invalid("diagram_missing", "Choose a diagram file (.bpmn).", fields={"xml": "required"})
    files: dict[str, bytes] = {}
    base = request.form.get("base", type=int)
    if base is not None and key:
        files = {name: blob(digest) for name, digest in queries.version(key, base).files.items()}
    for file in request.files.getlist("files"):
        if file.filename:
            files[file.filename.replace("\\", "/").rsplit("/", 1)[-1]] = file.read()
    return given.read(), files


@blueprint.post("/processes/check")
@designs
def check() -> Response:
    """Return the findings of a diagram without storing it."""
    xml, files = _uploaded(request.form.get("key", ""))
    result = definitions.inspect(xml, files=files)
    findings = [{**asdict(finding), "message": gettext(finding.message)} for finding in result.findings]
    body = {"executable": result.executable, "findings": findings}
    return Response(orjson.dumps(body), mimetype="application/json")


@blueprint.post("/processes")
@designs
def deploy() -> Any:
    """Store a diagram as the next version of its process."""
    key = request.form.get("key", "").strip()
    xml, files = _uploaded(key)
    definition = definitions.deploy(key, xml, files=files, note=request.form.get("note", "").strip())
    where = f"/processes/{key}?version={definition.version}"
    if wants_problem():
        return Response(orjson.dumps({"location": where, "version": definition.version}), mimetype="application/json")
    return redirect(where, 303)


@blueprint.post("/processes/<key>/versions/<int:version>/publish")
@publishes
def publish(key: str, version: int) -> Any:
    """Make a version the one that new cases start with; an older one is a roll-back."""
    definitions.publish(queries.version(key, version).id, note=request.form.get("note") or None)
    return redirect(f"/processes/{key}", 303)


@blueprint.post("/processes/<key>/withdraw")
@publishes
def withdraw(key: str) -> Any:
    """Let no case start with a process any more, by mail or by time."""
    starts.withdraw(key)
    return redirect(f"/processes/{key}", 303)


@blueprint.post("/entry-rules")
@publishes
def save_rule() -> Any:
    """Add or change an entry rule."""
    form = request.form
    entry.save_rule(
        form.get("rule", type=int), position=form.get("position", 10, type=int),
        definition_key=form.get("definition_key", ""), channel=form.get("channel", ""),
        account_id=form.get("account", type=int), subject_contains=form.get("subject_contains", ""),
        tier=form.get("tier", ""), language=form.get("language", ""),
    )  # fmt: skip
    return redirect("/processes#rules", 303)


@blueprint.post("/entry-rules/<int:rule_id>/remove")
@publishes
def remove_rule(rule_id: int) -> Any:
    """Remove an entry rule."""
    entry.remove_rule(rule_id)
    return redirect("/processes#rules", 303)
