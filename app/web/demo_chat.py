"""A page of an imaginary customer of the desk, on which the demo's chat widget can be tried. Only where there is demo data."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.errors import NotFound
from app.orchestration.chatting import beginning
from app.settings import settings
from app.web.rules import public

blueprint = Blueprint("demo_chat", __name__)
LANGUAGES = ("en", "zh", "ar")


@blueprint.get("/demo/chat")
@public
def page() -> str:
    """Show the page with the widget (`?widget=`, the demo's own without) in a language (`?language=`). Raises NotFound in a desk without demo data."""
    if not settings().demo_data:
        raise NotFound("no_demo", "This desk has no demo.")
    account, _config = beginning.widget(request.args.get("widget", "website"))
    language = request.args.get("language", "")
    return render_template("demo_chat.html", widget=account.address, language=language if language in LANGUAGES else "")
