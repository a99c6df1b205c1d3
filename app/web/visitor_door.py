"""The door for visitors of other sites: which pages may knock, whose token it is, how often, and answers that only they may read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from flask import Response, g, request

from app.errors import DeskError, Forbidden, Invalid
from app.identity.throttle import address_key
from app.messaging.chats import limits, visitors
from app.messaging.chats.models import Chat
from app.messaging.models import ChannelAccount
from app.orchestration.chatting import beginning
from app.settings import settings
from app.web import frame
from app.web.errors import problem, status_of
from channels.chat.config import WidgetConfig

BEARER = "Bearer "
MAX_BODY = 32 * 1024
#: For so many seconds a browser need not ask again whether it may knock.
PREFLIGHT_SECONDS = 3600


def knocking(key: str) -> tuple[ChannelAccount, WidgetConfig]:
    """Return the widget that a request names, once its page is one on which that widget may stand; raises Forbidden."""
    account, config = beginning.widget(key)
    page = request.headers.get("Origin", "")
    if not page and request.headers.get("Sec-Fetch-Site") == "same-origin":
        page = settings().public_url  # a browser names no origin when it asks its own
    if not (config.admits(page) or page == settings().public_url):
        raise Forbidden("origin_refused", f"The site {page[:200] or '(none)'} is not on the list of this widget.")
    g.chat_origin = page
    limits.check(limits.ASK, caller())
    return account, config


def origin() -> str:
    """Return the origin of the page that asks and was let in."""
    return str(g.chat_origin)


def caller() -> str:
    """Return the network address that asks, as limits count it."""
    return address_key(request.remote_addr or "")


def chat(account: ChannelAccount) -> Chat:
    """Return the chat whose token the request shows; raises Forbidden."""
    header = request.headers.get("Authorization", "")
    return visitors.by_token(account.id, header.removeprefix(BEARER).strip() if header.startswith(BEARER) else "")


def body() -> dict[str, Any]:
    """Return the JSON object that was sent; raises Invalid. A larger one than anybody types is not read."""
    request.max_content_length = MAX_BODY
    try:
        found = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Invalid("bad_body", "Send a JSON object.")
    return found


def answer(facts: Any = None, status: int = 200) -> Response:
    """Return JSON for the widget."""
    return Response(b"" if facts is None else orjson.dumps(facts), status, content_type="application/json")


def refusals_as_json(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let refusals of a view be JSON, with the headers that let the page read them."""

    @wraps(view)
    def guarded(*args: Any, **values: Any) -> Response:
        try:
            return view(*args, **values)
        except limits.TooMany as error:
            frame.keep()
            refused = problem(429, error.code, error.message)
            refused.headers["Retry-After"] = str(error.seconds)
            return refused
        except DeskError as error:
            return problem(status_of(error), error.code, error.message, fields=error.fields)

    return guarded


def open_to_page(response: Response) -> Response:
    """Say which page may read the answer: the one that was let in, and no other."""
    page = g.get("chat_origin", "")
    response.headers["Vary"] = "Origin"
    if page:
        response.headers["Access-Control-Allow-Origin"] = page
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    return response


def preflight() -> Response:
    """Answer a browser that asks whether a page may knock."""
    response = Response("", 204)
    response.headers["Access-Control-Allow-Methods"] = "GET, POST"
    response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, X-File-Name, X-Line-Id"
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response
