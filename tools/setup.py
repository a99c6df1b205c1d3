"""Makes the checkout ready: virtual environment, requirements, front end. Standard library only; any Python from 3.11.

Does nothing that is done already, and then needs no network: what was installed from which requirements is noted
in the environment itself.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools import fetch_pip

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "ringback-requirements"
REQUIREMENTS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
OLDEST = (3, 11)


class SetupError(Exception):
    """The checkout cannot be made ready; the message says what to do."""


def main() -> int:
    """Make everything ready; returns the exit code."""
    try:
        if sys.version_info < OLDEST:
            found = ".".join(map(str, sys.version_info[:3]))
            raise SetupError(
                f"Ringback needs Python 3.11 or newer, and {sys.executable} is {found}. Try: make PYTHON=python3.12"
            )
        make_environment()
        install_requirements()
        _run([str(PYTHON), "-m", "tools.assets", "build"], "The front end could not be built: see above.")
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def make_environment() -> None:
    """Make .venv, also where Debian's python3 comes without ensurepip; one of another Python is replaced."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if _venv_version() == version and _has_pip():
        return
    if _venv_version() is None and VENV.exists():
        shutil.rmtree(VENV)
    if _venv_version() is not None and _has_pip():
        return  # made with another Python on purpose: it serves, and may hold what its owner put there
    print("Making the virtual environment .venv …", flush=True)
    whole = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False, capture_output=True)
    if whole.returncode == 0 and _has_pip():
        return
    bare = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)],
        check=False,
        capture_output=True,
        text=True,
    )
    if bare.returncode:
        raise SetupError(f"No virtual environment can be made: {bare.stderr.strip()}\nTry: apt install python3-venv")
    _add_pip()


def install_requirements() -> None:
    """Install the pinned requirements, unless exactly these are installed already."""
    wanted = _digest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    print("Installing the requirements …", flush=True)
    arguments = [part for path in REQUIREMENTS for part in ("-r", str(path))]
    command = [str(PYTHON), "-m", "pip", "install", "-qq", "--no-input", "--prefer-binary"]
    _run(
        [*command, "--disable-pip-version-check", *arguments],
        "The requirements could not be installed: see above. The first set-up needs the network, or an index that pip is told of.",
    )
    STAMP.write_text(wanted)


def _digest() -> str:
    """Name this set of requirements on this Python."""
    digest = hashlib.sha256(str(_venv_version()).encode())
    for path in REQUIREMENTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _venv_version() -> str | None:
    """Return the Python version of .venv, or None where there is no working one."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([str(PYTHON), "-c", code], check=False, capture_output=True, text=True)
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _has_pip() -> bool:
    return any(VENV.glob("lib/python*/site-packages/pip/__main__.py"))


def _add_pip() -> None:
    """Put pip into an environment made without it: with the system's pip, else with one fetched from pip's own index."""
    given = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "--no-input", "pip"]
    if subprocess.run(given, check=False, capture_output=True).returncode == 0:
        return
    print("This Python comes without pip; fetching it …", flush=True)
    try:
        wheel = fetch_pip.fetch(VENV)
    except fetch_pip.FetchError as error:
        shutil.rmtree(VENV)
        raise SetupError(f"{error}\nTry: apt install python3-venv") from None
    _run(
        [str(PYTHON), str(wheel / "pip"), "install", "--quiet", "--no-input", "--no-index", str(wheel)],
        "pip could not be installed. Try: apt install python3-venv",
    )
    wheel.unlink()


def _run(command: list[str], failure: str) -> None:
    if subprocess.run(command, check=False, cwd=ROOT).returncode:
        raise SetupError(failure)


if __name__ == "__main__":
    sys.exit(main())
