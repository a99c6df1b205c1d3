"""`flask verify-audit`: proves that nothing was altered, in the database or in an exported file far away from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from app import db
from app.audit import service as audit
from app.audit.chain import Verdict
from app.cases import queries as cases
from app.cases.service import chain_of
from app.cli.frame import spoken
from app.errors import Invalid

MAX_EXPORT = 512 * 1024 * 1024


@click.command("verify-audit")
@click.argument("chains", nargs=-1)
@click.option("--file", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Verify an exported proof; needs no database.")  # fmt: skip
@click.option("--export", "export_to", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the proof of the one chain named to this file.")  # fmt: skip
def verify_audit(chains: tuple[str, ...], files: tuple[Path, ...], export_to: Path | None) -> None:
    """Verify audit chains: all, those named (case:7 or a case number), or exported files.

    Names the first bad event of each broken chain; the exit code is 1 when one is broken.
    """
    if export_to is not None:
        spoken(lambda: _export(chains, export_to))
        return
    verdicts = spoken(lambda: _verdicts(chains, files))
    broken = [(name, verdict) for name, verdict in verdicts if not verdict.is_intact]
    for name, verdict in broken:
        click.echo(f"BROKEN  {name}: event {verdict.bad_seq} is the first that does not fit: {verdict.why}.")
    if chains or files:
        for name, verdict in verdicts:
            if verdict.is_intact:
                click.echo(f"intact  {name}: {verdict.events} events, head {verdict.head}")
    events = sum(verdict.events for _name, verdict in verdicts)
    click.echo(f"{len(verdicts)} chains, {events} events, {len(broken)} broken.")
    if broken:
        raise SystemExit(1)


def _verdicts(chains: tuple[str, ...], files: tuple[Path, ...]) -> list[tuple[str, Verdict]]:
    """Verify files without touching the database, then chains: those named, or all when nothing is named at all."""
    verdicts = [(str(path), _of_file(path)) for path in files]
    if files and not chains:
        return verdicts
    return verdicts + db.transact(lambda: [(name, audit.verify_chain(name)) for name in _named(chains)])


def _named(chains: tuple[str, ...]) -> list[str]:
    if not chains:
        return audit.all_chains()
    return [name if ":" in name else chain_of(cases.by_number(name).id) for name in chains]


def _of_file(path: Path) -> Verdict:
    if path.stat().st_size > MAX_EXPORT:
        raise Invalid("too_large", f"{path} is larger than any export.")
    try:
        content: Any = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Invalid("not_json", f"{path} is not JSON ({error}): export the proof again.") from None
    return audit.verify_export(content)


def _export(chains: tuple[str, ...], target: Path) -> None:
    if len(chains) != 1:
        raise Invalid("one_chain", "Name the one chain to export, as case:7 or by case number.")
    proof = db.transact(lambda: audit.export_chain(_named(chains)[0]))
    target.write_bytes(orjson.dumps(proof, option=orjson.OPT_INDENT_2))
    click.echo(f"Wrote {proof['length']} events of {proof['chain']} to {target}.")
