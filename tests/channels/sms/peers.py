"""Far ends for text messages: a webhook door over real HTTP, and a real Kannel with its fake message centre."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from channels.outcomes import BadSignature, Unsupported
from channels.port import InboundEvent, WebhookRequest

WAIT = 30.0
FAKESMSC = Path("/usr/lib/kannel/test/fakesmsc")
MISSING = [name for name in ("bearerbox", "smsbox") if shutil.which(name) is None]
HAS_KANNEL = not MISSING and FAKESMSC.exists()
WHY_NO_KANNEL = "Kannel is not installed: apt-get install --no-install-recommends kannel kannel-extras"


def eventually(found: Callable[[], object], what: str) -> object:
    """Wait until `found` returns something, generously."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


class Door(ThreadingHTTPServer):
    """Takes webhooks as the desk does: verified by the account, then read from the envelope; refused ones get 403."""

    daemon_threads = True

    def __init__(self, public: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _DoorHandler)
        self.account = None
        self.requests: list[WebhookRequest] = []
        self.events: list[InboundEvent] = []
        self.ids: set[str] = set()
        self.refused: list[str] = []
        self.here = f"http://127.0.0.1:{self.server_port}"
        self.public = public or self.here
        self.url = f"{self.public}/hooks/key/"

    def take(self, request: WebhookRequest) -> int:
        self.requests.append(request)
        try:
            envelopes = self.account.verify(request)
        except (BadSignature, Unsupported) as error:
            self.refused.append(error.sentence)
            return 403
        for envelope in envelopes:
            if not envelope.external_id or envelope.external_id not in self.ids:
                self.ids.add(envelope.external_id)
                self.events.extend(self.account.parse(envelope))
        return 200


class _DoorHandler(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.server.take(WebhookRequest(self.command, self.server.public + self.path, headers, body))
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.do_POST()

    def log_message(self, *_args):
        return


@contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    """Serve until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


KANNEL_CONF = """
group = core
admin-port = {admin}
admin-interface = "127.0.0.1"
admin-password = kannel-admin
smsbox-port = {boxes}
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"
sms-combine-concatenated-mo = false

group = smsc
smsc = fake
smsc-id = FAKE
port = {centre}
our-host = "127.0.0.1"
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {sending}
sendsms-interface = "127.0.0.1"

group = sendsms-user
username = desk
password = kannel-password
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{hook}?secret={secret}&id=%I&from=%p&to=%P&text=%b&charset=%C&coding=%c&udh=%u&at=%T"
"""


class Kannel:
    """A running Kannel; phones are played by `phone`, and what they got stands in `delivered`."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self.folder, self.ports = folder, ports
        self.send_url = f"http://127.0.0.1:{ports['sending']}/cgi-bin/sendsms"

    @contextmanager
    def phone(self, message: str) -> Iterator[Callable[[], str]]:
        """Connect a message centre that hands in this message and takes ours; yields what it printed so far."""
        log = self.folder / "centre.log"
        with started([str(FAKESMSC), "-H", "127.0.0.1", "-r", str(self.ports["centre"]), "-m", "1", message], log):
            yield lambda: log.read_text(errors="replace")


@contextmanager
def kannel(folder: Path, *, hook: str, secret: str) -> Iterator[Kannel]:
    """Start bearerbox and smsbox on free ports of this machine and nothing else."""
    ports = {name: free_port() for name in ("admin", "boxes", "centre", "sending")}
    conf = folder / "kannel.conf"
    conf.write_text(KANNEL_CONF.format(**ports, hook=hook, secret=secret))
    with started(["bearerbox", str(conf)], folder / "bearerbox.log", port=ports["centre"]):
        eventually(lambda: _listens(ports["boxes"]), "bearerbox waits for boxes")
        with started(["smsbox", str(conf)], folder / "smsbox.log", port=ports["sending"]):
            yield Kannel(folder, ports)


@contextmanager
def started(command: list[str], log: Path, *, port: int = 0) -> Iterator[None]:
    """Run a program until the block ends; with a port, wait until it listens there."""
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=log.parent)
    try:
        if port:
            eventually(lambda: process.poll() is not None or _listens(port), f"{command[0]} listens")
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        yield
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
