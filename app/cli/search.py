"""`flask search`: proves that what a query finds is what the rows say."""

from __future__ import annotations

import random
from datetime import UTC

import click
from sqlalchemy import select

from app.cases.filtering import Scope, checking, parse
from app.cases.filtering.names import scope_of
from app.cases.filtering.tree import Node
from app.cases.models import Case
from app.cli.frame import unit
from app.db import session
from app.identity import queries as identity


@click.group("search")
def search() -> None:
    """The search and its query language."""


@search.command("check")
@click.argument("queries", nargs=-1)
@click.option(
    "--cases",
    "size",
    default=1_000,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many cases, at random.",
)
@click.option(
    "--count",
    default=200,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many random queries, without QUERIES.",
)
@click.option("--seed", default=1, show_default=True, help="Another number: other cases and queries.")
@click.option("--as", "login", required=True, help="Login of the user that `me` and `mine` mean.")
@unit
def check(queries: tuple[str, ...], *, size: int, count: int, seed: int, login: str) -> None:
    """Answer queries (these, or random ones) by the database and by plain Python over its rows, and compare.

    The exit code is 1 when they differ.
    """
    scope = scope_of(identity.viewer(identity.user_by_login(login).id), zone=UTC)
    ids = list(session().scalars(select(Case.id).order_by(Case.id)))
    chosen = random.Random(seed).sample(ids, min(size, len(ids)))  # noqa: S311 -- for variety, not for secrets
    cases = checking.load(chosen)
    asked = [parse(text) for text in queries] or checking.some_queries(count, cases, scope, seed=seed)
    drifts = _confirmed(asked, cases, scope)
    for drift in drifts:
        click.echo(f"DRIFT  {drift.query}")
        click.echo(
            f"  only in the database's answer: {_some(drift.only_database)}; only in plain Python's: {_some(drift.only_plain)}"
        )
    click.echo(f"{len(asked)} queries over {len(cases)} cases, drift {len(drifts)}.")
    if drifts:
        raise SystemExit(1)


def _confirmed(asked: list[Node], cases: list[checking.Plain], scope: Scope) -> list[checking.Drift]:
    """Look again at what differs: in a desk at work a case may have changed between the two answers."""
    drifts = checking.check(asked, cases, scope)
    if not drifts:
        return []
    session().expire_all()
    again = checking.load([case.row.id for case in cases])
    return checking.check([parse(drift.query) for drift in drifts], again, scope)


def _some(case_ids: tuple[int, ...]) -> str:
    shown = ", ".join(str(case_id) for case_id in case_ids[:10])
    return f"{shown or 'none'}{' …' if len(case_ids) > 10 else ''}"
