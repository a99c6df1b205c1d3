"""Messages' bodies, raw mails and attachments: shown and handed out so that nothing in them can act in the desk."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

from flask import Blueprint, Response, request
from markupsafe import escape

from app.blobs import get as blob
from app.errors import NotFound
from app.messaging.models import Attachment
from app.messaging.queries import files_of_message
from app.web import access, frame
from app.web.rules import signed_in
from channels.email import html as mail_html

blueprint = Blueprint("files", __name__)
SHOWABLE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
#: So many bytes of pictures are shown within a mail; those beyond are among its files.
MOST_PICTURES = 10 * 1024 * 1024
FRAME_POLICY = "default-src 'none'; img-src 'self' data:{remote}; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
FRAME = """<!doctype html><meta charset="utf-8"><base target="_blank"><style>:root{{color-scheme:light}}
body{{margin:12px;font:14px/1.5 system-ui,"Noto Sans","Noto Sans CJK SC",sans-serif;background:#fff;color:#1d1e22;overflow-wrap:anywhere}}
img{{max-width:100%;height:auto}}table{{max-width:100%}}blockquote{{margin:0 0 0 8px;padding-inline-start:8px;border-inline-start:2px solid #ccc}}</style>{body}"""


@blueprint.get("/messages/<int:message_id>/body")
@signed_in
def body(message_id: int) -> Response:
    """Return a message's HTML for the sandboxed frame; remote images only when asked for (`?images=1`)."""
    message = access.message(frame.viewer(), message_id)
    wants_images = request.args.get("images") == "1"
    shown = message.html or f"<pre>{escape(message.full_text or message.text)}</pre>"
    shown = mail_html.rewrite_cids(shown, _pictures(message.id) if "cid:" in shown else {})
    if wants_images:
        shown = mail_html.unblock_images(shown)
    policy = FRAME_POLICY.format(remote=" https: http:" if wants_images else "")
    return Response(FRAME.format(body=shown), mimetype="text/html", headers={"Content-Security-Policy": policy})


def _pictures(message_id: int) -> dict[str, str]:
    """Return the pictures of a mail by content id, each as a data URL: the frame has no origin, so it may load nothing of ours."""
    found: dict[str, str] = {}
    room = MOST_PICTURES
    for file in files_of_message(message_id):
        if file.content_id and file.media_type in SHOWABLE and file.size <= room:
            room -= file.size
            found[file.content_id] = f"data:{file.media_type};base64,{b64encode(blob(file.digest)).decode()}"
    return found


@blueprint.get("/messages/<int:message_id>/raw")
@signed_in
def raw(message_id: int) -> Response:
    """Hand out the mail exactly as it was received."""
    message = access.message(frame.viewer(), message_id)
    if not message.raw_digest:
        raise NotFound("no_raw", "This message was written here; there is no raw form.")
    return download(blob(message.raw_digest), f"message-{message.id}.eml", "message/rfc822")


@blueprint.get("/attachments/<int:attachment_id>")
@signed_in
def attachment(attachment_id: int) -> Response:
    """Hand out a file; plain pictures may be shown in place (`?inline=1`), everything else is a download."""
    found: Attachment = access.attachment(frame.viewer(), attachment_id)
    content = blob(found.digest)
    if request.args.get("inline") == "1" and found.media_type in SHOWABLE:
        return Response(
            content, mimetype=found.media_type, headers={"Content-Security-Policy": "default-src 'none'; sandbox"}
        )
    return download(content, found.name, "application/octet-stream")


def download(content: bytes, name: str, media_type: str) -> Response:
    """Return an answer that browsers keep as a file and never show in place."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(content, mimetype=media_type, headers=headers)
