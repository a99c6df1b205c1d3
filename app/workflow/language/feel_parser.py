"""Reading FEEL: expressions and the unary tests of decision cells, into closures over the names.

Names may hold spaces (`Applicant Age`, `string length`): words in a row are one name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from app.workflow.language import feel_values as values
from app.workflow.language.feel_functions import FUNCTIONS, at_literal
from app.workflow.language.feel_nodes import (
    INPUT,
    Test,
    any_of,
    between,
    input_test,
    sign_test,
    three_valued,
    value_test,
    variable,
    wrapped,
)
from app.workflow.language.feel_values import Range
from app.workflow.language.lexer import MAX_NESTING, Cursor, LanguageError, Token, make_pattern, tokenize
from app.workflow.language.nodes import Evaluate, Node, binary_node, call_node, constant_node, list_node, located

_SIGNS = ("..", "(", ")", "[", "]", "{", "}", ",", ":", ".", "==", "=", "!=", "<=", ">=", "<", ">", "+", "-", "**")
_PATTERN = make_pattern((*_SIGNS, "*", "/", "?", "@"))
_LITERALS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
_WORDS = frozenset({"and", "or", "in", "between", "if", "then", "else", "for", "return", "some", "every", "satisfies"})
_WORDS |= {"instance", "function"}
_UNSUPPORTED = frozenset({"for", "some", "every", "instance", "function", "return", "satisfies"})
_LONG_NAMES = (("date", "and", "time"), ("years", "and", "months", "duration"))
_SUMS: Mapping[str, Callable[[Any, Any], Any]] = {"+": values.add, "-": values.subtract}
_PRODUCTS: Mapping[str, Callable[[Any, Any], Any]] = {"*": values.multiply, "/": values.divide}


def read_expression(text: str) -> Evaluate:
    """The closure of an expression. LanguageError names the place of a mistake."""
    parser = _Parser(text)
    if parser.token.kind == "end":
        raise LanguageError("The text is empty.", 0)
    node = parser.expression()
    parser.finish()
    return node.run


def read_tests(text: str) -> Test:
    """The test of a decision cell; `-` and an empty text pass everything. LanguageError names the place of a mistake."""
    parser = _Parser(text)
    if parser.token.kind == "end":
        return lambda _value, _names: True
    if parser.token.text == "-" and parser.token.kind == "sign" and parser.tokens[1].kind == "end":
        return lambda _value, _names: True
    negated = parser.negation()
    if negated is not None:
        return lambda value, names: not negated(value, names)
    test = any_of(parser.tests())
    parser.finish()
    return test


class _Parser(Cursor):
    def __init__(self, text: str) -> None:
        super().__init__(tokenize(text, _PATTERN))
        self.uses_input = False
        self.endpoint = False

    def finish(self) -> None:
        if self.token.kind != "end":
            raise LanguageError(f"Did not expect {self.found()} here.", self.token.position)

    # ------------------------------------------------------------ tests
    def negation(self) -> Test | None:
        """The tests in `not( ... )` when that is the whole text; None, with nothing taken, when more follows it."""
        if [token.text for token in self.tokens[:2]] != ["not", "("] or self.tokens[0].kind != "name":
            return None
        self.at = 2
        found = any_of(self.tests())
        self.expect(")")
        if self.token.kind == "end":
            return found
        self.at = self.calls = 0
        return None

    def tests(self) -> list[Test]:
        found = [self.test()]
        while self.accept(","):
            found.append(self.test())
        return found

    def test(self) -> Test:
        sign = self.accept("<=", ">=", "<", ">", "!=", "=", "==")
        if sign:
            return self.sign_test(sign)
        start = self.token.position
        node, asks_input = self.asking(self.expression)
        return input_test(node, start) if asks_input else value_test(node, start)

    def sign_test(self, sign: Token) -> Test:
        node, asks_input = self.asking(self.sum)
        return sign_test(values.COMPARISONS[sign.text], node, position=sign.position, asks_input=asks_input)

    def asking(self, read: Callable[[], Node]) -> tuple[Node, bool]:
        """A piece, and whether `?` stands in it."""
        outer, self.uses_input = self.uses_input, False
        node = read()
        asks_input, self.uses_input = self.uses_input, outer or self.uses_input
        return node, asks_input

    # ------------------------------------------------------------ expressions
    def expression(self) -> Node:
        with self.nested():
            if self.accept("if"):
                return self.choice()
            return self.disjunction()

    def choice(self) -> Node:
        condition = self.expression()
        self.expect("then")
        chosen = self.expression()
        self.expect("else")
        other = self.expression()
        test, yes, no = condition.run, chosen.run, other.run
        height = 1 + max(condition.height, chosen.height, other.height)
        return Node(lambda names: yes(names) if test(names) is True else no(names), height)

    def disjunction(self) -> Node:
        parts = [self.conjunction()]
        while self.accept("or"):
            parts.append(self.conjunction())
        return three_valued(parts, decides=True)

    def conjunction(self) -> Node:
        parts = [self.comparison()]
        while self.accept("and"):
            parts.append(self.comparison())
        return three_valued(parts, decides=False)

    def comparison(self) -> Node:
        node = self.sum()
        sign = self.accept(*values.COMPARISONS)
        if sign:
            return binary_node(values.COMPARISONS[sign.text], node, self.sum(), position=sign.position)
        if word := self.accept("between"):
            low = self.sum()
            self.expect("and")
            high = self.sum()
            return wrapped(between, node, low, high, position=word.position)
        return self.membership(node) if self.accept("in") else node

    def membership(self, node: Node) -> Node:
        position = self.tokens[self.at - 1].position
        self.count_call()
        if self.token.text == "(" and self.token.kind == "sign" and not self.is_open_range():
            self.advance()
            with self.nested():
                test = any_of(self.tests())
            self.expect(")")
        else:
            test = self.test()
        run = node.run

        def member(names: Mapping[str, Any]) -> bool:
            try:
                return test(run(names), names)
            except LanguageError as error:
                raise located(error, position) from None

        return Node(member, node.height + 10)

    def is_open_range(self) -> bool:
        """Whether the bracket here opens a range and not a list of tests: `..` follows before it closes."""
        depth = 0
        for token in self.tokens[self.at :]:
            if token.kind != "sign":
                continue
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
            if depth == 1 and token.text == "..":
                return True
            if depth <= 0 or (depth == 1 and token.text == ","):
                return False
        return False

    def sum(self) -> Node:
        return self.chain(_SUMS, self.product)

    def product(self) -> Node:
        return self.chain(_PRODUCTS, self.power)

    def chain(self, signs: Mapping[str, Callable[[Any, Any], Any]], operand: Callable[[], Node]) -> Node:
        node = operand()
        while self.token.kind == "sign" and self.token.text in signs:
            sign = self.advance()
            node = binary_node(signs[sign.text], node, operand(), position=sign.position)
        return node

    def power(self) -> Node:
        node = self.unary()
        while sign := self.accept("**"):
            node = binary_node(values.power, node, self.unary(), position=sign.position)
        return node

    def unary(self) -> Node:
        signs: list[Token] = []
        while sign := self.accept("-"):
            signs.append(sign)
        if len(signs) > MAX_NESTING:
            raise LanguageError("Too many signs in a row.", signs[0].position)
        node = self.postfix()
        for sign in reversed(signs):
            constant = node.constant
            node = wrapped(values.negate, node, position=sign.position)
            node.constant = constant
        return node

    def postfix(self) -> Node:
        node = self.atom()
        while True:
            if self.accept("."):
                node = self.member(node)
            elif not self.endpoint and (sign := self.accept("[")):
                key = self.expression()
                self.expect("]")
                node = binary_node(values.index, node, key, position=sign.position)
            else:
                return node

    def member(self, owner: Node) -> Node:
        position = self.token.position
        name = self.long_name()
        return wrapped(lambda value: values.field(value, name), owner, position=position)

    def atom(self) -> Node:
        token = self.token
        if token.kind == "number":
            return constant_node(_number(self.advance()))
        if token.kind == "string":
            return constant_node(self.advance().text)
        if token.kind == "name":
            return self.name()
        if self.accept("?"):
            self.uses_input = True
            return variable(INPUT, token.position)
        if self.accept("@"):
            return self.at_sign()
        if self.accept("[", "]", "("):
            return self.bracket(token)
        if self.accept("{"):
            return self.context()
        raise LanguageError(f"Expected a value here, found {self.found()}.", token.position)

    def at_sign(self) -> Node:
        token = self.token
        if token.kind != "string":
            raise LanguageError('After @ comes a quoted date, time or duration, such as @"2026-01-31".', token.position)
        self.advance()
        try:
            return constant_node(at_literal(token.text))
        except LanguageError as error:
            raise LanguageError(error.message, token.position) from None

    def bracket(self, opening: Token) -> Node:
        """A list, a group, or a range that begins here."""
        endpoint, self.endpoint = self.endpoint, False
        if opening.text == "[" and self.accept("]"):
            self.endpoint = endpoint
            return list_node([])
        first = self.expression()
        if self.accept(".."):
            node = self.range(opening, first)
        elif opening.text == "[":
            node = self.rest_of_list(first)
        elif opening.text == "(":
            self.expect(")")
            node = first
        else:
            raise LanguageError("A range such as ]1..5] needs two dots.", self.token.position)
        self.endpoint = endpoint
        return node

    def rest_of_list(self, first: Node) -> Node:
        entries = [first]
        while self.accept(","):
            entries.append(self.expression())
        self.expect("]")
        return list_node(entries)

    def range(self, opening: Token, low: Node) -> Node:
        self.endpoint = True
        high = self.sum()
        self.endpoint = False
        closing = self.accept("]", ")", "[")
        if not closing:
            raise LanguageError(f"Expected ], ) or [ to end the range, found {self.found()}.", self.token.position)
        low_closed, high_closed = opening.text == "[", closing.text == "]"

        def make(first: Any, last: Any) -> Range:
            if first is not None and last is not None and values.compare(first, last) > 0:
                raise LanguageError("The range ends before it begins.")
            return Range(first, last, low_closed, high_closed)

        node = wrapped(make, low, high, position=opening.position)
        if low.constant and high.constant:
            return constant_node(node.run({}))
        return node

    def context(self) -> Node:
        pairs: list[tuple[str, Evaluate]] = []
        height = 0
        while not self.accept("}"):
            if pairs:
                self.expect(",")
            name = self.advance().text if self.token.kind == "string" else self.long_name()
            self.expect(":")
            node = self.expression()
            height = max(height, node.height)
            pairs.append((name, node.run))
        return Node(lambda names: {name: run(names) for name, run in pairs}, height + 1)

    # ------------------------------------------------------------ names
    def long_name(self) -> str:
        """One or more words in a row, up to a keyword."""
        first = self.token
        if first.kind != "name" or first.text in _WORDS:
            raise LanguageError(f"Expected a name, found {self.found()}.", first.position)
        if first.text.startswith("__"):
            raise LanguageError("A name may not begin with two underscores.", first.position)
        for words in _LONG_NAMES:
            if tuple(token.text for token in self.tokens[self.at : self.at + len(words)]) == words:
                self.at += len(words)
                return " ".join(words)
        found = [self.advance().text]
        while self.token.kind == "name" and self.token.text not in _WORDS:
            found.append(self.advance().text)
        return " ".join(found)

    def name(self) -> Node:
        token = self.token
        if token.text in _UNSUPPORTED:
            raise LanguageError(f"“{token.text}” is not supported in decision tables here.", token.position)
        if token.text in _LITERALS:
            self.advance()
            return constant_node(_LITERALS[token.text])
        name = self.long_name()
        if not self.accept("("):
            return variable(name, token.position)
        self.count_call()
        arguments: list[Node] = []
        while not self.accept(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.expression())
        if name in {"now", "today"} and not arguments:
            return variable(name, token.position)
        if name not in FUNCTIONS:
            allowed = ", ".join(sorted(FUNCTIONS))
            raise LanguageError(f"There is no function {name}(...); allowed are {allowed}.", token.position)
        return call_node(name, FUNCTIONS[name], arguments, position=token.position)


def _number(token: Token) -> Decimal:
    value = Decimal(token.text)
    if abs(value.adjusted()) > 60:
        raise LanguageError("The number is larger than FEEL can compute with.", token.position)
    return value
