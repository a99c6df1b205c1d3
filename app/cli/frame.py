"""What all commands share: the unit of work, who acts, errors as sentences, tables."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError

from app import db, events
from app.errors import DeskError
from app.events import Actor

Command = TypeVar("Command", bound=Callable[..., Any])
OPERATOR = Actor("system", None, "Command line")


def unit(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command in one unit of work, in the name of the command line; refusals become a sentence and exit code 1."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        with events.acting(OPERATOR):
            return spoken(lambda: db.transact(lambda: command(*args, **options)))

    return run


def spoken(work: Callable[[], Any]) -> Any:
    """Run `work`; a refusal or an unreachable database is told in a sentence, not as a traceback."""
    try:
        return work()
    except DeskError as error:
        detail = "".join(f"\n  {name}: {text}" for name, text in error.fields.items() if text not in error.message)
        raise click.ClickException(error.message + detail) from None
    except OperationalError as error:
        raise click.ClickException(f"The database does not answer: {_first_line(error)}. Check DATABASE_URL.") from None
    except DataError:
        raise click.ClickException("The input holds a number or character that can not be stored.") from None
    except ProgrammingError as error:
        raise click.ClickException(
            f"The database has other tables than this version needs: {_first_line(error)}. Run `alembic upgrade head`."
        ) from None


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows in columns; nothing but a line when there are none."""
    if not rows:
        click.echo("None.")
        return
    cells = [list(head), *([str(cell) if cell is not None else "" for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
