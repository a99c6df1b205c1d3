"""Delivery reports of many servers: that they are reports, for whom, hard or soft, and of which mail of ours."""

from __future__ import annotations

import pytest

from channels.email.mime import parse_mail

ORIGINAL = "Message-ID: <d1.rb-x@desk.example>\nFrom: desk@desk.example\nTo: dana@example.com\nSubject: Your case\n"


def report(
    *,
    action: str,
    status: str,
    diagnostic: str = "",
    extra: str = "",
    returned: str = "message/rfc822",
    text: str = "It failed.",
) -> bytes:
    lines = f"Final-Recipient: rfc822; dana@example.com\nAction: {action}\nStatus: {status}\n"
    lines += f"Diagnostic-Code: {diagnostic}\n" if diagnostic else ""
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example (Mail Delivery System)\nTo: desk@desk.example\nSubject: Undelivered Mail Returned to Sender\n"
        'Auto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="r"\n\n'
        f"--r\nContent-Type: text/plain\n\n{text}\n\n--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n{extra}\n"
        f"{lines}\n--r\nContent-Type: {returned}\n\n{ORIGINAL}\nHello\n--r--\n"
    ).encode()


@pytest.mark.parametrize(
    "action, status, diagnostic, hard",
    [
        ("failed", "5.1.1", "smtp; 550 5.1.1 <dana@example.com>: Recipient address rejected: User unknown", True),
        ("failed", "5.0.0", "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", True),
        ("failed", "5.7.1", "smtp; 554 5.7.1 rejected as spam", True),
        ("failed", "5.4.4", "", True),
        ("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full", False),
        ("failed", "4.4.7", "smtp; 421 4.4.7 message expired", False),
        ("delayed", "4.4.1", "smtp; connection timed out", False),
        ("failed (final)", "5.1.2 (bad host)", "", True),
        ("Failed", "5.0.0", "smtp; 550 user does not exist", True),
    ],
)
def test_standard_reports(action, status, diagnostic, hard):
    found = parse_mail(report(action=action, status=status, diagnostic=diagnostic)).bounce
    assert found is not None
    assert found.recipient == "dana@example.com"
    assert found.hard is hard
    assert found.original_message_id == "<d1.rb-x@desk.example>"
    assert found.status.startswith(status[0])
    assert found.reason


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers"])
def test_the_returned_mail_may_be_only_its_header(returned):
    found = parse_mail(report(action="failed", status="5.1.1", returned=returned)).bounce
    assert found is not None
    if returned != "message/rfc822-headers":
        assert found.original_message_id == "<d1.rb-x@desk.example>"


def test_the_exact_code_of_the_server_is_taken():
    found = parse_mail(report(action="failed", status="5.0.0", diagnostic="smtp; 550 5.1.10 not found")).bounce
    assert found is not None
    assert found.status == "5.1.10"


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_receipts_of_delivery_are_no_bounces(action):
    assert parse_mail(report(action=action, status="2.0.0")).bounce is None


def test_receipts_of_reading_are_no_bounces():
    raw = (
        b"From: dana@example.com\nTo: desk@desk.example\nSubject: Read: Your case\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/report; report-type=disposition-notification; boundary="r"\n\n--r\nContent-Type: text/plain\n\nYour message was read.\n'
        b"--r\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; dana@example.com\nDisposition: manual-action/MDN-sent-manually; displayed\n--r--\n"
    )
    mail = parse_mail(raw)
    assert mail.bounce is None
    assert mail.auto == "auto-reply"


def plain(subject: str, body: str, *, sender: str = "MAILER-DAEMON@mx.example", headers: str = "") -> bytes:
    return f"{headers}From: {sender}\nTo: desk@desk.example\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n".encode()


