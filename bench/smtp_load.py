"""Sends mails over SMTP on several connections, and a sink that takes what the desk sends."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Sequence

from bench.mails import ADDRESS, Mail

CONNECTIONS = 8


def send(mails: Sequence[Mail], address: tuple[str, int]) -> None:
    """Send all mails; those of one sender one after the other on one connection, as a mail server would."""
    shares: list[list[Mail]] = [[] for _ in range(CONNECTIONS)]
    for mail in mails:
        shares[hash(mail.sender) % CONNECTIONS].append(mail)
    failures: list[str] = []
    threads = [threading.Thread(target=_send_share, args=(share, address, failures)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"The listener refused {len(failures)} mails, first: {failures[0]}")


def _send_share(mails: Sequence[Mail], address: tuple[str, int], failures: list[str]) -> None:
    with socket.create_connection(address, timeout=60) as peer, peer.makefile("rb") as answers:

        def ask(line: bytes) -> None:
            if line:
                peer.sendall(line)
            answer = answers.readline()
            while answer[3:4] == b"-":
                answer = answers.readline()
            if answer[:1] not in b"23":
                failures.append(answer.decode(errors="replace").strip() or "connection closed")

        ask(b"")
        ask(b"EHLO bench.example\r\n")
        for mail in mails:
            ask(f"MAIL FROM:<{mail.sender}>\r\n".encode())
            ask(f"RCPT TO:<{ADDRESS}>\r\n".encode())
            ask(b"DATA\r\n")
            ask(mail.raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        ask(b"QUIT\r\n")


async def _take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take whatever comes: a far end that costs the machine as little as can be."""
    writer.write(b"220 sink\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        if verb == b"DATA":
            writer.write(b"354 go on\r\n")
            await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
        if verb == b"QUIT":
            break
    writer.close()


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_take, "127.0.0.1", port, limit=2**24)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
