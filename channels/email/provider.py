"""The mailbox as a provider: SMTP out, the listener or IMAP in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

from channels.email.config import EmailConfig
from channels.email.imap import ImapPoller
from channels.email.oauth import Tokens
from channels.email.receiver import EmailReceiver
from channels.email.sender import SmtpSender
from channels.keeping import SecretKeeper
from channels.outcomes import Health, HealthState, Receipt
from channels.port import Commit, InboundEvent, Kind, OutboundMessage, RawEnvelope, WebhookRequest
from channels.spec import ChannelSpec, Feature, Limits


class EmailAccount:
    """One mailbox whose mail comes in through the listener, or that only sends: Sender, Receiver, HealthCheck."""

    def __init__(self, config: EmailConfig) -> None:
        self.config, self.tokens = config, Tokens(config)
        self.sender = SmtpSender(config, tokens=self.tokens)
        self.receiver = EmailReceiver()

    def send(self, message: OutboundMessage) -> Receipt:
        return self.sender.send(message)

    def close(self) -> None:
        """Hang up the kept connections, when the account's settings change or the process ends."""
        self.sender.close()

    def keep_secrets_in(self, keeper: SecretKeeper) -> None:
        """Have a refresh token that its service rotates kept there."""
        self.tokens.keeper = keeper

    def verify(self, request: WebhookRequest) -> Sequence[RawEnvelope]:
        return self.receiver.verify(request)

    def parse(self, envelope: RawEnvelope) -> Sequence[InboundEvent]:
        return self.receiver.parse(envelope)

    def check(self) -> Health:
        """Return the worse of both directions."""
        return max(self.check_sides().values(), key=lambda health: _WEIGHT[health.state])

    def check_sides(self) -> dict[str, Health]:
        """Return the health of each direction that can be tried from here, so that trouble with one is not told of the other."""
        sides = {"outbound": self.sender.check()}
        if self.config.inbound == "none":
            sides["inbound"] = Health(HealthState.OK, detail="This mailbox takes no mail in.")
        return sides  # how well the listener is, the listener itself tells


class ImapAccount(EmailAccount):
    """One mailbox that is read by IMAP: also a Poller."""

    def __init__(self, config: EmailConfig) -> None:
        super().__init__(config)
        self.poller = ImapPoller(config, tokens=self.tokens)

    def poll(self, cursor: str, *, commit: Commit, stop: Event) -> str:
        return self.poller.poll(cursor, commit=commit, stop=stop)

    def watch(self, cursor: str, *, commit: Commit, stop: Event, report: Callable[[Health], None]) -> None:
        self.poller.watch(cursor, commit=commit, stop=stop, report=report)

    def check_sides(self) -> dict[str, Health]:
        """Return the health of both directions."""
        return {"inbound": self.poller.check(), "outbound": self.sender.check()}


def open_account(config: EmailConfig) -> EmailAccount:
    """Return the adapter for the account's way in."""
    return ImapAccount(config) if config.inbound == "imap" else EmailAccount(config)


_WEIGHT = {HealthState.OK: 0, HealthState.DEGRADED: 1, HealthState.FAILING: 2}

SPEC = ChannelSpec(
    kind=Kind.EMAIL,
    provider="smtp",
    label={"en": "Mailbox (SMTP, IMAP)", "zh": "邮箱（SMTP、IMAP）"},
    config=EmailConfig,
    open=open_account,
    features=frozenset(
        {Feature.SEND, Feature.LISTEN, Feature.POLL, Feature.HTML, Feature.ATTACHMENTS, Feature.SUBJECT, Feature.CC}
    ),
    limits=Limits(max_bytes=200 * 1024 * 1024, max_recipients=100),
)
