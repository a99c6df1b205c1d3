"""Flask's templates, compiled once for each language: a text that stands in a template is translated then, not with every page.

What was compiled is kept in a folder, by the edition of the language's texts, and loaded when the web process starts.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2 import FileSystemBytecodeCache, Template
from jinja2.bccache import Bucket
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from app.settings import settings
from app.web import i18n, words

_CALL = ["name", "lparen", "string", "rparen"]


class Templates(Environment):
    """The templates of all languages; each language has an overlay of its own, with the same globals."""

    language = ""

    def get_template(
        self, name: str | Template, parent: str | None = None, globals: MutableMapping[str, Any] | None = None
    ) -> Template:
        """Return a template in the language of this request; inside a template, in the language of that one."""
        if self.language:
            return super().get_template(name, parent, globals)
        return self._of(i18n.locale()).get_template(name, parent, globals)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return what every template knows. Nothing is known by one alone: Jinja would compare name by name at each import."""
        return super().make_globals(d) if d else self.globals

    def _of(self, language: str) -> Templates:
        known: dict[str, Templates] = self.__dict__.setdefault("languages", {})
        if language not in known:
            made = self.overlay()
            made.language, made.bytecode_cache = language, _cache(language)
            made.add_extension(Translated)
            known[language] = made
        return known[language]


class Translated(Extension):
    """Puts the translation in the place of `_("a text")`; calls with values stay calls."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the tokens of a template in its language."""
        language: str = self.environment.language  # type: ignore[attr-defined]
        tokens, place = list(stream), 0
        while place < len(tokens):
            token = tokens[place]
            if token.value == "_" and [each.type for each in tokens[place : place + 4]] == _CALL:
                yield Token(token.lineno, "string", i18n.translate(language, tokens[place + 2].value))
                place += 4
            else:
                yield token
                place += 1


class Kept(FileSystemBytecodeCache):
    """Compiled templates in a folder; one that cannot be read or written only costs time."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Find a compiled template."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template."""
        with suppress(OSError):
            Path(self.directory).mkdir(mode=0o700, parents=True, exist_ok=True)
            super().dump_bytecode(bucket)


@lru_cache(maxsize=len(i18n.LANGUAGES))
def edition(language: str) -> str:
    """Return a name that changes with the texts of a language, and with the way in which they come into templates."""
    sources = (
        Path(words.__file__),
        Path(i18n.__file__),
        Path(__file__),
        i18n.FOLDER / language / "LC_MESSAGES" / "desk.po",
    )
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources if path.exists()))
    return f"{language}-{digest.hexdigest()[:16]}"


def _cache(language: str) -> Kept | None:
    folder = settings().template_cache
    return None if folder is None else Kept(str(folder / edition(language)), "%s.cache")


def load_kept(app: Flask) -> None:
    """Load the templates that an earlier process has compiled, and throw away those of older texts."""
    folder = settings().template_cache
    if folder is None or not folder.is_dir():
        return
    current = {edition(language): language for language in i18n.LANGUAGES}
    for kept in folder.iterdir():
        if kept.name not in current:
            shutil.rmtree(kept, ignore_errors=True)
        elif kept.is_dir():
            _load(app, current[kept.name])


def _load(app: Flask, language: str) -> None:
    with app.test_request_context(f"/?lang={language}"):
        for name in app.jinja_env.list_templates(extensions=["html"]):
            app.jinja_env.get_template(name)
