"""Public holidays of countries and their regions, from the `holidays` library: looked at here, stored by `app.sla.days`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import holidays

from app.errors import Invalid
from app.sla.days import Day

MAX_YEARS = 10
FIRST_YEAR, LAST_YEAR = 2000, 2100
_WANTED = {"zh": ("zh_CN", "zh", "en_US", "en"), "en": ("en_US", "en_GB", "en")}


@lru_cache(maxsize=1)
def countries() -> dict[str, list[str]]:
    """Return the codes of the countries that are known, each with the codes of its regions."""
    known = holidays.list_supported_countries(include_aliases=False)
    return {code: list(known[code]) for code in sorted(known)}


def public_holidays(
    country: str, *, years: Iterable[int], region: str = "", language: str = "en", hours: tuple[str, ...] = ()
) -> list[Day]:
    """Return the public holidays of these years, named in the language where the library has it, else in the country's own.

    A weekend day that is worked in place of another (as in China) comes with `hours`. Raises Invalid.
    """
    wanted = sorted(set(years))
    _check(country, region, wanted)
    found = holidays.country_holidays(
        country, subdiv=region or None, years=wanted, language=_language(country, language), expand=False
    )
    off = [Day(day, " ".join(name.split())[:120]) for day, name in sorted(found.items())]
    worked = sorted(day for day in getattr(found, "weekend_workdays", ()) if day.year in wanted)
    return off + [Day(day, "", hours) for day in worked if hours]


def _check(country: str, region: str, years: list[int]) -> None:
    known = countries()
    if country not in known:
        raise Invalid("country_unknown", "Choose a country from the list.", fields={"country": "unknown"})
    if region and region not in known[country]:
        raise Invalid("region_unknown", "Choose a region of this country.", fields={"region": "unknown"})
    if not years or len(years) > MAX_YEARS or years[0] < FIRST_YEAR or years[-1] > LAST_YEAR:
        raise Invalid(
            "bad_years", f"Choose one to {MAX_YEARS} years between {FIRST_YEAR} and {LAST_YEAR}.",
            fields={"years": "not usable"},
        )  # fmt: skip


def _language(country: str, language: str) -> str | None:
    spoken = _languages().get(country, [])
    return next((code for code in _WANTED.get(language, ()) if code in spoken), None)


@lru_cache(maxsize=1)
def _languages() -> dict[str, list[str]]:
    return dict(holidays.list_localized_countries(include_aliases=False))
