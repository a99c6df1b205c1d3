"""Process definitions: immutable versions, their findings, which one is published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import func, select, update

from app import blobs, events
from app.clock import utcnow
from app.db import forget, known, session, when_bound
from app.errors import Conflict, Invalid, NotFound
from app.workflow import calling, running
from app.workflow.importing import Finding, ImportResult, import_bpmn
from app.workflow.models import ProcessDefinition
from app.workflow.outside import known_capabilities

MAX_FILE = 5 * 1024 * 1024
MAX_NOTE = 2000
LATEST = 50


@dataclass(frozen=True, slots=True)
class Compiled:
    """What is needed to run a definition; kept per process, since a definition never changes."""

    definition_id: int
    key: str
    version: int
    name: str
    digest: str
    process_id: str
    code: bytes


def inspect(xml: bytes, *, files: Mapping[str, bytes] | None = None) -> ImportResult:
    """Return the import report of an upload without storing it."""
    return _read(xml, files or {}).result


def _read(xml: bytes, files: Mapping[str, bytes]) -> calling.Bound:
    found = import_bpmn(xml, dmn=_tables(files), known_capabilities=known_capabilities(), calls_out=True)
    return calling.bind(replace(found, findings=(*found.findings, *_formless(found, files))))


def _formless(found: ImportResult, files: Mapping[str, bytes]) -> list[Finding]:
    there = {_form_key(name) for name in files if name.endswith(".json")}
    return [
        Finding(
            None,
            "warning",
            "form",
            f"The form '{key}' was not uploaded along, so its step shows no fields. Add a form of that key.",
        )
        for key in sorted(found.forms - there)
    ]


def _form_key(name: str) -> str:
    return name[:-5].rsplit("/", 1)[-1]


def _tables(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name.endswith(".dmn")}


def content_digest(xml: bytes, files: Mapping[str, bytes], calls: Mapping[str, str] | None = None) -> str:
    """Return one digest over the diagram, everything that was uploaded with it, and the versions that it calls."""
    total = hashlib.sha256(xml)
    for name in sorted(files):
        total.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    for name, digest in sorted((calls or {}).items()):
        total.update(f"calls {name} {digest}".encode())
    return total.hexdigest()


def deploy(
    key: str, xml: bytes, *, files: Mapping[str, bytes] | None = None, note: str = "", name: str = ""
) -> ProcessDefinition:
    """Store an upload as the next version of `key`, whatever its findings; the same content again gives the version there is.

    `files` holds decisions (*.dmn) and forms (*.json) by name. Records `process_deployed`. Raises Invalid for what is no diagram.
    """
    files = dict(files or {})
    _check_upload(key, xml, files, note)
    same = _same(key, content_digest(xml, files))
    if same is not None and not same.facts.get("calls_out"):
        return same
    bound = _read(xml, files)
    result, digest = bound.result, content_digest(xml, files, bound.digests)
    same = _same(key, digest)
    if same is not None:
        return same
    if not result.processes and any(finding.severity == "error" for finding in result.findings):
        first = next(finding for finding in result.findings if finding.severity == "error")
        raise Invalid("not_bpmn", first.message)
    definition = _store(key, xml, files=files, digest=digest, bound=bound, note=note, name=name)
    events.record(
        "process_deployed", chain=f"process:{key}", version=definition.version, digest=digest, note=note,
        is_executable=result.executable,
    )  # fmt: skip
    return definition


def _same(key: str, digest: str) -> ProcessDefinition | None:
    return session().scalar(
        select(ProcessDefinition).where(ProcessDefinition.key == key, ProcessDefinition.digest == digest)
    )


def _check_upload(key: str, xml: bytes, files: Mapping[str, bytes], note: str) -> None:
    if not key or not key.replace("_", "").replace("-", "").isalnum() or len(key) > 80:
        raise Invalid("bad_key", "A process key has letters, digits, _ and - only, at most 80 of them.")
    if len(note) > MAX_NOTE:
        raise Invalid("note_too_long", f"The note may have {MAX_NOTE} characters.")
    if sum(map(len, files.values())) + len(xml) > MAX_FILE:
        raise Invalid("too_large", "A process with its tables and forms may have 5 MB.")
    for file, content in files.items():
        if file.endswith(".json"):
            _check_form(file, content)
        elif not file.endswith(".dmn"):
            raise Invalid("unknown_file", f"{file}: upload decision tables (.dmn) and forms (.json) only.")


def _check_form(file: str, content: bytes) -> None:
    try:
        form = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Invalid("bad_form", f"{file} is not valid JSON: {error}.") from None
    fields = form.get("fields") if isinstance(form, dict) else None
    if not isinstance(fields, list) or not all(isinstance(f, dict) and isinstance(f.get("key"), str) for f in fields):
        raise Invalid("bad_form", f'{file}: a form is an object with "fields", a list of objects with a "key".')


def _store(
    key: str, xml: bytes, *, files: Mapping[str, bytes], digest: str, bound: calling.Bound, note: str, name: str
) -> ProcessDefinition:
    result = bound.result
    # One deployment of a key at a time: versions are counted under this lock.
    session().execute(select(func.pg_advisory_xact_lock(func.hashtext(f"deploy:{key}"))))
    last = session().scalar(select(func.max(ProcessDefinition.version)).where(ProcessDefinition.key == key))
    main = next((p for p in result.processes if p.is_executable), None) or next(iter(result.processes), None)
    definition = ProcessDefinition(
        key=key,
        version=(last or 0) + 1,
        name=name or (main.name if main and main.name else key),
        digest=digest,
        xml_digest=blobs.put(xml),
        compiled=result.compiled,
        process_id=main.id if main else "",
        findings=[asdict(finding) for finding in result.findings],
        files={file: blobs.put(content) for file, content in files.items()},
        facts={
            "forms": {_form_key(n): orjson.loads(c) for n, c in files.items() if n.endswith(".json")},
            "capabilities": sorted(result.capabilities),
            "decisions": sorted(result.decisions),
            "actions": [asdict(action) for action in result.actions],
            "labels": dict(result.labels),
            "calls": bound.versions,
            "calls_out": bool(result.calls),
        },
        is_executable=result.executable,
        note=note,
        created_by=events.current_actor().name,
        created_at=utcnow(),
    )
    session().add(definition)
    session().flush()
    return definition


def publish(definition_id: int, *, note: str | None = None) -> ProcessDefinition:
    """Make this version the one that new cases start with; an older one is a roll-back. Records `process_published`.

    Raises NotFound, Conflict when it cannot run.
    """
    definition = session().get(ProcessDefinition, definition_id)
    if definition is None:
        raise NotFound("definition_unknown", "There is no such process version.")
    if not definition.is_executable:
        raise Conflict(
            "not_executable", "This version has open findings and cannot run. Mend them and upload it again."
        )
    previous = session().scalar(
        select(ProcessDefinition).where(ProcessDefinition.key == definition.key, ProcessDefinition.is_published)
    )
    if previous is not None and previous.id == definition_id:
        return definition
    session().execute(
        update(ProcessDefinition).where(ProcessDefinition.key == definition.key).values(is_published=False)
    )
    definition.is_published = True
    definition.published_at = utcnow()
    if note is not None:
        definition.note = note[:MAX_NOTE]
    session().flush()
    forget()
    events.record(
        "process_published", chain=f"process:{definition.key}", version=definition.version,
        before=previous.version if previous else None, note=definition.note,
    )  # fmt: skip
    return definition


def withdraw(key: str) -> None:
    """Let no case start with this process any more; its versions stay. Records `process_withdrawn`. Raises NotFound."""
    current = session().scalar(
        select(ProcessDefinition).where(ProcessDefinition.key == key, ProcessDefinition.is_published)
    )
    if current is None:
        raise NotFound("not_published", f"No version of process {key} is published.", key=key)
    current.is_published = False
    session().flush()
    forget()
    events.record("process_withdrawn", chain=f"process:{key}", version=current.version)


def published(key: str) -> Compiled:
    """Return the published version of `key`; raises NotFound."""
    return known(("published", key), lambda: _published(key))


def _published(key: str) -> Compiled:
    found = session().scalar(
        select(ProcessDefinition.id).where(ProcessDefinition.key == key, ProcessDefinition.is_published)
    )
    if found is None:
        raise NotFound("not_published", f"No version of process {key} is published.", key=key)
    return compiled(found)


@lru_cache(maxsize=256)
def _kept(definition_id: int) -> Compiled:
    row = session().get_one(ProcessDefinition, definition_id)
    if row.compiled is None:
        raise Conflict("not_executable", "This version cannot run: it is a draft with open findings.")
    return Compiled(row.id, row.key, row.version, row.name, row.digest, row.process_id, bytes(row.compiled))


def compiled(definition_id: int) -> Compiled:
    """Return what is needed to run a version, from this process's memory when it was used before."""
    return _kept(definition_id)


