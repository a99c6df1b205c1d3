"""Flask's templates, compiled once for each language: a text that stands in a template is translated then, not with every page."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from flask.templating import Environment
from jinja2 import Template
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from app.web import i18n

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
            made.language = language
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
