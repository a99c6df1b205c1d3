"""The door for vendors' webhooks: `/hooks/<key of the account>/…`. Light on purpose: no session, no page, one transaction."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.messaging import hooks
from app.settings import settings
from app.web import frame
from app.web.rules import hopeful, public
from channels.port import WebhookRequest

blueprint = Blueprint("hooks", __name__, url_prefix=hooks.PREFIX)
#: A vendor that is told to come back later does so; anybody else learns nothing.
_STATUS = {hooks.PAUSED: 503, hooks.MISCONFIGURED: 503}
RETRY_SECONDS = 120


@blueprint.route("/<hook>/", defaults={"rest": ""}, methods=["GET", "POST"])
@blueprint.route("/<hook>/<path:rest>", methods=["GET", "POST"])
@public
@hopeful
def take(hook: str, rest: str) -> Response:
    """Take what a vendor tells. The answer is empty either way: 200 when it is stored, else a refusal without detail."""
    del rest  # part of the signed address; the provider reads it there
    request.max_content_length = hooks.MAX_BODY
    if (request.content_length or 0) > hooks.MAX_BODY:
        return _answer(413)
    account = hooks.by_key(hook)
    if account is None:
        return _answer(404)
    try:
        hooks.take(account, _request())
    except hooks.Refused as refused:
        hooks.count_refused(account.id, refused.why)
        frame.keep()
        return _answer(_STATUS.get(refused.why, 403))
    return _answer(200)


def _request() -> WebhookRequest:
    raw = str(request.environ.get("RAW_URI", ""))  # as it was asked for: a signature covers each character
    path = raw if raw.startswith("/") else request.full_path.removesuffix("?")
    return WebhookRequest(
        method=request.method, url=f"{settings().public_url}{path}", body=request.get_data(cache=False, parse_form_data=False),
        headers={name.lower(): value for name, value in request.headers.items()}, peer=request.remote_addr or "",
    )  # fmt: skip


def _answer(status: int) -> Response:
    answer = Response(b"", status, content_type="text/plain; charset=utf-8")
    if status == 503:
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer
