"""Builds the desk's scripts and styles: `python -m tools.assets build|watch|manifest`. An unchanged tree does nothing and needs no network."""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.node import environment, node, npm

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "app" / "web" / "js"
STYLES = ROOT / "app" / "web" / "css"
DIST = ROOT / "app" / "web" / "static" / "dist"
PACKAGES = ROOT / "node_modules"
ENTRIES = ("desk.js", "viewer.js", "modeler.js")
WIDGET = "widget/widget.js"
WATCH_SECONDS = 1.0
FLAGS = (
    "--bundle", "--minify", "--format=esm", "--target=es2022", "--entry-names=[name]-[hash]", "--log-level=error",
    "--loader:.woff=dataurl", "--loader:.woff2=dataurl", "--loader:.ttf=dataurl", "--loader:.eot=dataurl",
    "--loader:.svg=dataurl", "--legal-comments=linked",
)  # fmt: skip
# What stands on other people's sites: one plain script that needs nothing beside it.
WIDGET_FLAGS = (
    "--bundle", "--minify", "--format=iife", "--target=es2020,chrome105,firefox102,safari15.4", "--entry-names=[name]-[hash]",
    "--log-level=error", "--loader:.css=text",
)  # fmt: skip


class BuildError(Exception):
    """The front end could not be built; the message says why."""


def _digest(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _is_stamped(stamp: Path, digest: str) -> bool:
    return stamp.exists() and stamp.read_text() == digest


def _run(*words: str) -> None:
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(words[:3])} failed:\n{(done.stdout + done.stderr)[-4000:]}")


@contextmanager
def _alone() -> Iterator[None]:
    """Two builds at once would pull the packages away under each other: the second waits, then finds all done."""
    DIST.mkdir(parents=True, exist_ok=True)
    with (DIST / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install() -> None:
    """Install the locked packages, if the lock changed since the last time. Raises BuildError."""
    stamp = PACKAGES / ".ringback-lock"
    digest = _digest([ROOT / "package-lock.json"])
    if not _is_stamped(stamp, digest):
        _run(*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        stamp.write_text(digest)


def sources() -> str:
    """Return a digest of everything that a build is made of."""
    files = [path for kind in ("*.js", "*.json", "*.css") for path in SOURCES.rglob(kind)] + [*STYLES.rglob("*.css")]
    return _digest([*files, ROOT / "package-lock.json", Path(__file__)])


def build() -> bool:
    """Install and bundle; tells whether anything had to be done. The manifest changes last: a running desk is never without files."""
    with _alone():
        digest, stamp = sources(), DIST / ".stamp"
        if _is_stamped(stamp, digest) and (DIST / "manifest.json").exists():
            return False
        install()
        before = manifest()
        after = {**_bundle(ENTRIES, FLAGS), **_bundle((WIDGET,), WIDGET_FLAGS)}
        fresh = DIST / "manifest.new"
        fresh.write_text(json.dumps(after, indent=1, sort_keys=True))
        fresh.replace(DIST / "manifest.json")
        stamp.write_text(digest)
        _sweep({*before.values(), *after.values()})
    return True


def _bundle(entries: tuple[str, ...], flags: tuple[str, ...]) -> dict[str, str]:
    """Bundle these entries; returns the files that came of them by plain name."""
    meta = DIST / "meta.json"
    paths = [str((SOURCES / name).relative_to(ROOT)) for name in entries]
    _run(
        str(node()), str(PACKAGES / "esbuild" / "bin" / "esbuild"), *paths, *flags, f"--outdir={DIST}",
        f"--metafile={meta}",
    )  # fmt: skip
    found = _named(json.loads(meta.read_text()))
    meta.unlink()
    return found


def manifest() -> dict[str, str]:
    """Return the built files by plain name; empty before the first build."""
    path = DIST / "manifest.json"
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _named(meta: dict[str, Any]) -> dict[str, str]:
    named: dict[str, str] = {}
    for path, output in meta["outputs"].items():
        entry = output.get("entryPoint")
        if entry:
            named[Path(entry).name] = Path(path).name
            if "cssBundle" in output:
                named[Path(entry).stem + ".css"] = Path(output["cssBundle"]).name
    return named


def _sweep(kept: set[str]) -> None:
    for path in DIST.glob("*-*.*"):
        if path.name.removesuffix(".LEGAL.txt") not in kept:
            path.unlink()


def watch() -> None:
    """Build again whenever a source changes, until Ctrl-C."""
    while True:
        try:
            if build():
                print("Built.", flush=True)
        except BuildError as error:
            print(error, file=sys.stderr, flush=True)
        time.sleep(WATCH_SECONDS)


def main() -> int:
    """Do what the command line asks; returns the exit code."""
    command = sys.argv[1:] or ["build"]
    try:
        if command == ["build"]:
            build()
        elif command == ["watch"]:
            watch()
        elif command == ["manifest"]:
            print(json.dumps(manifest(), indent=1, sort_keys=True))
        else:
            print("Usage: python -m tools.assets build|watch|manifest", file=sys.stderr)
            return 2
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
