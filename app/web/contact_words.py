"""How contacts are shown: languages by name, the time of day where somebody is, and what a list of them is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from app.contacts import spelling
from app.web import i18n

LANGUAGES = (
    "en", "zh", "zh-TW", "ar", "cs", "da", "de", "el", "es", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko", "ms",
    "nl", "no", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "vi",
)  # fmt: skip
MORNING, EVENING = 8, 21


@dataclass(frozen=True, slots=True)
class LocalTime:
    """What the clock shows where somebody is."""

    zone: str
    at: datetime
    is_late: bool


def local_time(zone: str, now: datetime) -> LocalTime | None:
    """Return the time in a zone; None without one. `is_late` when one does not ring anybody up."""
    if zone not in _all_zones():
        return None
    there = now.astimezone(ZoneInfo(zone))
    return LocalTime(zone, there, not MORNING <= there.hour < EVENING)


def language_name(tag: str) -> str:
    """Return a language as the viewer calls it."""
    return _language_name(tag, i18n.locale())


@lru_cache(maxsize=512)
def _language_name(tag: str, locale: str) -> str:
    names = i18n.LANGUAGES[locale].languages
    wanted = {"zh": "zh_Hans", "zh-TW": "zh_Hant"}.get(tag, tag.replace("-", "_"))
    return str(names.get(wanted) or names.get(tag.partition("-")[0]) or tag)


@lru_cache(maxsize=1)
def _all_zones() -> frozenset[str]:
    """Return every zone there is; asking for them reads hundreds of files."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Return the time zones that people live in, by name."""
    return tuple(sorted(name for name in _all_zones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))))


def choices() -> dict[str, object]:
    """Return what forms about contacts offer."""
    return {
        "languages": LANGUAGES, "language_name": language_name, "tiers": spelling.TIERS, "kinds": spelling.KINDS,
        "zones": zones(),
    }  # fmt: skip
