"""The code as text: what linters cannot see."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE = ("env", "world", "kafka")
SELF = "tests/test_tidy.py"

BANNED_MODULES = {
    "asyncio", "datetime", "multiprocessing", "numpy", "os", "pathlib", "random", "secrets", "select",
    "selectors", "shutil", "socket", "subprocess", "sys", "tempfile", "threading", "time", "uuid",
}  # fmt: skip
BANNED_CALLS = {
    "hash",
    "open",
    "print",
    "input",
    "float",
    "eval",
    "exec",
    "set_trace",
    "breakpoint",
}
ALLOWED_IMPORTS = {
    # When the next checkpoint is due depends on the processor's clock; what happens does not.
    ("lab/world/checkpoint.py", "time"),
}
ORDER_FREE = {"sorted", "len", "sum", "min", "max", "any", "all", "set", "frozenset", "bool"}
"""What may be asked of a set: the answer does not depend on its order."""
ALLOWED_CALLS = {
    ("lab/kafka/protocol/codec/source.py", "exec()"),  # code that is made of a schema of ours, and of nothing else
    ("lab/env/packed.py", "exec()"),  # a method that is made of the names of our own fields
}


# --- reading --------------------------------------------------------------------------------------


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def files_below(*folders: str, suffix: str = ".py") -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}")]
    return sorted(path for path in found if "_data" not in path.parts and "__pycache__" not in path.parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


Finding = tuple[int, str]


def findings(paths: list[Path], look: Callable[[ast.Module], Iterator[Finding]]) -> list[str]:
    found = [(name_of(path), line, what) for path in paths for line, what in look(tree_of(path))]
    return [f"{name}:{line}: {what}" for name, line, what in found if (name, what) not in ALLOWED_CALLS]


def engine_files() -> list[Path]:
    return files_below(*(f"lab/{package}" for package in ENGINE))


# --- the engine -----------------------------------------------------------------------------------


def imports(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module.partition(".")[0]


def test_the_engine_imports_nothing_that_knows_the_machine():
    found = [
        f"{name_of(path)}:{line}: {module}"
        for path in engine_files()
        for line, module in imports(tree_of(path))
        if module in BANNED_MODULES and (name_of(path), module) not in ALLOWED_IMPORTS
    ]
    assert not found


def impure_calls(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
            yield node.lineno, f"{node.func.id}()"


def floats(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"the float {node.value}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "a true division; a float differs by platform"


def coroutines(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield node.lineno, "a coroutine; it cannot be pickled"


def kept_envs(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("env", "_env") and isinstance(node.ctx, ast.Store):
            yield node.lineno, f"keeps an Env in .{node.attr}"


def kept_lambdas(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Lambda):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Attribute) for target in targets):
                yield node.lineno, "keeps a lambda; it cannot be pickled"


# Sets, as far as one can see from the text: literals, set(...), names and attributes bound to or annotated as one.


def is_set_annotation(node: ast.expr | None) -> bool:
    return node is not None and re.match(r"(frozen)?set\b", ast.unparse(node)) is not None


def set_names(tree: ast.Module) -> set[str]:
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and is_set_annotation(node.annotation):
            named.add(ast.unparse(node.target).removeprefix("self."))
        elif isinstance(node, ast.Assign) and makes_set(node.value, frozenset()):
            named.update(ast.unparse(target).removeprefix("self.") for target in node.targets)
        elif isinstance(node, ast.arg) and is_set_annotation(node.annotation):
            named.add(node.arg)
    return named


def makes_set(node: ast.expr, named: frozenset[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), left=left, right=right):
            return makes_set(left, named) or makes_set(right, named)
        case ast.Name() | ast.Attribute():
            return ast.unparse(node).removeprefix("self.") in named
        case _:
            return False


def loops_over_sets(tree: ast.Module) -> Iterator[Finding]:
    named = frozenset(set_names(tree))
    harmless = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ORDER_FREE
        for argument in node.args
    }
    for node in ast.walk(tree):
        match node:
            case ast.For():
                looped = [node.iter]
            case ast.ListComp() | ast.DictComp() | ast.GeneratorExp() if id(node) not in harmless:
                looped = [generator.iter for generator in node.generators]
            case ast.Call(func=ast.Name(id="list" | "tuple" | "iter" | "enumerate" | "next"), args=[first, *_]):
                looped = [first]
            case _:
                continue
        for each in looped:
            if makes_set(each, named):
                yield each.lineno, f"loops over the set {ast.unparse(each)}; its order is chance"


@pytest.mark.parametrize(
    "look",
    [impure_calls, floats, coroutines, kept_envs, kept_lambdas, loops_over_sets],
    ids=lambda look: look.__name__,
)
def test_the_engine_is_pure(look: Callable[[ast.Module], Iterator[Finding]]):
    assert not findings(engine_files(), look)


@pytest.mark.parametrize(
    ("look", "guilty"),
    [
        (impure_calls, "hash(key)"),
        (floats, "half = total / 2"),
        (floats, "total /= 2"),
        (floats, "delay = 0.5"),
        (coroutines, "async def receive(): ..."),
        (kept_envs, "self.env = env"),
        (kept_lambdas, "self.key = lambda: 1"),
        (loops_over_sets, "for broker in {1, 2}: pass"),
        (loops_over_sets, "alive: set[int] = make()\nfirst = [broker for broker in alive]"),
        (loops_over_sets, "self.isr = set(replicas)\nfor broker in self.isr - {1}: pass"),
        (loops_over_sets, "def shrink(isr: frozenset[int]): return list(isr)"),
    ],
)
def test_each_rule_of_purity_finds_what_it_forbids(look: Callable[[ast.Module], Iterator[Finding]], guilty: str):
    assert list(look(ast.parse(guilty)))


@pytest.mark.parametrize(
    "innocent",
    [
        "isr = {1, 2}\nfor broker in sorted(isr): pass",
        "isr = {1, 2}\nalive = any(broker > 1 for broker in isr)",
        "isr = dict.fromkeys(replicas)\nfor broker in isr: pass",
    ],
)
def test_asking_a_set_what_does_not_depend_on_its_order_is_allowed(innocent: str):
    assert not list(loops_over_sets(ast.parse(innocent)))


# --- the window -----------------------------------------------------------------------------------


def careless_painters(tree: ast.Module) -> Iterator[Finding]:
    """An exception beside an open QPainter ends the process with a segmentation fault."""
    managed = {id(item.context_expr) for node in ast.walk(tree) if isinstance(node, ast.With) for item in node.items}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("QPainter") and id(node) not in managed:
            yield node.lineno, "a QPainter outside of `with`"


def test_every_painter_is_closed_whatever_happens():
    assert not findings(files_below("lab"), careless_painters)


def test_an_open_painter_is_found():
    assert list(careless_painters(ast.parse("painter = QPainter(image)")))
    assert not list(careless_painters(ast.parse("with QPainter(image) as painter: pass")))


# --- all code -------------------------------------------------------------------------------------


def test_every_module_says_what_it_is_for():
    assert not [name_of(path) for path in files_below("lab", "tests") if not ast.get_docstring(tree_of(path))]


def test_every_package_opens_with_a_paragraph():
    packages = [path for path in files_below("lab") if path.name == "__init__.py"]
    openings = {name_of(path): ast.get_docstring(tree_of(path)) or "" for path in packages}
    assert not {name: opening for name, opening in openings.items() if len(opening.split()) < 12}


def test_no_module_is_a_drawer_for_everything():
    drawers = {"util", "utils", "common", "helper", "helpers", "misc", "manager"}
    assert not [name_of(path) for path in files_below("lab", "tests") if path.stem in drawers]


def test_no_two_test_files_share_a_name():
    names = [path.name for path in files_below("tests") if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


LEFTOVERS = re.compile(
    r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b|pragma: no cover|breakpoint\(\)"
    r"|(?<![\w.])/(home|Users|root|work|tmp)/\w"
)


def test_nothing_is_left_over_and_no_machine_is_named():
    found: list[str] = []
    for path in [
        *files_below("lab", "tests"), *files_below("docs", "scenarios", suffix=".md"), ROOT / "README.md",
        *files_below("assets", suffix=".md"), ROOT / "pyproject.toml",
    ]:  # fmt: skip
        if name_of(path) == SELF:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if LEFTOVERS.search(line):
                found.append(f"{name_of(path)}:{number}: {line.strip()}")
    assert not found


NAMED_PATH = re.compile(r"[`(](?:\.\./|\./)*((?:lab|tests|docs|scenarios|assets|\.ci)/[\w./-]+)[`)#]")


def paths_named(text: str) -> list[str]:
    return [path.rstrip("/.") for path in NAMED_PATH.findall(text)]


def test_every_path_named_in_the_documentation_exists():
    for page in [*files_below("docs", suffix=".md"), ROOT / "README.md"]:
        for path in paths_named(page.read_text(encoding="utf-8")):
            assert (ROOT / path).exists(), f"{name_of(page)} names {path}, which does not exist"


def test_named_paths_are_seen_in_code_and_in_links():
    assert paths_named("see `lab/env/node.py` and [the look](../assets/icons/)") == [
        "lab/env/node.py",
        "assets/icons",
    ]
