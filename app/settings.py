"""Settings, read once from the environment. Every one is described in docs/configuration.md."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.errors import Invalid

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """One typed value for each environment variable that the product honours."""

    database_url: str
    redis_url: str
    data_dir: Path
    secret_key: str
    public_url: str
    stream_url: str
    host: str
    port: int
    stream_port: int
    smtp_host: str
    smtp_port: int
    smtp_tls_cert: Path | None
    smtp_tls_key: Path | None
    smtp_require_tls: bool
    mail_hostname: str
    max_message_bytes: int
    max_upload_bytes: int
    workers: int
    web_workers: int
    web_threads: int
    template_cache: Path | None
    db_pool: int
    lease_seconds: int
    sweep_seconds: float
    session_hours: int
    default_locale: str
    default_timezone: str
    trusted_proxies: int
    log_level: str
    crash_at: str
    dedupe: bool
    demo_smtp: str
    demo_data: bool
    undo_seconds: int
    scan_clamd: str
    scan_command: str


def _int(name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise Invalid("bad_setting", f"{name} must be a whole number, not {text!r}.") from None
    if not low <= value <= high:
        raise Invalid("bad_setting", f"{name} must lie between {low} and {high}, not {value}.")
    return value


def _text(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def _place(name: str, text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdigit() and 0 < int(port) < 65536):
        raise Invalid("bad_setting", f"{name} must be host:port, not {text!r}.")
    return text


def _secret_key(data_dir: Path) -> str:
    """Take SECRET_KEY, else the key file of the data folder, which is made (mode 600) on first use."""
    if key := os.environ.get("SECRET_KEY", "").strip():
        return key
    path = Path(_text("SECRET_KEY_FILE", str(data_dir / "secret.key")))
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _smtp_tls() -> dict[str, Any]:
    """The files are looked at by the listener, which goes on without TLS when they cannot be used."""
    certificate, key = _text("SMTP_TLS_CERT", ""), _text("SMTP_TLS_KEY", "")
    required = _text("SMTP_REQUIRE_TLS", "off")
    if required not in ("on", "off"):
        raise Invalid("bad_setting", f"SMTP_REQUIRE_TLS must be on or off, not {required!r}.")
    if key and not certificate:
        raise Invalid("bad_setting", "SMTP_TLS_KEY needs SMTP_TLS_CERT, the certificate that belongs to it.")
    if required == "on" and not certificate:
        raise Invalid("bad_setting", "SMTP_REQUIRE_TLS needs SMTP_TLS_CERT and SMTP_TLS_KEY.")
    return {
        "smtp_tls_cert": Path(certificate) if certificate else None,
        "smtp_tls_key": Path(key or certificate) if certificate else None,  # both may stand in one file
        "smtp_require_tls": required == "on",
    }


def _template_cache(data_dir: Path) -> Path | None:
    wanted = _text("TEMPLATE_CACHE", str(data_dir / "templates"))
    return None if wanted == "off" else Path(wanted).resolve()


def sqlalchemy_url(url: str) -> str:
    """Return the database URL with the psycopg 3 driver named, whatever way it was spelled; raises Invalid for another."""
    scheme, marks, rest = url.partition("://")
    if not marks or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise Invalid(
            "bad_setting",
            "DATABASE_URL must be the address of a PostgreSQL, as postgresql://user:password@host:5432/name.",
        )
    return f"postgresql+psycopg://{rest}"


def read_settings() -> Settings:
    """Read the environment; raises Invalid that names the variable which is wrong."""
    data_dir = Path(_text("DATA_DIR", ".run")).resolve()
    port = _int("PORT", 8080, high=65535)
    stream_port = _int("STREAM_PORT", port + 1, high=65535)
    return Settings(
        database_url=sqlalchemy_url(_text("DATABASE_URL", "postgresql://127.0.0.1:5432/ringback")),
        redis_url=_text("REDIS_URL", "redis://127.0.0.1:6379/0"),
        data_dir=data_dir,
        secret_key=_secret_key(data_dir),
        public_url=_text("PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/"),
        stream_url=_text("STREAM_URL", f"http://127.0.0.1:{stream_port}/stream"),
        host=_text("HOST", "127.0.0.1"),
        port=port,
        stream_port=stream_port,
        smtp_host=_text("SMTP_HOST", "127.0.0.1"),
        smtp_port=_int("SMTP_PORT", 2525, high=65535),
        **_smtp_tls(),
        mail_hostname=_text("MAIL_HOSTNAME", "localhost"),
        max_message_bytes=_int("MAX_MESSAGE_BYTES", 35 * MEGABYTE, low=1024),
        max_upload_bytes=_int("MAX_UPLOAD_BYTES", 25 * MEGABYTE, low=1024),
        workers=_int("WORKERS", 2, low=1, high=256),
        web_workers=_int("WEB_WORKERS", 2, low=1, high=64),
        web_threads=_int("WEB_THREADS", 3, low=1, high=64),
        template_cache=_template_cache(data_dir),
        db_pool=_int("DB_POOL", 5, low=1, high=200),
        lease_seconds=_int("LEASE_SECONDS", 30, low=2, high=3600),
        sweep_seconds=_int("SWEEP_SECONDS", 5, low=1, high=600),
        session_hours=_int("SESSION_HOURS", 12, low=1, high=24 * 90),
        default_locale=_text("DEFAULT_LOCALE", "en"),
        default_timezone=_text("DEFAULT_TIMEZONE", "UTC"),
        trusted_proxies=_int("TRUSTED_PROXIES", 0, high=10),
        log_level=_text("LOG_LEVEL", "info"),
        crash_at=_text("CRASH_AT", ""),
        dedupe=_text("DEDUPE", "on") != "off",
        demo_smtp=_text("DEMO_SMTP", ""),
        demo_data=_text("DEMO_DATA", "on") != "off",
        undo_seconds=_int("UNDO_SECONDS", 10, high=120),
        scan_clamd=_place("SCAN_CLAMD", _text("SCAN_CLAMD", "")),
        scan_command=_text("SCAN_COMMAND", ""),
    )


@cache
def settings() -> Settings:
    """Return the settings of this process; `settings.cache_clear()` makes tests read the environment anew."""
    return read_settings()
