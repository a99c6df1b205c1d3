"""The parser child: alive from mail to mail, stopped when a mail is too much for it, and never the parent's problem."""

from __future__ import annotations

import array
import base64
import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

from channels.email.child import ParserChild
from channels.email.mime import parse_mail

MAIL = (
    b"From: =?utf-8?q?D=C3=A1na?= <dana@example.com>\r\nTo: desk@example.com, Bob <bob@example.com>\r\nSubject: =?utf-8?b?5rC05rO1?=\r\n"
    b"Date: Mon, 6 May 2024 15:59:10 +0200\r\nMessage-ID: <m1@example.com>\r\nReferences: <a@b> <c@d>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello \xe6\xb0\xb4\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.png\r\n\r\n"
    b"AAEC/w==\r\n--b--\r\n"
)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pid_of(parser: ParserChild) -> int:
    assert parser.pid is not None
    return parser.pid


@pytest.fixture
def parser():
    with ParserChild() as parser:
        yield parser


def test_what_comes_back_is_what_the_parser_said(parser):
    assert parser.parse(MAIL) == parse_mail(MAIL)
    assert parser.parse(MAIL).attachments[0].content == b"\x00\x01\x02\xff"


def test_the_child_stays_alive_between_mails(parser):
    parser.parse(MAIL)
    pid = parser.pid
    for _number in range(20):
        parser.parse(MAIL)
    assert parser.pid == pid


def test_own_addresses_reach_the_child(parser):
    assert parser.parse(MAIL, own_addresses={"Dana@Example.com"}).auto == "loop"


def test_a_killed_child_costs_nothing(parser):
    parser.parse(MAIL)
    os.kill(pid_of(parser), signal.SIGKILL)
    assert parser.parse(MAIL).text == "Hello 水"


def test_a_child_that_stops_answering_is_replaced():
    with ParserChild(wall_seconds=3) as parser:
        parser.parse(MAIL)
        os.kill(pid_of(parser), signal.SIGSTOP)
        mail = parser.parse(MAIL)
        assert mail.unparsed
        assert (mail.from_addr, mail.subject) == ("dana@example.com", "水泵")
        assert parser.parse(MAIL).text == "Hello 水"


def test_a_child_out_of_memory_is_told_and_replaced():
    with ParserChild(memory=80_000_000) as parser:
        mail = parser.parse(MAIL.replace(b"AAEC/w==", b"QUFB" * 10_000_000))
        assert mail.unparsed
        assert (mail.from_addr, mail.subject) == ("dana@example.com", "水泵")
        assert parser.parse(MAIL).text == "Hello 水"


def test_a_mail_is_tried_again_when_the_child_may_have_died_of_another(parser):
    parser.parse(MAIL)
    pid, found = pid_of(parser), []
    os.kill(pid, signal.SIGSTOP)
    asking = threading.Thread(target=lambda: found.append(parser.parse(MAIL)))
    asking.start()
    os.kill(pid, signal.SIGKILL)
    asking.join()
    assert found[0].text == "Hello 水"
    assert parser.pid != pid


def in_the_pipe(parser):
    """How many bytes wait for a child that is stopped."""
    count = array.array("i", [0])
    fcntl.ioctl(parser._process.stdin.fileno(), termios.FIONREAD, count)
    return count[0]


def state(pid):
    """What the kernel calls the state of a process: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_child_out_of_time_is_told_and_replaced(parser):
    parser.parse(MAIL)
    pid, found = pid_of(parser), []
    os.kill(pid, signal.SIGSTOP)
    while state(pid) != "T":
        time.sleep(0.005)
    asking = threading.Thread(target=lambda: found.append(parser.parse(MAIL)))
    asking.start()
    while in_the_pipe(parser) < len(MAIL):
        time.sleep(0.005)
    os.kill(pid, signal.SIGXCPU)  # what the kernel sends when the time is up
    os.kill(pid, signal.SIGCONT)
    asking.join()
    assert "unparsed: reading the mail took too much computing time" in found[0].problems
    assert found[0].from_addr == "dana@example.com"
    assert parser.parse(MAIL).text == "Hello 水"


def test_the_kernel_counts_the_time_of_each_mail(parser):
    parser.parse(MAIL)
    limits = Path(f"/proc/{parser.pid}/limits").read_text()
    assert 10 <= int(limits.split("Max cpu time")[1].split()[0]) <= 12


def test_threads_take_turns(parser):
    found = []

    def read():
        found.extend(parser.parse(MAIL).subject for _number in range(10))

    threads = [threading.Thread(target=read) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["水泵"] * 40


def test_big_attachments_pass_both_ways(parser):
    content = os.urandom(8_000_000)
    raw = MAIL.replace(b"AAEC/w==", base64.encodebytes(content).replace(b"\n", b"\r\n"))
    assert parser.parse(raw).attachments[0].content == content


def test_a_closed_parser_starts_again(parser):
    parser.parse(MAIL)
    parser.close()
    assert parser.pid is None
    assert parser.parse(MAIL).text == "Hello 水"


def test_the_child_ends_with_its_parent():
    script = (
        "from channels.email.child import ParserChild\nimport os, signal\nparser = ParserChild()\n"
        "parser.parse(b'From: a@b.c\\r\\n\\r\\nx')\nprint(parser.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=30)
    pid = int(ended.stdout)
    deadline = time.monotonic() + 30
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


def test_the_child_imports_little():
    script = "import sys, channels.email.child; print(' '.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=30, text=True
    ).stdout.split()
    assert not {"flask", "sqlalchemy", "pydantic", "lxml", "httpx", "app"} & set(loaded)
