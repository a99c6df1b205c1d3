"""The contract of an API call: what it takes and gives, declared once, checked on every call, and shown as OpenAPI."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from flask import Response, request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.datastructures import FileStorage

from app.errors import Invalid
from app.web.api import once

# What a view may return in place of a model, on paths where making models would cost more than the work: the tests check
# every answer against its model.
Plain = dict[str, Any]
Shape = TypeVar("Shape", bound=BaseModel)
ATTRIBUTE = "api_operation"
JSON = "application/json"


class In(BaseModel):
    """Base of what callers send: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Out(BaseModel):
    """Base of what callers get."""

    model_config = ConfigDict(from_attributes=True)


@dataclass(frozen=True, slots=True)
class Operation:
    """One API call as it is documented. Without `answers` it gives out the bytes of a file."""

    summary: str
    tag: str
    answers: type[BaseModel] | None
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    status: int
    is_repeatable: bool
    takes_file: bool


def operation(
    summary: str, *, tag: str, answers: type[BaseModel] | None, query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None, status: int = 200, is_repeatable: bool = False, takes_file: bool = False,
) -> Callable[[Callable[..., BaseModel | Plain | Response]], Callable[..., Response]]:  # fmt: skip
    """Check query and body against their models and answer with the returned one.

    `is_repeatable` lets callers send an Idempotency-Key: the same call again gets the same answer and does nothing.
    `takes_file` gives the view the `file` of a multipart form.
    """
    described = Operation(summary, tag, answers, query, body, status, is_repeatable, takes_file)

    def wrap(view: Callable[..., BaseModel | Plain | Response]) -> Callable[..., Response]:
        @functools.wraps(view)
        def call(**path: Any) -> Response:
            arguments = {**path, **_taken(described)}
            if is_repeatable:
                return once.answer(lambda: _told(view(**arguments), status))
            return _told(view(**arguments), status)

        setattr(call, ATTRIBUTE, described)
        return call

    return wrap


def operation_of(view: Any) -> Operation | None:
    """Return what a view declares."""
    found = getattr(view, ATTRIBUTE, None)
    return found if isinstance(found, Operation) else None


def _told(answer: BaseModel | Plain | Response, status: int) -> Response:
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, dict):
        return Response(orjson.dumps(answer, option=orjson.OPT_UTC_Z), status, content_type=JSON)
    return Response(answer.model_dump_json(), status, content_type=JSON)


def _taken(described: Operation) -> dict[str, Any]:
    taken: dict[str, Any] = {}
    if described.takes_file:
        taken["file"] = _file()
    if described.query is not None:
        taken["query"] = _checked(described.query, {name: request.args[name] for name in request.args})
    if described.body is not None:
        taken["body"] = _checked_body(described.body)
    return taken


def _file() -> FileStorage:
    given = request.files.get("file")
    if given is None:
        raise Invalid(
            "file_missing",
            "Send the file as the field `file` of a multipart/form-data body.",
            fields={"file": "required"},
        )
    return given


def _checked_body(shape: type[Shape]) -> Shape:
    data = request.get_data() or b"{}"
    if request.mimetype != JSON and request.get_data():
        raise Invalid("not_json", "Send the body as application/json.")
    try:
        return shape.model_validate_json(data)
    except ValidationError as error:
        raise _invalid(error) from None


def _checked(shape: type[Shape], values: dict[str, Any]) -> Shape:
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> Invalid:
    fields: dict[str, str] = {}
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        fields.setdefault(".".join(map(str, each["loc"])) or "body", str(each["msg"]).removeprefix("Value error, "))
    named = "; ".join(f"{name}: {why}" for name, why in list(fields.items())[:5])
    return Invalid("bad_request", f"The request does not fit: {named}.", fields=fields)
