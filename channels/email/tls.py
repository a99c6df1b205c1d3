"""The TLS rules of all mail connections, and what a failed connection means."""

from __future__ import annotations

import socket
import ssl

from channels.email.config import EmailConfig
from channels.outcomes import Reason, TemporaryFailure


def client_context(config: EmailConfig) -> ssl.SSLContext:
    """Return the context to connect with: the system's or the account's CA, or unchecked where the account says so."""
    context = ssl.create_default_context(cafile=config.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not config.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def connection_failure(error: OSError | EOFError, *, server: str) -> TemporaryFailure:
    """Return why `server` (host:port) could not be spoken to, as a sentence and a reason."""
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = (
            f"The certificate of {server} is not trusted ({error.verify_message}). Set the CA file, or check the name."
        )
        return TemporaryFailure(Reason.TLS_FAILED.value, sentence, server=server)
    if isinstance(error, ssl.SSLError):
        sentence = f"TLS with {server} failed ({error.reason or error}). Check port and security."
        return TemporaryFailure(Reason.TLS_FAILED.value, sentence, server=server)
    if isinstance(error, socket.gaierror):
        return TemporaryFailure(Reason.UNKNOWN_HOST.value, f"There is no server named {server}.", server=server)
    if isinstance(error, TimeoutError):
        return TemporaryFailure(Reason.TIMED_OUT.value, f"{server} did not answer in time.", server=server)
    if isinstance(error, ConnectionRefusedError):
        return TemporaryFailure(Reason.UNREACHABLE.value, f"{server} refuses connections.", server=server)
    if isinstance(error, EOFError | ConnectionError):
        return TemporaryFailure(Reason.CONNECTION_LOST.value, f"{server} closed the connection.", server=server)
    return TemporaryFailure(Reason.UNREACHABLE.value, f"{server} cannot be reached ({error}).", server=server)
