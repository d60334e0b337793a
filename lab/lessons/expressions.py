"""Expressions: what a scenario may ask of the engine, in one line of safe arithmetic.

`done("audit") == born()` is parsed with Python's own grammar and then evaluated by us: numbers, text,
comparisons, `and`, `or`, `not`, `+ - * // %`, names that the step remembered, and calls of the words in
`lab/cluster/words`. Nothing else is let through, so a scenario file is data, never code.
"""

import ast
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from lab.cluster.refused import Refused
from lab.cluster.words import WORDS, Value
from lab.world.world import World

LENGTH_MAX = 1_000
DEPTH_MAX = 20


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. Evaluating it changes nothing."""

    source: str
    tree: ast.expr

    def value(self, world: World, names: Mapping[str, Value]) -> Value:
        """Its value now. Raises Refused where the words do (no such partition …)."""
        return _evaluate(self.tree, world, names)

    def holds(self, world: World, names: Mapping[str, Value]) -> bool:
        """Whether it is true now; what cannot be told is not true."""
        try:
            return bool(self.value(world, names))
        except Refused:
            return False


def parse(source: str, names: frozenset[str] = frozenset()) -> Expression:
    """Check an expression. `names`: what the step remembers. Raises Refused with what is not allowed."""
    if len(source) > LENGTH_MAX:
        raise Refused(f"wanted an expression of at most {LENGTH_MAX} characters, found {len(source)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice on its own style is not for authors of scenarios
            tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Refused(f'wanted an expression like done("app") == 10, found {source!r}') from None
    _allowed(tree, names, 0)
    return Expression(source, tree)


def _allowed(tree: ast.expr, names: frozenset[str], depth: int) -> None:
    if depth > DEPTH_MAX:
        raise Refused(f"wanted at most {DEPTH_MAX} levels")
    match tree:
        case ast.Constant(value=bool() | int() | str()):
            return
        case ast.Name(id=name):
            if name not in names and name not in ("true", "false"):
                raise Refused(f"{name!r} is not remembered in this step")
        case ast.Call(func=ast.Name(id=word), args=args, keywords=[]):
            if word not in WORDS:
                raise Refused(f"there is no word {word!r}; there are {', '.join(sorted(WORDS))}")
            for one in args:
                _allowed(one, names, depth + 1)
            _arguments(word, len(args))
        case ast.BoolOp(values=values):
            for one in values:
                _allowed(one, names, depth + 1)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            _allowed(operand, names, depth + 1)
        case ast.BinOp(
            left=left,
            op=ast.Add() | ast.Sub() | ast.Mult() | ast.FloorDiv() | ast.Mod(),
            right=right,
        ):
            _allowed(left, names, depth + 1)
            _allowed(right, names, depth + 1)
        case ast.Compare(left=left, comparators=others, ops=ops):
            for op in ops:
                if isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)):
                    raise Refused("wanted == != < <= > >=")
            for one in (left, *others):
                _allowed(one, names, depth + 1)
        case _:
            raise Refused(f"{ast.unparse(tree)!r} is not allowed in an expression")


def _arguments(word: str, given: int) -> None:
    least, most = WORDS[word].arguments
    if not least <= given <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise Refused(f"{word}: wanted {wanted} arguments, found {given}")


def _evaluate(tree: ast.expr, world: World, names: Mapping[str, Value]) -> Value:
    match tree:
        case ast.Constant(value=value):
            return cast("Value", value)
        case ast.Name(id=name):
            return name == "true" if name in ("true", "false") else names[name]
        case ast.Call(func=ast.Name(id=word), args=args):
            return WORDS[word](world, *(_evaluate(one, world, names) for one in args))
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_evaluate(one, world, names) for one in values)
        case ast.BoolOp(values=values):
            return any(_evaluate(one, world, names) for one in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _evaluate(operand, world, names)
        case ast.UnaryOp(operand=operand):
            return -number_of(_evaluate(operand, world, names))
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(op, _evaluate(left, world, names), _evaluate(right, world, names))
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compared(_evaluate(left, world, names), ops, [_evaluate(one, world, names) for one in others])
        case _:
            raise AssertionError(ast.dump(tree))


def number_of(value: Value) -> int:
    """A value as a number: true is 1. Raises Refused for text."""
    if isinstance(value, str):
        raise Refused(f"wanted a number, found {value!r}")
    return int(value)


def _arithmetic(op: ast.operator, left: Value, right: Value) -> Value:
    one, two = number_of(left), number_of(right)
    match op:
        case ast.Add():
            return one + two
        case ast.Sub():
            return one - two
        case ast.Mult():
            return one * two
        case _ if two == 0:
            raise Refused("division by zero")
        case ast.FloorDiv():
            return one // two
        case _:
            return one % two


def _compared(left: Value, ops: list[ast.cmpop], others: list[Value]) -> bool:
    for op, right in zip(ops, others, strict=True):
        if not _one_comparison(op, left, right):
            return False
        left = right
    return True


def _one_comparison(op: ast.cmpop, left: Value, right: Value) -> bool:
    match op:
        case ast.Eq():
            return left == right
        case ast.NotEq():
            return left != right
        case ast.Lt():
            return number_of(left) < number_of(right)
        case ast.LtE():
            return number_of(left) <= number_of(right)
        case ast.Gt():
            return number_of(left) > number_of(right)
        case _:
            return number_of(left) >= number_of(right)
