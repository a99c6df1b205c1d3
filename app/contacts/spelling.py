"""How names, addresses and numbers are written: the one spelling of each, what is searched, and what tells people apart. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from zoneinfo import available_timezones

from app.errors import Invalid
from app.search import index_tokens, query_text
from channels.port import Kind

_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]]{1,128}@[^\s@<>,;:\"()\[\]]{1,253}")
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
_NUMBER_MARKS = re.compile(r"[\s().\-/\u00a0]+")
_NUMBER = re.compile(r"\+?\d{3,20}")
_ASKED_NUMBER = re.compile(r"\+?[\d\s().\-/]{4,40}")
_WRITTEN_NUMBER = re.compile(r"(?<![\w@.-])\+?\(?\d[\d\s().\-/\u00a0]{6,24}\d(?![\w@])")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?")
NUMBERS = frozenset({str(Kind.VOICE), str(Kind.SMS), str(Kind.FAX)})
KINDS = tuple(str(kind) for kind in Kind)
TIERS = ("standard", "silver", "gold", "platinum", "vip")
MAX_NAME = 200
MAX_WARNING = 1000
MIN_DIGITS = 4
#: So many last digits of a number are compared: with or without country code, it is the same line.
SAME_DIGITS = 9
SIGNATURE_LINES = 12
MAX_NUMBERS = 6
# Domains that strangers share: an address there says nothing about an employer.
PUBLIC_DOMAINS = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "me.com", "aol.com",
    "proton.me", "protonmail.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "mail.ru", "yandex.ru", "qq.com", "163.com",
    "126.com", "sina.com", "sohu.com", "foxmail.com", "139.com", "189.cn", "aliyun.com", "yeah.net", "naver.com", "orange.fr",
})  # fmt: skip
# Mailboxes that belong to a desk and not to a person.
SHARED_MAILBOXES = frozenset({
    "info", "office", "mail", "contact", "kontakt", "service", "support", "sales", "admin", "hello", "help", "team", "post",
    "billing", "accounts", "noreply", "no-reply", "postmaster", "webmaster", "kefu",
})  # fmt: skip


def normal_address(kind: str, address: str) -> str:
    """Return the one spelling of an address under which a contact is found; raises Invalid.

    Mail: lower case as a whole. RFC 5321 lets the part before @ differ by case; no mailbox in use does. Numbers: digits alone,
    behind a + where the country was given.
    """
    text = unicodedata.normalize("NFC", address.strip())
    if kind == "email":
        text = text.lower()
        if not _EMAIL.fullmatch(text):
            raise Invalid("bad_address", "This is no mail address.", fields={"address": "no mail address"})
    elif kind in NUMBERS:
        text = _normal_number(text)
    if not text or len(text) > 400:
        raise Invalid("bad_address", "This is no usable address.", fields={"address": "empty or too long"})
    return text


def _normal_number(text: str) -> str:
    plain = _NUMBER_MARKS.sub("", unicodedata.normalize("NFKC", text))
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    # Short codes and names that networks show in place of a number are kept as they came.
    return plain if _NUMBER.fullmatch(plain) else text


def check_number(kind: str, address: str) -> str:
    """Return the normal form of an address that a person typed: for a number only digits will do. Raises Invalid."""
    text = normal_address(kind, address)
    if kind in NUMBERS and not _NUMBER.fullmatch(text):
        raise Invalid(
            "bad_number",
            "Write the number with its country code, as +86 138 0013 8000.",
            fields={"address": "no number"},
        )
    return text


def clean_name(name: str) -> str:
    """Return a display name on one line, without control or direction-changing characters."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in name)
    return " ".join(visible.split())[:MAX_NAME]


def clean_domain(domain: str) -> str:
    """Return a mail domain in lower case; raises Invalid for what is none, and for one that strangers share."""
    text = domain.strip().lower().removeprefix("@")
    if not _DOMAIN.fullmatch(text):
        raise Invalid("bad_domain", "Write the domain as example.com.", fields={"domain": "no domain"})
    if text in PUBLIC_DOMAINS:
        raise Invalid(
            "public_domain", f"Anybody can have an address at {text}: it says nothing about an organization.",
            fields={"domain": "shared by strangers"},
        )  # fmt: skip
    return text


