"""What the chat widget on other sites asks of the desk. Its visitors prove themselves by their token; see `visitor_door`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, request, send_from_directory

from app import db, visiting
from app.blobs import get as blob
from app.errors import Invalid, NotFound
from app.messaging.chats import limits, shown, visitors
from app.messaging.chats.models import Chat, ChatState
from app.messaging.models import ChannelAccount
from app.orchestration.chatting import beginning, leaving, queueing, talking
from app.settings import settings
from app.web import assets
from app.web import visitor_door as door
from app.web.files import download
from app.web.rules import hopeful, public
from channels.chat.config import WidgetConfig
from channels.chat.lines import MAX_TEXT

blueprint = Blueprint("visitor", __name__, url_prefix="/chat")
blueprint.after_request(door.open_to_page)
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
SCRIPT_SECONDS = 300


@blueprint.get("/widget.js")
@public
def script() -> Response:
    """Return the widget's script, for pages of any site; what it may do there is asked at the other routes."""
    name = assets.manifest().get("widget.js")
    if name is None:
        raise NotFound("widget_unbuilt", "The front end is not built.")
    response = send_from_directory(assets.DIST, name, mimetype="text/javascript", max_age=SCRIPT_SECONDS)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = f"public, max-age={SCRIPT_SECONDS}"
    return response


@blueprint.route("/<widget>/<path:rest>", methods=["OPTIONS"])
@public
@door.refusals_as_json
def preflight(widget: str, rest: str) -> Response:
    """Say whether a page of this origin may ask anything."""
    del rest
    door.knocking(widget)
    return door.preflight()


@blueprint.get("/<widget>/look", provide_automatic_options=False)
@public
@door.refusals_as_json
def look(widget: str) -> Response:
    """Return how the widget looks and what it asks, and whether somebody is there."""
    account, config = door.knocking(widget)
    return door.answer({**_looks(config), "online": beginning.is_staffed(account)})


def _looks(config: WidgetConfig) -> dict[str, Any]:
    return {
        "title": config.title, "colour": config.colour, "side": config.side, "language": config.language,
        "greeting": config.greeting, "offline_text": config.offline_text, "ask": {"name": config.ask_name, "email": config.ask_email},
        "topics": list(config.topics), "files": list(config.file_types) if config.file_megabytes else [],
        "file_bytes": config.file_megabytes * 1024 * 1024, "rates": config.asks_rating, "mails": leaving.mailbox(config) is not None,
        "signed_only": config.requires_identity, "text": MAX_TEXT,
    }  # fmt: skip


@blueprint.post("/<widget>/begin", provide_automatic_options=False)
@public
@door.refusals_as_json
def begin(widget: str) -> Response:
    """Begin a chat; the token in the answer is shown once and kept by the visitor's browser."""
    account, config = door.knocking(widget)
    limits.check(limits.BEGIN, door.caller())
    chat, token = beginning.begin(account, config, door.body())
    return door.answer({"token": token, **_now(account, chat)}, 201)


@blueprint.get("/<widget>/lines", provide_automatic_options=False)
@public
@door.refusals_as_json
def lines(widget: str) -> Response:
    """Return what was said after a message (`?after=`), how the chat stands, and where to hear of more."""
    account, _config = door.knocking(widget)
    chat = door.chat(account)
    limits.check(limits.LOOK, str(chat.id))
    if visitors.note_here(chat):
        talking.here(chat)
    after = max(request.args.get("after", 0, type=int), 0)
    found = shown.lines(chat, after=after)
    if found:
        talking.came(chat, got=found[-1]["id"])
    return door.answer({"lines": found, "more": len(found) == shown.PAGE, **_now(account, chat)})


def _now(account: ChannelAccount, chat: Chat) -> dict[str, Any]:
    place = queueing.place_of(chat)
    admission = visiting.admission(chat_id=chat.id, origin=door.origin())
    return {
        "state": str(chat.state), "seen": chat.seen_id, "online": beginning.is_staffed(account), "rating": chat.rating,
        "queue": None if place is None else {"place": place.place, "minutes": place.minutes},
        "signed": chat.is_verified, "name": chat.name, "stream": f"{settings().stream_url}?visitor={admission}",
    }  # fmt: skip


@blueprint.post("/<widget>/lines", provide_automatic_options=False)
@hopeful
@public
@door.refusals_as_json
def say(widget: str) -> Response:
    """Take a line of the visitor: stored when this answers, and there once however often it is sent with the same id."""
    account, _config = door.knocking(widget)
    chat = door.chat(account)
    limits.check(limits.LINE, str(chat.id))
    limits.check(limits.LINES, str(chat.id))
    given = door.body()
    beginning.take(account, chat, {"id": client_id(given.get("id")), "text": _text(given)})
    return door.answer({"taken": True}, 202)


