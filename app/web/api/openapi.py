"""The OpenAPI 3.1 document, made from what the routes declare: it cannot say anything else than what is checked."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule as Route

from app.web.api.contract import JSON, Operation, operation_of
from app.web.errors import PROBLEM

PREFIX = "/api/v1"
VERSION = "1.0.0"
REFERENCE = "#/components/schemas/{model}"
_VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")
_TYPES = {"int": {"type": "integer"}, "": {"type": "string"}}
_FORM = {
    "type": "object",
    "properties": {"file": {"contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}
_PROBLEMS = {
    "400": "The request could not be read.",
    "401": "No token, or one that is unknown, revoked or expired.",
    "403": "Your role may not do this.",
    "404": "There is no such thing, or it is not for you.",
    "409": "Somebody was faster, or it is not possible in the present state.",
    "413": "The body is too large.",
    "422": "The input is wrong; `errors` names the fields.",
    "503": "A part that is needed does not answer; try again later.",
}


def document(app: Flask) -> dict[str, Any]:
    """Return the document for all API routes of the application."""
    routes = [
        (route, found)
        for route in sorted(app.url_map.iter_rules(), key=lambda route: route.rule)
        if (found := operation_of(app.view_functions[route.endpoint])) is not None
    ]
    paths: dict[str, dict[str, Any]] = {}
    schemas = _schemas([found for _route, found in routes])
    for route, found in routes:
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            view = app.view_functions[route.endpoint]
            paths.setdefault(_path(route), {})[method.lower()] = _operation(route, found, view.__doc__ or "", schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringback",
            "version": VERSION,
            "description": "Cases, their processes and work orders. Errors are RFC 9457 problem documents.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas, "Problem": _problem_schema()},
            "responses": {code: _problem_response(text) for code, text in _PROBLEMS.items()},
        },
    }


def _path(route: Route) -> str:
    return _VARIABLE.sub(r"{\2}", route.rule)


def _schemas(operations: list[Operation]) -> dict[str, Any]:
    answers = {(found.answers, "serialization") for found in operations if found.answers}
    bodies = {(found.body, "validation") for found in operations if found.body}
    queries = {(found.query, "validation") for found in operations if found.query}
    wanted = sorted(answers | bodies | queries, key=lambda each: each[0].__name__)
    _, made = models_json_schema(wanted, ref_template=REFERENCE)  # type: ignore[arg-type]
    return dict(made["$defs"])


def _operation(route: Route, found: Operation, text: str, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": route.endpoint.rpartition(".")[2],
        "summary": found.summary,
        "description": " ".join(text.split()),
        "tags": [found.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(found, schemas), *_header_parameters(found)],
        "responses": {
            str(found.status): {"description": "Done.", "content": _content(found)},
            **{code: {"$ref": f"#/components/responses/{code}"} for code in _PROBLEMS},
        },
    }
    if found.body is not None:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": _reference(found.body)}}}
    if found.takes_file:
        described["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}
    return described


def _content(found: Operation) -> dict[str, Any]:
    if found.answers is None:
        return {"application/octet-stream": {}}  # bytes of any kind have no schema in OpenAPI 3.1
    return {JSON: {"schema": _reference(found.answers)}}


def _reference(shape: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=shape.__name__)}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _TYPES[converter or ""]}
        for converter, name in _VARIABLE.findall(route.rule)
    ]


def _query_parameters(found: Operation, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if found.query is None:
        return []
    shape = schemas[found.query.__name__]
    required = set(shape.get("required", []))
    return [
        {
            "name": name, "in": "query", "required": name in required, "description": schema.get("description", ""),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }
        for name, schema in shape["properties"].items()
    ]  # fmt: skip


def _header_parameters(found: Operation) -> list[dict[str, Any]]:
    if not found.is_repeatable:
        return []
    text = "Any text of your own: the same call with the same key is done once and gets the same answer for two days."
    return [
        {
            "name": "Idempotency-Key", "in": "header", "required": False, "description": text,
            "schema": {"type": "string", "maxLength": 200},
        }
    ]  # fmt: skip


def _problem_response(text: str) -> dict[str, Any]:
    return {"description": text, "content": {PROBLEM: {"schema": {"$ref": REFERENCE.format(model="Problem")}}}}


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    field = {"type": "object", "properties": {"field": text, "message": text}, "required": ["field", "message"]}
    return {
        "type": "object",
        "title": "Problem",
        "description": "RFC 9457. `code` is stable; `detail` is a sentence for people.",
        "properties": {
            "type": text, "title": text, "status": {"type": "integer"}, "code": text, "detail": text, "instance": text,
            "errors": {"type": "array", "items": field},
        },
        "required": ["type", "title", "status", "code", "detail"],
    }  # fmt: skip