def opening(definition: Compiled) -> str | None:
    """Return the message start event at which a case that comes in begins; None: where the process begins anyway."""
    return _opening(definition.definition_id)


@lru_cache(maxsize=256)
def _opening(definition_id: int) -> str | None:
    found = _kept(definition_id)
    return running.opening(found.code, digest=found.digest, process_id=found.process_id or None)


def form_of(definition_id: int, key: str) -> dict[str, Any] | None:
    """Return a form of this version or of one that it calls, or None when there is none of that name."""
    facts = _facts(definition_id)
    if (elsewhere := calling.owner(facts.get("calls", {}), key)) is not None:
        return form_of(*elsewhere)
    form = facts.get("forms", {}).get(key)
    if not form:
        return None
    return {**form, "fields": [{"label": field["key"], "type": "text", **field} for field in form["fields"]]}


def called(definition_id: int, part: str) -> int:
    """Return the version behind a part of this version (`billing@3`, `billing@3/mail@1`); itself for an empty one. Raises NotFound."""
    if not part:
        return definition_id
    calls = _facts(definition_id).get("calls", {})
    found = calling.owner(calls, f"{part}{calling.SEPARATOR}")
    if found is None:
        raise NotFound("process_unknown", "There is no such process.")
    return called(found[0], found[1].removesuffix(calling.SEPARATOR))