def client_id(value: object) -> str:
    """Return the id that a visitor's browser gave a line; raises Invalid."""
    if not isinstance(value, str) or not _CLIENT_ID.fullmatch(value):
        raise Invalid("bad_id", "A line has an id of 8 to 64 letters, digits, - and _.", fields={"id": "wrong"})
    return value


def _text(given: dict[str, Any]) -> str:
    text = given.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Invalid("text_missing", "Write something before you send.", fields={"text": "required"})
    if len(text) > MAX_TEXT:
        raise Invalid("text_too_long", f"A line may have {MAX_TEXT} characters.", fields={"text": "too long"})
    return text.replace("\0", "").strip()


@blueprint.post("/<widget>/signs", provide_automatic_options=False)
@public
@door.refusals_as_json
def signs(widget: str) -> Response:
    """Note how far the visitor's browser has come (`got`, `read`), and tell agents that they type (`typing`)."""
    account, _config = door.knocking(widget)
    chat = door.chat(account)
    limits.check(limits.SIGN, str(chat.id))
    given = door.body()
    visitors.note_here(chat)
    got, read = (
        value if isinstance(value := given.get(key), int) and 0 < value < 2**62 else 0 for key in ("got", "read")
    )
    if got or read:
        talking.came(chat, got=got, read=read)
    if isinstance(given.get("typing"), bool) and chat.state is ChatState.OPEN:
        talking.types(chat, is_typing=given["typing"])
    return door.answer(None, 204)


@blueprint.post("/<widget>/end", provide_automatic_options=False)
@public
@door.refusals_as_json
def end(widget: str) -> Response:
    """End the chat, by the visitor's wish."""
    account, _config = door.knocking(widget)
    chat = door.chat(account)
    talking.end(chat, by="visitor")
    return door.answer(_now(account, chat))


@blueprint.post("/<widget>/files", provide_automatic_options=False)
@public
@door.refusals_as_json
def send_file(widget: str) -> Response:
    """Take a file of the visitor: the body is the file, its name and the line's id stand in headers."""
    account, config = door.knocking(widget)
    chat = door.chat(account)
    visitors.check_open(chat)
    limits.check(limits.FILE, str(chat.id))
    request.max_content_length = config.file_megabytes * 1024 * 1024
    line_id = client_id(request.headers.get("X-Line-Id"))
    name = unquote(request.headers.get("X-File-Name", ""), errors="replace")
    chat_id = chat.id
    db.let_go()  # reading the file and looking it through take their time
    file = beginning.check_file(config, name, request.get_data())
    beginning.take(account, visitors.get(chat_id), {"id": line_id, "file": file}, request.get_data())
    return door.answer({"taken": True}, 202)


@blueprint.get("/<widget>/files/<int:file_id>", provide_automatic_options=False)
@public
@door.refusals_as_json
def file(widget: str, file_id: int) -> Response:
    """Hand out a file of this chat, as a download."""
    account, _config = door.knocking(widget)
    chat = door.chat(account)
    limits.check(limits.LOOK, str(chat.id))
    found = shown.file(chat, file_id)
    return download(blob(found.digest), found.name, "application/octet-stream")


@blueprint.post("/<widget>/leave", provide_automatic_options=False)
@public
@door.refusals_as_json
def leave(widget: str) -> Response:
    """Take what a visitor leaves when nobody is there; it is answered by mail."""
    account, config = door.knocking(widget)
    limits.check(limits.LEAVE, door.caller())
    given = door.body()
    leaving.leave(account, config, given, line_id=client_id(given.get("id")))
    return door.answer({"taken": True}, 202)


@blueprint.post("/<widget>/rating", provide_automatic_options=False)
@public
@door.refusals_as_json
def rating(widget: str) -> Response:
    """Keep how the visitor found the chat."""
    account, _config = door.knocking(widget)
    chat = door.chat(account)
    limits.check(limits.SIGN, str(chat.id))
    given = door.body()
    leaving.rate(chat, given.get("stars"), given.get("text"))
    return door.answer(None, 204)


@blueprint.post("/<widget>/transcript", provide_automatic_options=False)
@public
@door.refusals_as_json
def transcript(widget: str) -> Response:
    """Send the chat by mail."""
    account, config = door.knocking(widget)
    chat = door.chat(account)
    limits.check(limits.MAIL, str(chat.id))
    limits.check(limits.LEAVE, door.caller())
    leaving.send_transcript(chat, config, door.body().get("email"))
    return door.answer({"taken": True}, 202)
