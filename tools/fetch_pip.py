"""Fetches pip's own wheel where Python comes without ensurepip, from the index that pip is configured to use.

Standard library only.
"""

from __future__ import annotations

import configparser
import hashlib
import html.parser
import os
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

PUBLIC_INDEX = "https://pypi.org/simple"
SECONDS = 60
WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")


class FetchError(Exception):
    """pip could not be fetched; the message says from where and why."""


class _Links(html.parser.HTMLParser):
    """Collects the links of a page of a simple index."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


def fetch(folder: Path) -> Path:
    """Download the newest pip that this Python can use into `folder`, check its digest, and return the wheel's path."""
    failures = []
    for index in _indexes():
        page = index.rstrip("/") + "/pip/"
        try:
            return _fetch_from(page, folder)
        except (urllib.error.URLError, OSError, FetchError) as error:
            failures.append(f"{page}: {error}")
    raise FetchError("pip could not be fetched.\n" + "\n".join(failures))


def _fetch_from(page: str, folder: Path) -> Path:
    links = _Links()
    links.feed(_get(page).decode())
    usable = {}
    for link in links.found:
        address = urllib.parse.urljoin(page, link.get("href") or "")
        name = urllib.parse.unquote(urllib.parse.urlsplit(address).path.rsplit("/", 1)[-1])
        match = WHEEL.fullmatch(name)
        if match and "data-yanked" not in link and _suits(link.get("data-requires-python") or ""):
            usable[tuple(int(part) for part in match[1].split("."))] = (name, address)
    if not usable:
        raise FetchError("no wheel of pip there")
    name, address = usable[max(usable)]
    content = _get(urllib.parse.urldefrag(address).url)
    expected = re.search(r"sha256=([0-9a-f]{64})", urllib.parse.urlsplit(address).fragment)
    if expected and hashlib.sha256(content).hexdigest() != expected[1]:
        raise FetchError(f"{name} is damaged: its digest is not the one that the index states")
    wheel = folder / name
    wheel.write_bytes(content)
    return wheel


def _suits(requires: str) -> bool:
    """Tell whether this Python satisfies the lower bound of a requires-python mark."""
    lower = re.search(r">=\s*(\d+)\.(\d+)", requires)
    return not lower or sys.version_info[:2] >= (int(lower[1]), int(lower[2]))


def _get(address: str) -> bytes:
    certificates = _option("cert")
    context = ssl.create_default_context(cafile=certificates) if certificates else None
    with urllib.request.urlopen(address, timeout=SECONDS, context=context) as answer:  # noqa: S310 -- pip's own index
        content: bytes = answer.read()
    return content


def _indexes() -> list[str]:
    """The indexes pip would ask: its own, then the extra ones."""
    return [_option("index-url") or PUBLIC_INDEX, *_option("extra-index-url").split()]


def _option(name: str) -> str:
    """Read one of pip's options as pip does: environment first, then its configuration files."""
    if value := os.environ.get("PIP_" + name.upper().replace("-", "_")):
        return value
    home = Path.home()
    files = [
        Path("/etc/pip.conf"),
        Path("/etc/xdg/pip/pip.conf"),
        home / ".pip/pip.conf",
        home / ".config/pip/pip.conf",
    ]
    if named := os.environ.get("PIP_CONFIG_FILE"):
        files.append(Path(named))
    parser = configparser.RawConfigParser()
    parser.read(files)
    return parser.get("install", name, fallback="") or parser.get("global", name, fallback="")