def labels_of(definition_id: int) -> Mapping[str, Mapping[str, str]]:
    """Return the names of this version's elements in other languages: {"handle": {"zh": "处理"}}."""
    labels: Mapping[str, Mapping[str, str]] = _facts(definition_id).get("labels", {})
    return labels


def actions_of(definition_id: int) -> list[dict[str, Any]]:
    """Return the verbs that this version can put on the screen: verb, roles, label, label_zh, form, element_id."""
    return list(_facts(definition_id).get("actions", ()))


def names_in(language: str) -> dict[str, str]:
    """Return what the latest versions and their elements are called in another language, by the name on the diagram."""
    latest = (
        select(ProcessDefinition.id, ProcessDefinition.name, ProcessDefinition.process_id)
        .where(ProcessDefinition.is_executable)
        .order_by(ProcessDefinition.is_published.desc(), ProcessDefinition.id.desc())
        .limit(LATEST)
    )
    found: dict[str, str] = {}
    for definition_id, name, process_id in reversed(session().execute(latest).all()):
        own = labels_of(definition_id).get(process_id or "", {}).get(language)
        found |= _names(definition_id, language) | ({name: own} if own else {})
    return found


@lru_cache(maxsize=256)
def _names(definition_id: int, language: str) -> dict[str, str]:
    code = _kept(definition_id)
    elements = running.elements(code.code, digest=code.digest)
    labels = labels_of(definition_id)
    return {
        element.name: labels[name][language]
        for name, element in elements.items()
        if element.name and labels.get(name, {}).get(language)
    }


@lru_cache(maxsize=256)
def _facts(definition_id: int) -> dict[str, Any]:
    return dict(session().get_one(ProcessDefinition, definition_id).facts)


when_bound(_kept.cache_clear)
when_bound(_opening.cache_clear)
when_bound(_facts.cache_clear)
when_bound(_names.cache_clear)
