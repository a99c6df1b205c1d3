"""A far end that behaves like Twilio's documented interface: strict about parameters, signs as the official library does.

The numbers that fail are those Twilio documents for test credentials.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from twilio.request_validator import RequestValidator

ACCOUNT, TOKEN = "AC" + "0123456789abcdef" * 2, "f" * 32
OTHER_ACCOUNT = "AC" + "f" * 32
SERVICE, CONTENT = "MG" + "1" * 32, "HX" + "2" * 32
SENDER, DANA = "+15005550006", "+8613800138000"
PARAMETERS = {
    "To", "StatusCallback", "ApplicationSid", "MaxPrice", "ProvideFeedback", "Attempt", "ValidityPeriod", "ForceDelivery",
    "ContentRetention", "AddressRetention", "SmartEncoded", "PersistentAction", "TrafficType", "ShortenUrls",
    "ScheduleType", "SendAt", "SendAsMms", "ContentVariables", "RiskCheck", "From", "MessagingServiceSid", "Body",
    "MediaUrl", "ContentSid",
}  # fmt: skip
_BAD_TO = {
    "+15005550001": (21211, "The 'To' number is not a valid phone number."),
    "+15005550002": (21612, "The 'To' phone number is not currently reachable via SMS."),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region."),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "'To' number is not a valid mobile number"),
}
_BAD_FROM = {
    "+15005550001": (21212, "The 'From' number is not a valid phone number."),
    "+15005550007": (21606, "The 'From' phone number is not a valid, SMS-capable number for your account."),
    "+15005550008": (21611, "This 'From' number has exceeded the maximum number of queued messages"),
}
_ADDRESS = re.compile(r"(?:whatsapp:)?\+[1-9][0-9]{6,14}|[0-9]{3,8}")


class TwilioPeer(ThreadingHTTPServer):
    """Takes messages; `report` and `receive` post signed webhooks to `door` over HTTP."""

    daemon_threads = True

    def __init__(self, door=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.door, self.forms, self.messages = door, [], {}
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.before_answer = ()  # what is reported before a submission is answered
        self.account_status = "active"

    def create(self, form: dict[str, str]) -> tuple[int, dict]:
        self.forms.append(form)
        refusal = _refusal(form)
        if refusal:
            code, words = refusal
            said = {"code": code, "message": words, "more_info": f"https://www.twilio.com/docs/errors/{code}"}
            return 400, {**said, "status": 400}
        sid = "SM" + uuid.uuid4().hex
        self.messages[sid] = form
        for status in self.before_answer:
            self.report(sid, status)
        return 201, {
            "sid": sid, "account_sid": ACCOUNT, "to": form["To"], "from": form.get("From"), "body": form.get("Body", ""),
            "messaging_service_sid": form.get("MessagingServiceSid"), "status": "queued", "direction": "outbound-api",
            "num_segments": "1", "num_media": "0", "error_code": None, "error_message": None, "price": None,
            "price_unit": "USD", "api_version": "2010-04-01", "date_created": "Mon, 23 Nov 2026 12:00:00 +0000",
            "date_updated": "Mon, 23 Nov 2026 12:00:00 +0000", "date_sent": None, "subresource_uris": {},
            "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
        }  # fmt: skip

    def report(self, sid: str, status: str, *, error: str = "") -> int:
        form = self.messages[sid]
        fields = {
            "SmsSid": sid, "SmsStatus": status, "MessageStatus": status, "MessageSid": sid, "AccountSid": ACCOUNT,
            "To": form["To"], "From": form.get("From", SENDER), "ApiVersion": "2010-04-01",
        }  # fmt: skip
        return self.post(form["StatusCallback"], {**fields, **({"ErrorCode": error} if error else {})})

    def receive(self, text: str, **more: str) -> int:
        sid = "SM" + uuid.uuid4().hex
        fields = {
            "ToCountry": "US", "SmsMessageSid": sid, "NumMedia": "0", "SmsSid": sid, "SmsStatus": "received",
            "Body": text, "To": SENDER, "NumSegments": "1", "MessageSid": sid, "AccountSid": ACCOUNT, "From": DANA,
            "ApiVersion": "2010-04-01",
        }  # fmt: skip
        return self.post(self.door.url, {**fields, **more})

    def post(self, url: str, fields: dict[str, str], *, token: str = TOKEN) -> int:
        """Post to the public address as a proxy would hand it on, signed by the official library."""
        assert url.startswith(self.door.public)
        headers = {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, fields)}
        inside = self.door.here + url.removeprefix(self.door.public)
        request = urllib.request.Request(inside, urlencode(fields).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


def _refusal(form: dict[str, str]) -> tuple[int, str] | None:
    unknown = set(form) - PARAMETERS
    checks = [
        (bool(unknown), (20001, f"Unknown parameters {sorted(unknown)}")),
        (not form.get("To"), (21604, "A 'To' phone number is required.")),
        (not _ADDRESS.fullmatch(form.get("To", "")), (21211, "Invalid 'To' Phone Number")),
        (form.get("To") in _BAD_TO, _BAD_TO.get(form.get("To", ""), (0, ""))),
        (form.get("From") in _BAD_FROM, _BAD_FROM.get(form.get("From", ""), (0, ""))),
        (not (form.get("From") or form.get("MessagingServiceSid")), (21603, "A 'From' phone number is required.")),
        (
            not (form.get("Body") or form.get("MediaUrl") or form.get("ContentSid")),
            (21602, "Message body is required."),
        ),
        (len(form.get("Body", "")) > 1600, (21617, "The concatenated message body exceeds the 1600 character limit")),
        (not _is_url(form.get("StatusCallback", "https://x.test")), (21609, "The 'StatusCallback' URL is not valid.")),
        (not _is_object(form.get("ContentVariables", "{}")), (21656, "The Content Variables Parameter is invalid.")),
        (_networks(form), (63007, "Could not find a Channel with the specified From address")),
    ]
    return next((answer for is_wrong, answer in checks if is_wrong), None)


def _networks(form: dict[str, str]) -> bool:
    if "From" not in form:
        return False
    return form["From"].startswith("whatsapp:") != form["To"].startswith("whatsapp:")


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "_" not in parts.hostname


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


class _Handler(BaseHTTPRequestHandler):
    server: TwilioPeer

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        is_form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        if self.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json" or not is_form:
            self._say(404, {"code": 20404, "message": "The requested resource was not found", "status": 404})
        elif self._is_known():
            self._say(*self.server.create(form))

    def do_GET(self):
        if self._is_known():
            self._say(200, {"sid": ACCOUNT, "status": self.server.account_status, "type": "Full"})

    def _is_known(self) -> bool:
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") == expected:
            return True
        self._say(401, {"code": 20003, "message": "Authenticate", "status": 401})
        return False

    def _say(self, status: int, said: dict) -> None:
        raw = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_args):
        return
