"""Real mail servers for the tests: an SMTP far end with scripted failures, Dovecot, and a line that can be cut."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from imapclient import IMAPClient

PASSWORD = "correct-horse"


# ---------------------------------------------------------------- certificates
@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for localhost and 127.0.0.1 that serves as its own CA."""

    cert: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


def make_certificate(folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = Certificate(folder / "cert.pem", folder / "key.pem")
    paths.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    paths.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


# ---------------------------------------------------------------- SMTP far end
@dataclass
class FarEnd:
    """What the far end says, and what it has taken. `after_data` gets the mail and returns a reply, or None to stay silent."""

    mail_reply: str = ""
    rcpt_replies: dict[str, str] = field(default_factory=dict)
    after_data: Callable[[bytes], str | None] = lambda _raw: "250 OK"
    hang_up_after_data: bool = False
    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    connections: int = 0
    logins: list[bytes] = field(default_factory=list)
    address: tuple[str, int] = ("", 0)
    server: asyncio.Server | None = None
    sessions: list[SMTP] = field(default_factory=list)

    async def handle_MAIL(self, _server, _session, envelope, address, options):
        if self.mail_reply:
            return self.mail_reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, options):
        reply = self.rcpt_replies.get(address, "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, _session, envelope):
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        if self.hang_up_after_data:
            server.transport.abort()
            return "250 too late"
        reply = self.after_data(envelope.content)
        while reply is None:
            await asyncio.sleep(0.05)
        return reply

    def authenticate(self, _server, _session, _envelope, mechanism, auth_data):
        if not isinstance(auth_data, LoginPassword):
            return AuthResult(success=False, handled=False)
        self.logins.append(mechanism.encode() + b" " + auth_data.login)
        return AuthResult(success=auth_data.password == PASSWORD.encode(), handled=False)


@contextmanager
def far_end(
    *,
    size: int = 10_000_000,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    auth: bool = False,
    **script,
) -> Iterator[FarEnd]:
    """Run an SMTP server on a free port of 127.0.0.1."""
    peer, loop, started = FarEnd(**script), asyncio.new_event_loop(), threading.Event()

    def session() -> SMTP:
        peer.connections += 1
        one = SMTP(
            peer,
            hostname="far.test",
            data_size_limit=size,
            tls_context=starttls,
            enable_SMTPUTF8=True,
            auth_require_tls=not auth,
            authenticator=peer.authenticate,
            loop=loop,
        )
        peer.sessions.append(one)
        return one

    async def serve() -> None:
        server = await loop.create_server(session, "127.0.0.1", 0, ssl=tls)
        peer.address = server.sockets[0].getsockname()[:2]
        peer.server = server
        started.set()

    async def finish() -> None:
        if peer.server is not None:
            peer.server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for one in peer.sessions:
            if one.transport is not None:
                one.transport.abort()  # type: ignore[attr-defined]  # close() would wait for the peer under TLS
        await asyncio.sleep(0.01)

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.create_task(serve())
        loop.run_forever()
        loop.run_until_complete(finish())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(5)
    try:
        yield peer
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


# ---------------------------------------------------------------- bare sockets
@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """Run `serve` for each connection, in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def one(sock: socket.socket) -> None:
        try:
            serve(sock)
        except OSError:
            pass
        finally:
            sock.close()

    def accept() -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            held.append(sock)
            threading.Thread(target=one, args=(sock,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[:2]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)
        for sock in held:
            sock.close()


@dataclass
class Line:
    """A TCP line to `upstream`; cut after `budget` bytes from the server or `up_budget` to it, for the next `cuts` connections."""

    upstream: tuple[str, int]
    budget: int = 2**60
    up_budget: int = 2**60
    cuts: int = 0
    hidden: bytes = b""  # what the server says and the client does not hear
    address: tuple[str, int] = ("", 0)
    connections: int = 0
    open: list[socket.socket] = field(default_factory=list)

    def serve(self, client: socket.socket) -> None:
        self.connections += 1
        is_cut = self.cuts > 0
        left = self.budget
        server = socket.create_connection(self.upstream)
        self.open += [client, server]
        up_budget = self.up_budget if is_cut else 2**60
        threading.Thread(target=_pump, args=(client, server), kwargs={"budget": up_budget}, daemon=True).start()
        with server:
            while data := server.recv(65536):
                data = data.replace(self.hidden, b"") if self.hidden else data
                if is_cut and len(data) >= left:
                    self.cuts -= 1
                    client.sendall(data[:left])
                    client.shutdown(socket.SHUT_RDWR)
                    return
                left -= len(data)
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)

    def drop(self) -> None:
        """Break every connection now."""
        for sock in self.open:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self.open.clear()


def _pump(source: socket.socket, target: socket.socket, *, budget: int) -> None:
    try:
        while data := source.recv(65536):
            if len(data) >= budget:
                target.sendall(data[:budget])
                source.shutdown(socket.SHUT_RDWR)
                break
            budget -= len(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@contextmanager
def line_to(upstream: tuple[str, int], **script) -> Iterator[Line]:
    line = Line(upstream, **script)
    with raw_server(line.serve) as address:
        line.address = address
        yield line
        line.drop()


# ---------------------------------------------------------------- Dovecot
DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
WHY_NO_DOVECOT = "Dovecot is not installed; on Debian: apt-get install --no-install-recommends dovecot-imapd"


@dataclass(frozen=True)
class ImapServer:
    """A running Dovecot. Any user name logs in with PASSWORD and has mailboxes of its own."""

    host: str
    port: int
    tls_port: int
    certificate: Certificate
    mail: Path  # a maildir for each user

    def client(self, user: str) -> IMAPClient:
        client = IMAPClient(self.host, self.port, ssl=False, timeout=10)
        client.login(user, PASSWORD)
        return client

    def new_user(self, *, prefix: str = "u") -> str:
        """Return a name nobody had yet; one that begins with `full` may keep 20 KB."""
        return f"{prefix}{uuid.uuid4().hex[:12]}"


_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
{identity}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_cache_size = 0
auth_failure_delay = 0
mail_fsync = never
mailbox_list_index = no
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u quota_rule=*:storage=%{{if;%u;*;full*;20K;0}}
}}
plugin {{
  quota = maildir:User quota
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
protocol imap {{
  mail_plugins = quota
  mail_max_userip_connections = 100
  imap_idle_notify_interval = 30 secs
}}
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


class _TokenService(BaseHTTPRequestHandler):
    """Tells Dovecot whose token it is: `good-USER` is USER's, all others are nobody's."""

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        is_good = token.startswith("good-")
        said = json.dumps({"active": is_good, "email": token.removeprefix("good-")} if is_good else {"active": False})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *_args: object) -> None:
        return


@contextmanager
def token_service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _TokenService)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def dovecot() -> Iterator[ImapServer]:
    """Run Dovecot on free ports, as root with its own users, else wholly as the present user."""
    assert DOVECOT is not None
    # A short path of its own: sockets allow 108 characters, and Dovecot's users have to get in.
    folder = Path(tempfile.mkdtemp(prefix="imap-"))
    folder.chmod(0o755)
    try:
        with token_service() as url:
            (folder / "oauth2.conf").write_text(
                f"introspection_mode = auth\nintrospection_url = {url}\nusername_attribute = email\n"
                "active_attribute = active\nactive_value = true\n"
            )
            yield from _run_dovecot(DOVECOT, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_dovecot(program: str, folder: Path) -> Iterator[ImapServer]:
    for name in ("run", "state", "mail"):
        (folder / name).mkdir()
    certificate = make_certificate(folder)
    is_root = os.geteuid() == 0
    if is_root:
        uid = gid = 65534
        identity = ""
        os.chown(folder / "mail", uid, gid)
    else:
        uid, gid = os.geteuid(), os.getegid()
        import grp
        import pwd

        user, group = pwd.getpwuid(uid).pw_name, grp.getgrgid(gid).gr_name
        identity = f"default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}"
    server = ImapServer("127.0.0.1", _free_port(), _free_port(), certificate, folder / "mail")
    config = folder / "dovecot.conf"
    config.write_text(
        _CONFIG.format(
            folder=folder,
            identity=identity,
            cert=certificate.cert,
            key=certificate.key,
            password=PASSWORD,
            uid=uid,
            gid=gid,
            port=server.port,
            tls_port=server.tls_port,
        )
    )
    process = subprocess.Popen([program, "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(server, process, folder / "log")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _wait_for(server: ImapServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            server.client("ready").logout()
            return
        except OSError:
            time.sleep(0.05)
    written = log.read_text() if log.exists() else ""
    raise RuntimeError(f"Dovecot did not start. Its log: {written}")
