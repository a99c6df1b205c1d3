"""The built front end: found by name, small enough for the first page, built once, and no registry's address is kept."""

from __future__ import annotations

import gzip
import json

import pytest

from app.errors import Unavailable
from app.web import assets as built
from tools import assets

FIRST_PAGE_BYTES = 150_000


@pytest.fixture(scope="module", autouse=True)
def _build():
    assets.build()


def test_names_lead_to_files_with_their_digest():
    for name in ("desk.js", "desk.css", "viewer.js", "viewer.css", "modeler.js", "modeler.css"):
        address = built.asset(name)
        assert address.startswith("/static/dist/")
        assert (built.DIST / address.rsplit("/", 1)[1]).is_file()
        assert address != f"/static/dist/{name}"


def test_the_first_page_is_light():
    total = sum(
        len(gzip.compress((built.DIST / assets.manifest()[name]).read_bytes())) for name in ("desk.js", "desk.css")
    )
    assert total <= FIRST_PAGE_BYTES


def test_an_unchanged_tree_is_not_built_again(monkeypatch):
    monkeypatch.setattr(assets, "_run", lambda *words: pytest.fail(f"ran {words}"))
    assert assets.build() is False


def test_unknown_names_and_a_missing_build_are_told(monkeypatch, tmp_path):
    with pytest.raises(Unavailable, match=r"has no nothing\.js"):
        built.asset("nothing.js")
    monkeypatch.setattr(built, "DIST", tmp_path)
    with pytest.raises(Unavailable, match="make setup"):
        built.asset("desk.js")


def test_served_files_may_be_kept_for_ever(application):
    with application.test_client().get(built.asset("desk.css"), buffered=True) as answer:
        assert answer.status_code == 200
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_the_lock_names_no_registry():
    lock = json.loads((assets.ROOT / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_versions_are_pinned():
    package = json.loads((assets.ROOT / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert not [name for name, version in wanted.items() if not version[0].isdigit()]


def test_the_mark_of_the_diagram_library_stays():
    script = (built.DIST / assets.manifest()["viewer.js"]).read_text()
    assert "https://bpmn.io" in script
    style = (built.DIST / assets.manifest()["viewer.css"]).read_text()
    assert "bjs-powered-by{display:none" not in style.replace(" ", "")
