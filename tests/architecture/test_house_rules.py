"""House rules that no linter knows: sizes, transactions, time, environment, words, owners of models."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import ROOT, Source, calls, dotted, full_name, imported_names, sources

PRODUCT = ("app", "channels", "worker.py", "wsgi.py")
EVERYTHING = (*PRODUCT, "tools", "bench")
CLOCKS = {"datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"}
BANNED_WORDS = {"ticket", "tickets", "conversation", "conversations", "helper", "helpers", "util", "utils"}


def test_modules_are_small() -> None:
    assert not [
        f"{source.name}: {lines} lines" for source in sources(*EVERYTHING) if (lines := source.text.count("\n")) > 400
    ], "split along a noun of the glossary"


def test_test_files_are_small() -> None:
    assert not [
        f"{source.name}: {lines} lines" for source in sources("tests") if (lines := source.text.count("\n")) > 600
    ]


def test_functions_are_small() -> None:
    def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
        return (body[-1].end_lineno or 0) - body[0].lineno + 2

    assert not [
        f"{source.at(node)} {node.name}: {length(node)} lines"
        for source in sources(*EVERYTHING)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > 50
    ]


def test_only_the_frame_commits() -> None:
    """One transaction per request and job: services flush, app/db commits."""
    assert not [
        source.at(call)
        for source in sources("app")
        if not source.name.startswith("app/db/")
        for call, name in calls(source)
        if name.rpartition(".")[2] in {"commit", "rollback", "create_engine", "sessionmaker"}
    ]


def test_views_hold_no_session() -> None:
    """A view calls a service or a query; it neither builds statements nor opens sessions.

    Two modules may: access.py says, once for all views, which rows somebody may see; health.py asks whether the database is there.
    """
    statements = {f"sqlalchemy.{name}" for name in ("select", "insert", "update", "delete", "text")}
    sessions = {f"app.db.{name}" for name in ("session", "frame", "engine")}
    assert not [
        f"{source.name} imports {name}"
        for source in sources("app/web")
        if source.name not in {"app/web/access.py", "app/web/health.py"}
        for name in imported_names(source).values()
        if name in statements | sessions
    ]


def test_requests_are_known_to_the_web_alone() -> None:
    assert not [
        f"{source.name} imports {name}"
        for source in sources("app")
        if source.room not in {"web", "cli"} and source.name != "app/__init__.py"
        for name in imported_names(source).values()
        if name.split(".")[0] == "flask"
    ]


def test_the_clock_is_the_only_source_of_time() -> None:
    assert not [
        source.at(call)
        for source in sources(*PRODUCT)
        if source.path.name != "clock.py"
        for call, name in calls(source)
        if full_name(name, imported_names(source)) in CLOCKS
    ]


def test_only_the_demo_moves_the_clock() -> None:
    moved = re.compile(r"\bclock\.at\(|from app\.clock import .*\bat\b")
    assert not [
        source.name
        for source in sources("app", "channels", "worker.py", "wsgi.py")
        if moved.search(source.text) and not source.name.startswith("app/cli/demo/")
    ]


def test_only_settings_read_the_environment() -> None:
    def reads(source: Source) -> list[str]:
        imported = imported_names(source)
        return [
            source.at(node)
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Attribute | ast.Name)
            and full_name(dotted(node), imported) in {"os.environ", "os.getenv", "os.environb"}
        ]

    assert not [
        place for source in sources("app", "channels") if source.name != "app/settings.py" for place in reads(source)
    ]


def test_words_of_the_glossary() -> None:
    """One word per thing: names that the glossary bans are not used for anything in code."""
    found = []
    for source in sources(*PRODUCT):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                words = re.findall(r"[A-Z]?[a-z]+", node.name)
                if BANNED_WORDS & {word.lower() for word in words}:
                    found.append(f"{source.at(node)} {node.name}")
        if source.path.stem in BANNED_WORDS:
            found.append(source.name)
    assert not found


def test_every_module_says_what_it_owns() -> None:
    assert not [
        source.name for source in sources(*EVERYTHING) if source.text.strip() and not ast.get_docstring(source.tree)
    ]


def _models() -> dict[str, str]:
    """Full name of every model → its room."""
    found = {}
    for source in sources("app"):
        for node in source.tree.body:
            bases = {base.id for base in getattr(node, "bases", []) if isinstance(base, ast.Name)}
            if isinstance(node, ast.ClassDef) and "Base" in bases:
                module = ".".join(source.path.relative_to(ROOT).with_suffix("").parts)
                found[f"{module}.{node.name}"] = source.room
    return found


def test_only_the_owner_makes_or_changes_its_models() -> None:
    """Others call the owner's service: no construction, no INSERT, UPDATE or DELETE from outside."""
    models = _models()
    assert len(models) > 10
    found = []
    for source in sources("app"):
        imported = imported_names(source)
        for call, name in calls(source):
            target = full_name(name, imported)
            if models.get(target, source.room) != source.room:
                found.append(f"{source.at(call)} makes {name}")
            if (
                target.rpartition(".")[2] in {"insert", "update", "delete"}
                and target.startswith("sqlalchemy.")
                and call.args
            ):
                subject = full_name(ast.unparse(call.args[0]).split(".__table__")[0], imported)
                if models.get(subject, source.room) != source.room:
                    found.append(f"{source.at(call)} changes {subject}")
    assert not found
