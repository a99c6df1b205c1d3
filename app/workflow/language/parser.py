"""Reading an expression: a precedence-climbing parser that builds closures over the names.

Owns the grammar and the limits on nesting. Every closure takes the mapping of names and returns a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.workflow.language import operations as ops
from app.workflow.language.functions import FUNCTIONS, METHODS, is_empty
from app.workflow.language.lexer import MAX_NESTING, Cursor, LanguageError, Token, make_pattern, tokenize
from app.workflow.language.nodes import (
    Evaluate,
    Node,
    binary_node,
    call_node,
    constant_node,
    field_node,
    list_node,
    located,
    logic_node,
    name_node,
)

_SIGNS: tuple[str, ...] = (
    "${",
    "#{",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    "?",
    ".",
    "==",
    "=",
    "!=",
    "<>",
    "<=",
    ">=",
    "<",
    ">",
)
_SIGNS += ("&&", "||", "!", "+", "-", "**", "*", "//", "/", "%")
_PATTERN = make_pattern(_SIGNS)

_LITERALS: Mapping[str, Any] = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_RESERVED = frozenset(
    {"and", "or", "not", "in", "is", "if", "else", "then", "lambda", "for", "while", "import", "def", "class"}
)

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": ops.equal,
    "=": ops.equal,
    "eq": ops.equal,
    "is": ops.equal,
    "!=": ops.not_equal,
    "<>": ops.not_equal,
    "ne": ops.not_equal,
    "is not": ops.not_equal,
    "<": ops.less,
    "lt": ops.less,
    "<=": ops.less_equal,
    "le": ops.less_equal,
    ">": ops.greater,
    "gt": ops.greater,
    ">=": ops.greater_equal,
    "ge": ops.greater_equal,
    "in": lambda item, container: ops.contains(container, item),
    "not in": lambda item, container: not ops.contains(container, item),
}
_SUMS: Mapping[str, Callable[[Any, Any], Any]] = {"+": ops.add, "-": ops.subtract}
_PRODUCTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "*": ops.multiply,
    "/": ops.divide,
    "div": ops.divide,
    "//": ops.floor_divide,
    "%": ops.modulo,
    "mod": ops.modulo,
}


def parse(text: str) -> tuple[Evaluate, frozenset[str]]:
    """The closure of an expression and the top-level names it reads. LanguageError names the place of a mistake."""
    parser = _Parser(text)
    return parser.whole().run, frozenset(parser.names)


class _Parser(Cursor):
    def __init__(self, text: str) -> None:
        super().__init__(tokenize(text, _PATTERN))
        self.names: set[str] = set()

    def whole(self) -> Node:
        if self.token.text == "=" and self.token.kind == "sign":
            self.advance()
        if self.token.kind == "end":
            raise LanguageError("The expression is empty.", 0)
        node = self.expression()
        if self.token.kind != "end":
            raise LanguageError(f"Did not expect {self.found()} here.", self.token.position)
        return node

    def expression(self) -> Node:
        with self.nested():
            if self.accept("if"):
                condition = self.expression()
                self.expect("then")
                return self.choice(condition, self.expression(), separator="else")
            node = self.disjunction()
            if self.accept("?"):
                return self.choice(node, self.expression(), separator=":")
            if self.accept("if"):
                return self.choice(self.disjunction(), node, separator="else")
            return node

    def choice(self, condition: Node, chosen: Node, *, separator: str) -> Node:
        self.expect(separator)
        other = self.expression()
        test, yes, no = condition.run, chosen.run, other.run
        height = 1 + max(condition.height, chosen.height, other.height)
        return Node(lambda names: yes(names) if test(names) else no(names), height)

    def disjunction(self) -> Node:
        parts = [self.conjunction()]
        while self.accept("or", "||"):
            parts.append(self.conjunction())
        return logic_node(parts, stop_at=True)

    def conjunction(self) -> Node:
        parts = [self.negation()]
        while self.accept("and", "&&"):
            parts.append(self.negation())
        return logic_node(parts, stop_at=False)

    def negation(self) -> Node:
        inverted = count = 0
        while self.accept("not"):
            inverted ^= 1
            count += 1
        node = self.comparison()
        if not count:
            return node
        run = node.run
        if inverted:
            return Node(lambda names: not run(names), node.height + 1)
        return Node(lambda names: bool(run(names)), node.height + 1)

    def comparison(self) -> Node:
        node = self.sum()
        parts: list[Node] = []
        while (found := self.comparison_sign()) is not None:
            position = self.tokens[self.at - 1].position
            right = self.sum()
            if found.endswith("in"):
                self.count_call()
            parts.append(binary_node(_COMPARISONS[found], node, right, position=position))
            node = right
        return logic_node(parts, stop_at=False) if parts else node

    def comparison_sign(self) -> str | None:
        token = self.token
        if token.kind not in {"sign", "name"}:
            return None
        following = self.tokens[self.at + 1].text if token.kind == "name" else ""
        pair = f"{token.text} {following}"
        if pair in {"not in", "is not"}:
            self.at += 2
            return pair
        if token.text in _COMPARISONS:
            self.at += 1
            return token.text
        return None

    def sum(self) -> Node:
        return self.chain(_SUMS, self.product)

    def product(self) -> Node:
        return self.chain(_PRODUCTS, self.unary)

    def chain(self, signs: Mapping[str, Callable[[Any, Any], Any]], operand: Callable[[], Node]) -> Node:
        node = operand()
        while self.token.kind in {"sign", "name"} and self.token.text in signs:
            sign = self.advance()
            node = binary_node(signs[sign.text], node, operand(), position=sign.position)
        return node

    def unary(self) -> Node:
        signs: list[Token] = []
        while sign := self.accept("-", "+", "!"):
            signs.append(sign)
        if len(signs) > MAX_NESTING:
            raise LanguageError("Too many signs in a row.", signs[0].position)
        node = self.power()
        for sign in reversed(signs):
            node = self.signed(sign, node)
        return node

    def signed(self, sign: Token, node: Node) -> Node:
        run, position = node.run, sign.position
        if sign.text == "!":
            return Node(lambda names: not run(names), node.height + 1)
        if sign.text == "+":
            return node

        def negative(names: Mapping[str, Any]) -> Any:
            try:
                return ops.negate(run(names))
            except LanguageError as error:
                raise located(error, position) from None

        return Node(negative, node.height + 1, constant=node.constant)

    def power(self) -> Node:
        node = self.postfix()
        sign = self.accept("**")
        if not sign:
            return node
        with self.nested():
            exponent = self.unary()
        return binary_node(ops.power, node, exponent, position=sign.position)

    def postfix(self) -> Node:
        node = self.atom()
        while sign := self.accept(".", "["):
            if sign.text == "[":
                key = self.expression()
                self.expect("]")
                node = binary_node(ops.index, node, key, position=sign.position)
            else:
                node = self.member(node)
        return node

    def member(self, owner: Node) -> Node:
        token = self.name_token("a field's name after the dot")
        if self.accept("("):
            self.count_call()
            arguments = self.arguments(")")
            if token.text not in METHODS:
                raise LanguageError(
                    f"There is no method {token.text}(...); allowed are {_listed(METHODS)}.", token.position
                )
            return call_node(token.text, METHODS[token.text], [owner, *arguments], position=token.position)
        return field_node(owner, token.text, position=token.position)

    def name_token(self, wanted: str) -> Token:
        token = self.token
        if token.kind != "name":
            raise LanguageError(f"Expected {wanted}, found {self.found()}.", token.position)
        if token.text.startswith("__"):
            raise LanguageError("A name may not begin with two underscores.", token.position)
        return self.advance()

    def arguments(self, closing: str) -> list[Node]:
        found: list[Node] = []
        while not self.accept(closing):
            if found:
                self.expect(",")
            found.append(self.expression())
        return found

    def atom(self) -> Node:
        token = self.token
        if token.kind == "number":
            return constant_node(_number(self.advance()))
        if token.kind == "string":
            return constant_node(self.advance().text)
        if token.kind == "name":
            return self.name()
        closing = {"(": ")", "${": "}", "#{": "}"}.get(token.text) if token.kind == "sign" else None
        if closing:
            self.advance()
            node = self.expression()
            self.expect(closing)
            return node
        if self.accept("["):
            return list_node(self.arguments("]"))
        if self.accept("{"):
            return self.mapping()
        raise LanguageError(f"Expected a value here, found {self.found()}.", token.position)

    def mapping(self) -> Node:
        keys: list[str] = []
        values: list[Node] = []
        while not self.accept("}"):
            if keys:
                self.expect(",")
            if self.token.kind not in {"string", "name"}:
                raise LanguageError(f"Expected a field's name, found {self.found()}.", self.token.position)
            keys.append(self.advance().text)
            self.expect(":")
            values.append(self.expression())
        pairs = tuple(zip(keys, (value.run for value in values), strict=True))
        height = 1 + max((value.height for value in values), default=0)
        return Node(lambda names: {key: run(names) for key, run in pairs}, height)

    def name(self) -> Node:
        token = self.name_token("a name")
        name, position = token.text, token.position
        if name in _LITERALS:
            return constant_node(_LITERALS[name])
        if name in _RESERVED:
            raise LanguageError(f"“{name}” cannot stand here.", position)
        if self.accept("("):
            return self.call(token)
        if name == "empty" and self.begins_operand():
            run_operand, height = self.operand_of_empty()
            return Node(lambda names: is_empty(run_operand(names)), height + 1)
        self.names.add(name)
        return name_node(name, position)

    def operand_of_empty(self) -> tuple[Evaluate, int]:
        with self.nested():
            node = self.postfix()
        return node.run, node.height

    def begins_operand(self) -> bool:
        token = self.token
        if token.kind == "name":
            return token.text not in _RESERVED and token.text not in _COMPARISONS and token.text not in _PRODUCTS
        return token.kind in {"number", "string"} or token.text in {"${", "#{"}

    def call(self, token: Token) -> Node:
        name = token.text
        self.count_call()
        arguments = self.arguments(")")
        if name in {"now", "today"} and not arguments:
            self.names.add(name)
            return name_node(name, token.position)
        if name not in FUNCTIONS:
            raise LanguageError(f"There is no function {name}(...); allowed are {_listed(FUNCTIONS)}.", token.position)
        return call_node(name, FUNCTIONS[name], arguments, position=token.position)


def _number(token: Token) -> int | float:
    if token.text.isdigit():
        return int(token.text)
    value = float(token.text)
    try:
        return float(ops.capped(value))
    except LanguageError as error:
        raise located(error, token.position) from None


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names))
