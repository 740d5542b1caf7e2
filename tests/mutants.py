"""The checker without one of its checks, loaded beside the real one.

A check is a statement that yields findings, an alternative in a condition for one, or
what is noted for a later comparison. Each is taken out of the text of its module, and
the whole package is loaded from such text under another name.
"""

from __future__ import annotations

import ast
import copy
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ledger.fsck.found import Checked

PACKAGE = "ledger.fsck"
_BESIDE = "fsck_beside"
_NOTED = {"self.proofs.append", "self.gone.append", "self._stray"}
_SEEN, _TOLD = "_seen_", "_told_"


class Check(NamedTuple):
    """
    One check of the verifier, by where it stands.
    """

    module: str
    function: str
    line: int
    text: str
    number: int
    """Among all that can be taken out of the module."""

    def __str__(self) -> str:
        return f"{self.module}.{self.function}: {self.text}"


def _modules() -> dict[str, ast.Module]:
    folder = Path(importlib.import_module(PACKAGE).__file__).parent
    return {
        path.stem: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.py"))
    }


class _Remover(ast.NodeTransformer):
    """
    Lists what can be taken out of a module, takes out one, or notes what is reached.
    """

    def __init__(self, module: str, *, without: int | None = None, note: bool = False):
        self.module, self.without, self.note = module, without, note
        self.function = ""
        self.finds = False
        self.checks: list[Check] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer = self.function, self.finds
        self.function = node.name
        returns = "" if node.returns is None else ast.unparse(node.returns)
        self.finds = returns == "Iterator[Finding]"
        self.generic_visit(node)
        self.function, self.finds = outer
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        said = node.value
        yields = isinstance(said, ast.Yield | ast.YieldFrom) and self.finds
        noted = isinstance(said, ast.Call) and ast.unparse(said.func) in _NOTED
        if not yields and not noted:
            return node
        instead = "yield from ()" if yields else "pass"
        return self._take(node, ast.unparse(said), instead)

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        decides = any(
            isinstance(one, ast.Return | ast.Yield | ast.YieldFrom)
            for each in node.body
            for one in ast.walk(each)
        )
        if decides and isinstance(node.test, ast.BoolOp):
            if isinstance(node.test.op, ast.Or):
                values = node.test.values
                for at, one in enumerate(list(values)):
                    values[at] = self._take(one, f"or {ast.unparse(one)}", "False")
        elif self.function == "columns_of":
            node.test = self._take(node.test, f"if {ast.unparse(node.test)}", "False")
        return node

    def _take(self, node, text: str, instead: str):
        number = len(self.checks)
        self.checks.append(Check(self.module, self.function, node.lineno, text, number))
        statement = ast.parse(instead).body[0]
        if number == self.without:
            return statement if isinstance(node, ast.stmt) else statement.value
        if self.note and isinstance(node, ast.stmt):
            key = (self.module, number)
            if isinstance(node.value, ast.YieldFrom):
                said = f"yield from {_TOLD}({key!r}, {ast.unparse(node.value.value)})"
                return ast.parse(said).body[0]
            return [ast.parse(f"{_SEEN}.add({key!r})").body[0], node]
        return node


def checks() -> list[Check]:
    """
    Return every check of the verifier.
    """
    found: list[Check] = []
    for name, tree in _modules().items():
        remover = _Remover(name)
        remover.visit(copy.deepcopy(tree))
        found += remover.checks
    return found


class Loader:
    """
    Loads the verifier beside the real one.
    """

    def __init__(self) -> None:
        self._trees = _modules()
        for tree in self._trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module is not None:
                    node.module = node.module.replace(PACKAGE, _BESIDE)
        self._whole = {name: self._compiled(name) for name in self._trees}
        self._noting = {name: self._compiled(name, note=True) for name in self._trees}

    def without(self, check: Check | None) -> Callable[..., Checked]:
        """
        Return `fsck.check` as it would be without a check.
        """
        codes = dict(self._whole)
        if check is not None:
            codes[check.module] = self._compiled(check.module, without=check.number)
        return self._loaded(codes, set())

    def noting(self, seen: set[tuple[str, int]]) -> Callable[..., Checked]:
        """
        Return `fsck.check` that notes which checks tell something.
        """
        return self._loaded(self._noting, seen)

    def _compiled(self, name: str, **how):
        tree = _Remover(name, **how).visit(copy.deepcopy(self._trees[name]))
        return compile(ast.fix_missing_locations(tree), f"<{_BESIDE}.{name}>", "exec")

    def _loaded(self, codes, seen: set[tuple[str, int]]) -> Callable[..., Checked]:
        for name in list(sys.modules):
            if name.partition(".")[0] == _BESIDE:
                del sys.modules[name]
        finder = _Finder(codes, seen)
        sys.meta_path.insert(0, finder)
        try:
            return importlib.import_module(_BESIDE).check
        finally:
            sys.meta_path.remove(finder)


class _Finder:
    """
    Finds the modules of the copy, and runs their code.
    """

    def __init__(self, codes, seen: set[tuple[str, int]]) -> None:
        self._codes, self._seen = codes, seen

    def find_spec(self, name: str, path=None, target=None):
        del path, target
        package, _, module = name.partition(".")
        if package != _BESIDE:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=not module)

    def create_module(self, spec) -> ModuleType | None:
        del spec

    def _told(self, key: tuple[str, int], findings):
        """
        Note that a check has told something, once it has.
        """
        for one in findings:
            self._seen.add(key)
            yield one

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__[_SEEN] = self._seen
        module.__dict__[_TOLD] = self._told
        _, _, name = module.__name__.partition(".")
        exec(self._codes[name or "__init__"], module.__dict__)  # noqa: S102 - our text
