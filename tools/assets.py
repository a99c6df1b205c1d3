"""Builds the desk's scripts and styles: `python -m tools.assets build`. An unchanged tree does nothing and needs no network."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from tools.node import environment, node, npm

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "app" / "web" / "js"
DIST = ROOT / "app" / "web" / "static" / "dist"
ENTRIES = ("desk.js", "viewer.js", "modeler.js")


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
        raise BuildError(f"{' '.join(words[:3])} failed:\n{done.stdout}{done.stderr}")


def install() -> None:
    """Install the locked packages, if the lock changed since the last time."""
    stamp = ROOT / "node_modules" / ".ringback-lock"
    digest = _digest([ROOT / "package-lock.json"])
    if not _is_stamped(stamp, digest):
        _run(*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        stamp.write_text(digest)


def build() -> None:
    """Install and bundle; writes hashed files and the manifest that `app.web.assets` reads."""
    sources = [*SOURCES.rglob("*.js"), *SOURCES.rglob("*.json"), *(SOURCES.parent / "css").rglob("*.css")]
    digest = _digest([*sources, ROOT / "package-lock.json", Path(__file__)])
    stamp = DIST / ".stamp"
    if _is_stamped(stamp, digest) and (DIST / "manifest.json").exists():
        return
    install()
    DIST.mkdir(parents=True, exist_ok=True)
    for old in DIST.iterdir():
        old.unlink()
    meta = DIST / "meta.json"
    _run(
        str(node()), str(ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"),
        *(f"app/web/js/{name}" for name in ENTRIES), "--bundle", "--minify", "--format=esm", "--target=es2022",
        "--entry-names=[name]-[hash]", f"--outdir={DIST}", f"--metafile={meta}", "--log-level=error",
        "--loader:.woff=dataurl", "--loader:.woff2=dataurl", "--loader:.ttf=dataurl", "--loader:.eot=dataurl",
        "--loader:.svg=dataurl", "--jsx=automatic", "--legal-comments=linked",
    )  # fmt: skip
    (DIST / "manifest.json").write_text(json.dumps(_manifest(json.loads(meta.read_text())), indent=1, sort_keys=True))
    meta.unlink()
    stamp.write_text(digest)


def _manifest(meta: dict[str, dict[str, dict[str, str]]]) -> dict[str, str]:
    named: dict[str, str] = {}
    for path, output in meta["outputs"].items():
        entry = output.get("entryPoint")
        if entry:
            named[Path(entry).name] = Path(path).name
            if "cssBundle" in output:
                named[Path(entry).stem + ".css"] = Path(output["cssBundle"]).name
    return named


def main() -> int:
    """Build; returns the exit code."""
    if sys.argv[1:] not in ([], ["build"]):
        print("Usage: python -m tools.assets build", file=sys.stderr)
        return 2
    try:
        build()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
