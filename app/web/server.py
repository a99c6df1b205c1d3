"""The web process: gunicorn around the Flask application, worker processes forked from one that has loaded the code."""

from __future__ import annotations

from typing import Any

from gunicorn.app.base import BaseApplication

from app.settings import settings


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn, set up from our settings."""

    def __init__(self, application: Any, options: dict[str, Any]) -> None:
        """Keep application and options until gunicorn asks."""
        self._application = application
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Hand our options over."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application."""
        return self._application


def run() -> None:
    """Serve on HOST:PORT until stopped."""
    from app.web import create_app, templating  # noqa: PLC0415 -- this module belongs to what it loads

    current = settings()
    options = {
        "bind": f"{current.host}:{current.port}", "workers": current.web_workers, "worker_class": "gthread",
        "threads": current.web_threads, "preload_app": True, "timeout": 60, "graceful_timeout": 5,
        "keepalive": 30, "accesslog": None, "loglevel": "warning", "max_requests": 50_000,
        "max_requests_jitter": 5_000, "control_socket_disable": True,
    }  # fmt: skip
    app = create_app()
    templating.load_kept(app)
    Server(app, options).run()