def clean_language(language: str) -> str:
    """Return a language tag, as `en` or `zh-TW`, or nothing; raises Invalid."""
    text = language.strip()
    if text and not _LANGUAGE.fullmatch(text):
        raise Invalid(
            "bad_language", "Give the language as a code: en, zh, de …", fields={"language": "no language code"}
        )
    return text


def clean_timezone(name: str) -> str:
    """Return the name of a time zone, or nothing; raises Invalid."""
    text = name.strip()
    if text and text not in available_timezones():
        raise Invalid(
            "bad_timezone", "Give the time zone by its name, as Asia/Shanghai.", fields={"timezone": "unknown"}
        )
    return text


def clean_tier(tier: str) -> str:
    """Return a tier, or nothing; raises Invalid."""
    text = tier.strip().lower()
    if text and text not in TIERS:
        raise Invalid("bad_tier", f"The tier is one of {', '.join(TIERS)}.", fields={"tier": "unknown"})
    return text


def clean_warning(text: str) -> str:
    """Return a warning without control characters; raises Invalid when it is longer than anybody reads."""
    clean = "".join(c for c in text.replace("\r\n", "\n").strip() if c == "\n" or unicodedata.category(c)[0] != "C")
    if len(clean) > MAX_WARNING:
        raise Invalid(
            "warning_too_long", f"A warning has at most {MAX_WARNING} characters.", fields={"warning": "too long"}
        )
    return clean


def sort_name(name: str) -> str:
    """Return what lists are ordered by, and what two spellings of one name have in common."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    return unicodedata.normalize("NFC", "".join(c for c in folded if not unicodedata.combining(c)))[:MAX_NAME]


# ---------------------------------------------------------------- what is searched
def digits(text: str) -> str:
    """Return the digits of a text."""
    return "".join(c for c in text if c in "0123456789")


def searched(names: Iterable[str], addresses: Iterable[tuple[str, str]]) -> str:
    """Return a tsvector of names and addresses; a number is found by any four or more of its digits in a row."""
    found = dict.fromkeys(index_tokens(*names, *(address for _kind, address in addresses)))
    for kind, address in addresses:
        if kind == "email":
            found[domain_of(kind, address)] = None
        elif kind in NUMBERS:
            whole = digits(address)
            found.update(dict.fromkeys(whole[start:] for start in range(len(whole) - MIN_DIGITS + 1)))
    return "'" + "' '".join(found) + "'" if found else ""


def wanted(text: str) -> str:
    """Return a tsquery for what a person typed: words, part of an address, or part of a number however it is spaced."""
    if _ASKED_NUMBER.fullmatch(text.strip()) and len(digits(text)) >= MIN_DIGITS:
        return f"'{digits(text).removeprefix('00')}':*"
    return query_text(text)


# ---------------------------------------------------------------- what tells people apart
def domain_of(kind: str, address: str) -> str:
    """Return the domain of a mail address; empty for everything else."""
    return address.rpartition("@")[2] if kind == "email" else ""


def clue_of(kind: str, address: str) -> str:
    """Return what another address of the same person would share: the name before @, the last digits of a number."""
    if kind == "email":
        local = address.partition("@")[0].partition("+")[0]
        return "" if local in SHARED_MAILBOXES or len(local) < MIN_DIGITS else local
    return number_clue(address) if kind in NUMBERS else ""


def number_clue(text: str) -> str:
    """Return the last digits of a number, empty when there are too few to tell one line from another."""
    found = digits(text)
    return found[-SAME_DIGITS:] if len(found) >= SAME_DIGITS else ""


def numbers_below(text: str) -> list[str]:
    """Return the clues of the numbers that stand in the last lines of a message: its signature."""
    end = "\n".join(text[-4000:].splitlines()[-SIGNATURE_LINES:])
    found = dict.fromkeys(number_clue(match[0]) for match in _WRITTEN_NUMBER.finditer(end))
    return [clue for clue in found if clue][:MAX_NUMBERS]