FREE = {
    "qmail": (
        plain(
            "failure notice",
            "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<dana@example.com>:\n198.51.100.7 does not like recipient.\n"
            f"Remote host said: 550 5.1.1 User unknown\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <desk@desk.example>\n{ORIGINAL}\nHello",
        ),
        True,
    ),
    "qmail, no code": (
        plain(
            "failure notice",
            "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n"
            f"This is a permanent error; I've given up.\n\n<dana@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n{ORIGINAL}",
        ),
        True,
    ),
    "exim": (
        plain(
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n  dana@example.com\n    host mx.example [198.51.100.7]\n"
            f"    SMTP error from remote mail server after RCPT TO:<dana@example.com>:\n    550 No such user here\n\n------ This is a copy of the message, including all the headers. ------\n\n{ORIGINAL}",
            sender="Mail Delivery System <Mailer-Daemon@mx.example>",
            headers="X-Failed-Recipients: dana@example.com\n",
        ),
        True,
    ),
    "exim, delayed": (
        plain(
            "Warning: message 1abcDE-0001 delayed 24 hours",
            "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\n"
            "recipients after more than 24 hours on the queue on mx.example.\n\nThe address to which the message has not yet been delivered is:\n\n  dana@example.com\n\n"
            "No action is required on your part. Delivery attempts will continue for\nsome time",
            sender="Mail Delivery System <Mailer-Daemon@mx.example>",
        ),
        False,
    ),
    "postfix without its report": (
        plain(
            "Undelivered Mail Returned to Sender",
            "This is the mail system at host mx.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients. It's attached below.\n\n"
            f"<dana@example.com>: host mx.example[198.51.100.7] said: 550 5.1.1\n    <dana@example.com>: Recipient address rejected: User unknown (in reply to RCPT TO command)\n\n{ORIGINAL}",
        ),
        True,
    ),
    "sendmail": (
        plain(
            "Returned mail: see transcript for details",
            "The original message was received at Mon, 6 May 2024 15:59:10 GMT\nfrom desk.example [198.51.100.9]\n\n   ----- The following addresses had permanent fatal errors -----\n"
            "<dana@example.com>\n    (reason: 550 5.1.1 <dana@example.com>... User unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.example.:\n"
            ">>> DATA\n<<< 550 5.1.1 <dana@example.com>... User unknown\n550 5.1.1 <dana@example.com>... User unknown",
            sender="Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        ),
        True,
    ),
    "sendmail, warning": (
        plain(
            "Warning: could not send message for past 4 hours",
            "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n"
            "    **********************************************\n\n   ----- The following addresses had transient non-fatal errors -----\n<dana@example.com>\n\n"
            "   ----- Transcript of session follows -----\n451 4.4.1 mx.example: Connection timed out\nWarning: message still undelivered after 4 hours",
            sender="Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        ),
        False,
    ),
    "exchange": (
        plain(
            "Undeliverable: Your case",
            "Delivery has failed to these recipients or groups:\n\ndana@example.com<mailto:dana@example.com>\nThe email address you entered couldn't be found. Please check the recipient's email address.\n\n"
            "Diagnostic information for administrators:\n\nGenerating server: mx.example\n\ndana@example.com\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found'\n\n"
            f"Original message headers:\n\n{ORIGINAL}",
            sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.com>",
        ),
        True,
    ),
    "exchange 2003": (
        plain(
            "Undeliverable: Your case",
            "Your message did not reach some or all of the intended recipients.\n\n      Subject:\tYour case\n      Sent:\t5/6/2024 3:59 PM\n\nThe following recipient(s) could not be reached:\n\n"
            "      dana@example.com on 5/6/2024 3:59 PM\n            The e-mail account does not exist at the organization this message was sent to.\n            <mx.example #5.1.1>",
            sender="System Administrator <postmaster@example.com>",
        ),
        True,
    ),
    "exchange, German": (
        plain(
            "Unzustellbar: Ihr Fall",
            "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\ndana@example.com\nDie eingegebene E-Mail-Adresse konnte nicht gefunden werden.\n\nRemote Server returned '550 5.1.1 not found'",
            sender="postmaster@example.com",
        ),
        True,
    ),
    "exchange, French": (
        plain(
            "Non remis : Votre dossier",
            "Échec de la remise pour ces destinataires ou groupes :\n\ndana@example.com\nL'adresse de messagerie que vous avez entrée est introuvable.",
            sender="postmaster@example.com",
        ),
        True,
    ),
    "exchange, Spanish": (
        plain("No se puede entregar: Su caso", "Error de entrega a los siguientes destinatarios o grupos:\n\ndana@example.com\nNo se encontró la dirección. 550 5.1.1", sender="postmaster@example.com"),
        True,
    ),
    "exchange, Portuguese": (
        plain("Não é possível entregar: Seu caso", "Falha na entrega a estes destinatários ou grupos:\n\ndana@example.com\nO endereço não existe.", sender="postmaster@example.com"),
        True,
    ),
    "exchange, Italian": (
        plain("Recapito non riuscito: caso", "Recapito non riuscito per i seguenti destinatari o gruppi:\n\ndana@example.com\nIndirizzo inesistente.", sender="postmaster@example.com"),
        True,
    ),
    "exchange, Dutch": (
        plain("Onbestelbaar: zaak", "Het bezorgen van het bericht aan de volgende geadresseerden of groepen is mislukt:\n\ndana@example.com\nHet adres bestaat niet.", sender="postmaster@example.com"),
        True,
    ),
    "exchange, Chinese": (
        plain("未送达: 您的工单", "未能传递到以下收件人或组:\n\ndana@example.com\n找不到您输入的电子邮件地址。", sender="postmaster@example.com"),
        True,
    ),
    "exchange, Japanese": (
        plain("配信不能: ケース", "次の受信者またはグループへの配信に失敗しました:\n\ndana@example.com\n入力した電子メール アドレスが見つかりませんでした。", sender="postmaster@example.com"),
        True,
    ),
    "gmail": (
        plain(
            "Delivery Status Notification (Failure)",
            "** Address not found **\n\nYour message wasn't delivered to dana@example.com because the address couldn't be found, or is unable to receive mail.\n\n"
            "The response from the remote server was:\n550 5.1.1 The email account that you tried to reach does not exist.",
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        ),
        True,
    ),
    "gmail, old": (
        plain(
            "Delivery Status Notification (Failure)",
            "Delivery to the following recipient failed permanently:\n\n     dana@example.com\n\nTechnical details of permanent failure:\nThe error that the other server returned was: 550 550 unknown user (state 13).\n\n"
            f"----- Original message -----\n\n{ORIGINAL}",
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        ),
        True,
    ),
    "gmail, delayed": (
        plain(
            "Delivery Status Notification (Delay)",
            "This is an automatically generated Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n     dana@example.com\n\n"
            "Message will be retried for 2 more day(s)",
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        ),
        False,
    ),
    "gmail, full": (
        plain(
            "Delivery Status Notification (Failure)",
            "** Recipient inbox full **\n\nYour message couldn't be delivered to dana@example.com. Their inbox is full, or it's getting too much mail right now.\n\n552 5.2.2 The email account that you tried to reach is over quota.",
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        ),
        False,
    ),
    "yahoo": (
        plain(
            "Failure Notice",
            f"Sorry, we were unable to deliver your message to the following address.\n\n<dana@example.com>:\n554: delivery error: dd This user doesn't have a yahoo.com account (dana@example.com) [0] - mta1.example\n\n--- Below this line is a copy of the message.\n\n{ORIGINAL}",
            sender="MAILER-DAEMON@yahoo.com",
        ),
        True,
    ),
    "qq": (
        plain(
            "系统退信/System bounce",
            "抱歉，您的邮件被退回来了……\n\n原邮件信息：\n时间 2024-05-06 15:59:10\n主题 您的工单\n收件人 dana@example.com\n\n退信原因：\n收件人邮件地址（dana@example.com）不存在，邮件无法送达。\nhost mx.example said: 550 Mailbox not found",
            sender="QQ邮箱管理员 <postmaster@qq.com>",
        ),
        True,
    ),
    "163": (
        plain(
            "系统退信",
            "很抱歉，您发送的邮件未能成功投递到以下收件人：\n\ndana@example.com\n\n退信原因：收件人邮箱已满，暂时无法接收新邮件。",
            sender="Postmaster@163.com",
        ),
        False,
    ),
    "aol": (
        plain("Returned mail: User unknown", "Your mail is not deliverable to the following address(es), because the username does not exist:\n\ndana@example.com", sender="Mail Delivery Subsystem <MAILER-DAEMON@aol.com>"),
        True,
    ),
    "domino": (
        plain("DELIVERY FAILURE: User dana (dana@example.com) not listed in Domino Directory", "Your message\n\n  Subject: Your case\n\nwas not delivered to:\n\n  dana@example.com\n\nbecause:\n\n  User dana (dana@example.com) not listed in Domino Directory", sender="Postmaster@example.com"),
        True,
    ),
    "web.de": (
        plain("Mail delivery failed: returning message to sender", "Diese E-Mail wurde automatisch erstellt.\n\nIhre Nachricht konnte nicht zugestellt werden:\n\ndana@example.com:\nUnbekannter Benutzer", sender="mailer-daemon@web.de"),
        True,
    ),
    "null sender, full": (
        plain("Mail could not be delivered", "The mailbox of dana@example.com is full. Your message could not be delivered.", sender="robot@example.com", headers="Return-Path: <>\n"),
        False,
    ),
    "a system under a person's name": (
        plain("Undeliverable: Your case", "Your message to dana@example.com could not be delivered: 550 5.1.1 unknown user", sender="IT <it@example.com>"),
        True,
    ),
    "a daemon without a domain": (
        plain("Undelivered mail", "Your message could not be delivered to dana@example.com. 550 5.1.1 unknown user", sender="MAILER-DAEMON"),
        True,
    ),
    "groupwise": (
        plain("Mail System Error - Returned Mail", "This Message was undeliverable due to the following reason:\n\nThe user(s) account is temporarily over quota.\n\n<dana@example.com>", sender="Mail Administrator <Postmaster@example.com>"),
        False,
    ),
    "russian": (
        plain("Недоставленное сообщение", "Письмо не может быть доставлено:\n\ndana@example.com\n550 5.1.1 такой пользователь не существует", sender="mailer-daemon@example.com"),
        True,
    ),
    "a gateway that only lists who failed": (
        plain("Returned Mail - Error During Delivery", "---- Failed Recipients ----\n<dana@example.com>: mailbox unavailable. [SMTP Error Code 550]", sender="gateway@example.com"),
        True,
    ),
    "one sentence": (plain("Undeliverable Mail", "Invalid final delivery userid: dana@example.com\n\nOriginal message follows.", sender="postmaster@example.com"), True),
    "full, as a sentence": (plain("Undeliverable Mail", "User mailbox exceeds allowed size: dana@example.com", sender="Postmaster <postmaster@example.com>"), False),
    "full, with a code for everything": (
        plain("Delivery failure", "<dana@example.com>: 550 5.7.1 The recipient mailbox has exceeded its disk space limit."),
        False,
    ),
    "no subject at all": (plain("", "You sent mail to dana@example.com. That's not a valid user here.", headers="Return-Path: <>\n", sender=""), True),
    "an address in the directory's own words": (
        plain("Undeliverable: Your case", "did not reach the following recipient(s):\nc=US;a= ;p=X;dda:SMTP=dana@example.com; on Fri, 4 Oct 2024\n    The recipient name is not recognized", sender="postmaster@example.com"),
        True,
    ),
    "our own address comes first": (
        plain("Delivery failure", "A mail from desk@desk.example addressed to\n-- dana@example.com\ncould not be delivered:\n-- 550 5.1.1 unknown"),
        True,
    ),
    "postponed": (
        plain("Mail Delivery Warning", 'Delivery of email to this address\n"dana@example.com"\nhas been postponed due to a full mailbox.', sender="Postmaster@example.com"),
        False,
    ),
    "a filter of the recipient, as a receipt": (
        b"From: Mail Delivery Subsystem <admin@example.com>\nTo: desk@desk.example\nSubject: Automatically rejected mail\n"
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=r\n\n--r\n\nYour message to <dana@example.com> was automatically rejected:\n"
        b"Not wanted\n--r\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; dana@example.com\n--r--\n",
        True,
    ),
    "only the returned mail names somebody": (
        b"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: desk@desk.example\nSubject: Mail delivery failed\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\n"
        b"Your message could not be delivered.\n--m\nContent-Type: message/rfc822\n\n" + ORIGINAL.encode() + b"\nHello\n--m--\n",
        True,
    ),
    "german": (
        plain("Unzustellbar: Ihr Fall", "Fehler bei der Nachrichtenzustellung an folgende Empfänger:\n\ndana@example.com\nDas Postfach ist voll.", sender="postmaster@example.com"),
        False,
    ),
    "chinese": (
        plain("系统退信", "抱歉，您的邮件被退回来了……\n收件人邮件地址：dana@example.com\n退信原因：收件人邮箱已满，无法接收新邮件。", sender="postmaster@example.com"),
        False,
    ),
    "greylisted to death": (
        plain("Delivery failure", "Your message could not be delivered to:\n<dana@example.com>: 451 4.7.1 Greylisting in action, please try again later"),
        False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FREE)
def test_reports_of_every_make(name):
    raw, hard = FREE[name]
    mail = parse_mail(raw)
    assert mail.bounce is not None
    assert mail.bounce.recipient == "dana@example.com"
    assert mail.bounce.hard is hard
    assert mail.bounce.reason
    assert mail.bounce.status[:1] in {"", "5" if hard else "4", "5"}
    if ORIGINAL.encode() in raw:
        assert mail.bounce.original_message_id == "<d1.rb-x@desk.example>"


NONE = {
    "a person whose parcel is late": plain("Delivery failed again", "The parcel could not be delivered to the following address: Main St 1. Write to dana@example.com", sender="Dana <dana@example.com>"),
    "a report of success": plain("Delivery report", "Your message was delivered to dana@example.com.", sender="postmaster@example.com", headers="Return-Path: <>\n"),
    "a person whose subject begins so": plain("Undeliverable parcel", "The parcel could not be delivered to dana@example.com. Call me.", sender="Dana <dana@example.com>"),
    "a person who talks of a bounce": plain("Re: Undelivered Mail", "My mail to you could not be delivered yesterday: 550 5.1.1 unknown user desk@desk.example. Why?", sender="Dana <dana@example.com>"),
    "an absence": plain("Automatic reply: Your case", "I am out of the office until Monday. Please write to bob@example.com.", sender="Dana <dana@example.com>", headers="Return-Path: <>\nAuto-Submitted: auto-replied\n"),
    "a newsletter": plain("We deliver", "Delivery was not possible last week; we deliver now. Write to shop@example.com", sender="Shop <shop@example.com>", headers="List-Id: <shop.example.com>\n"),
    "an ordinary mail": plain("Pump", "The pump does not exist any more. 550 euro.", sender="Dana <dana@example.com>"),
    "a postmaster who writes himself": plain("Question", "Hello, could you call me?", sender="postmaster@example.com"),
    "a bounce that a person attached": (
        b"From: Dana <dana@example.com>\nTo: desk@desk.example\nSubject: Fwd: Undelivered\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n"
        b"--m\nContent-Type: text/plain\n\nWhat is this?\n--m\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 5.1.1\n--m--\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_bounce(name):
    assert parse_mail(NONE[name]).bounce is None
