"""API: files: upload one to send it with a message, download those of messages.

An upload is known by a signed text that names its case and its sender: a digest alone, which others may know, attaches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response
from pydantic import Field
from werkzeug.datastructures import FileStorage

from app import blobs
from app.crypto import sign, unsign
from app.errors import Forbidden, Invalid
from app.messaging import drafts
from app.web import access, frame
from app.web.api.contract import Out, operation
from app.web.files import download
from app.web.rules import allow, signed_in
from channels.email.names import safe_name

blueprint = Blueprint("api_files", __name__)
PURPOSE = "api-upload"
KEPT_SECONDS = 24 * 3600
PLAIN = "application/octet-stream"
MAX_TYPE = 120


class Uploaded(Out):
    """A file that can be sent with a message of this case within a day."""

    upload: str = Field(description="Pass it in `files` of the message. Only who uploaded it can use it, on this case.")
    name: str = Field(description="The name it will carry: without folders and characters that no file should have.")
    media_type: str
    size: int
    sha256: str


@blueprint.post("/cases/<number>/files")
@operation("Upload a file", tag="files", answers=Uploaded, status=201, takes_file=True)
@allow("agent", "manager")
def upload(number: str, file: FileStorage) -> Uploaded:
    """Keep a file for a reply or note on this case. 413 or 422: it is too large."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    content = file.stream.read()
    drafts.check_size(len(content))
    name, media_type = safe_name(file.filename or "") or "file", _media_type(file)
    digest = blobs.put(content)
    told = [case.id, viewer.user_id, digest, name, media_type, len(content)]
    return Uploaded(upload=sign(PURPOSE, told), name=name, media_type=media_type, size=len(content), sha256=digest)


def _media_type(file: FileStorage) -> str:
    return file.mimetype if file.mimetype and len(file.mimetype) <= MAX_TYPE else PLAIN


def uploaded(uploads: Sequence[str], *, case_id: int, user_id: int) -> list[Mapping[str, Any]]:
    """Return the files that these uploads stand for; raises Invalid for one that is not this user's on this case, or too old."""
    return [_file(text, case_id=case_id, user_id=user_id) for text in uploads]


def _file(text: str, *, case_id: int, user_id: int) -> Mapping[str, Any]:
    try:
        case, user, digest, name, media_type, size = unsign(PURPOSE, text, max_age=KEPT_SECONDS)
    except Forbidden:
        case = user = None
    if (case, user) != (case_id, user_id):
        raise Invalid(
            "bad_upload", "Upload the file to this case first, within the last day.", fields={"files": "not usable"}
        )
    return {"name": name, "media_type": media_type, "size": size, "digest": digest}


@blueprint.get("/attachments/<int:attachment_id>")
@operation("Download a file", tag="files", answers=None)
@signed_in
def get_attachment(attachment_id: int) -> Response:
    """Return the bytes of a file of a message that you may see."""
    found = access.attachment(frame.viewer(), attachment_id)
    return download(blobs.get(found.digest), found.name, PLAIN)
