"""`flask deploy`: a process folder becomes the next version."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.frame import unit
from app.cli.seed import read_folder
from app.errors import Invalid
from app.workflow import definitions


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--key", default="", help="What the process is known by; the name of the folder or file when not given.")
@click.option("--note", default="", help="What is new.")
@click.option("--draft", is_flag=True, help="Store it without publishing it.")
def deploy(path: Path, key: str, *, note: str, draft: bool) -> None:
    """Deploy PATH: a BPMN file, or a folder with process.bpmn, *.dmn and forms/*.json. Prints every finding.

    Exit code 1 when it can not run; it is stored as a draft then.
    """
    can_run = _deploy(path.resolve(), key, note=note, draft=draft)
    if not can_run:
        click.echo("It can not run until the errors above are mended; it is kept as a draft.", err=True)
        raise SystemExit(1)


@unit
def _deploy(path: Path, key: str, *, note: str, draft: bool) -> bool:
    xml, files = _read(path)
    row = definitions.deploy(key or (path.name if path.is_dir() else path.stem), xml, files=files, note=note)
    for finding in row.findings:
        where = f" at {finding['element_id']}" if finding.get("element_id") else ""
        click.echo(f"{finding['severity']}{where}: {finding['message']} [{finding['code']}]")
    if row.is_executable and not draft:
        definitions.publish(row.id)
    state = "published" if row.is_published else "a draft"
    click.echo(f"{row.key} version {row.version} is {state}; {len(row.findings)} finding(s).")
    return row.is_executable


def _read(path: Path) -> tuple[bytes, dict[str, bytes]]:
    if path.is_file():
        return path.read_bytes(), {}
    if not (path / "process.bpmn").is_file():
        raise Invalid("no_process", f"There is no process.bpmn in {path}.")
    return read_folder(path)
