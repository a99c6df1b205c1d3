"""What users choose for their own desk: density, keys, which news their browser shows."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request

from app.errors import Invalid
from app.identity import preferences, service
from app.web import account, frame, keys, notices, shell
from app.web.rules import signed_in

blueprint = Blueprint("preferences", __name__)


def own() -> preferences.Preferences:
    """Return what the viewer has chosen."""
    return preferences.of(frame.viewer().user_id)


def _saved(part: str) -> Any:
    return redirect(f"/account?saved={part}#{part}", 303)


@blueprint.post("/preferences/look")
@signed_in
def look() -> Any:
    """Keep appearance and density. The page changes at once by itself; without scripts it comes again."""
    viewer, form = frame.viewer(), request.form
    if "theme" in form:
        service.change_user(viewer.user_id, theme=form["theme"])
    if "density" in form:
        preferences.set_density(viewer.user_id, form["density"])
    return Response(status=204) if request.headers.get("HX-Request") else _saved("look")


@blueprint.post("/preferences/keys")
@signed_in
def set_keys() -> Any:
    """Keep keys of one's own, switch single keys off or on, or take all of it back."""
    form = request.form
    try:
        wanted = {} if form.get("reset") else keys.chosen({name: form[name] for name in keys.ACTIONS if name in form})
    except Invalid as error:
        return account.page(status=422, error=error.message, fields=error.fields, typed=form)
    preferences.set_keys(frame.viewer().user_id, wanted, on=bool(form.get("reset") or form.get("on")))
    return _saved("keys")


@blueprint.post("/preferences/telling")
@signed_in
def set_telling() -> Any:
    """Keep which kinds of news the browser shows, and the quiet hours."""
    form = request.form
    try:
        preferences.set_telling(
            frame.viewer().user_id, set(form.getlist("tell")) & set(notices.KINDS),
            quiet=(form.get("quiet_from", ""), form.get("quiet_until", "")), zone=form.get("zone", ""),
        )  # fmt: skip
    except Invalid as error:
        return account.page(status=422, error=error.message, fields=error.fields, typed=form)
    return _saved("telling")


shell.with_every_page("preferences", own)
shell.with_every_page("bindings", lambda: keys.bindings(own()))
shell.with_every_page("shortcuts_shown", lambda: keys.sheet(own()))
