"""What all runtimes of a process share: whatever at module or class level can change is known, and said to be safe."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = sorted([*(ROOT / "actors").rglob("*.py"), *(ROOT / "supervisors").rglob("*.py")])

CHANGING = {
    "add",
    "append",
    "appendleft",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "popleft",
    "remove",
}
CHANGING |= {"acquire", "put", "release", "set", "setdefault", "update", "__next__"}
STATEFUL = {
    "Context",
    "ContextVar",
    "ContextVariables",
    "Lock",
    "RLock",
    "Semaphore",
    "SimpleQueue",
    "WeakKeyDictionary",
}
STATEFUL |= {"WeakSet", "WeakValueDictionary", "allocate_lock", "count", "deque", "local"}


def shared(tree: ast.Module, changing: set[str]) -> Iterator[str]:
    """Yield the names of what stands at module or class level and can change.

    Args:
        tree: The module.
        changing: The classes whose instances change.
    """
    changed = _changed_names(tree)
    for name, value in _assigned(tree.body):
        if name in changed or _is_made_by(value, STATEFUL | changing):
            yield name
    for node in [node for node in tree.body if isinstance(node, ast.ClassDef)]:
        for name, value in _assigned(node.body):
            is_container = isinstance(value, ast.Dict | ast.List | ast.Set)
            is_changed = not changed.isdisjoint({f"self.{name}", f"cls.{name}", f"{node.name}.{name}"})
            if _is_made_by(value, STATEFUL | changing) or (is_container and is_changed):
                yield f"{node.name}.{name}"


def changing_classes(tree: ast.Module) -> set[str]:
    """Return the names of the classes whose instances change."""
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef) and _changes_itself(node)}


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign):
                yield target.id, node.value


def _is_made_by(value: ast.expr | None, makers: set[str]) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in makers


def _changes_itself(node: ast.ClassDef) -> bool:
    """Say whether its instances change: by any method but `__init__`, or because each thread has one of its own."""
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name != "__init__"]
    nodes = [each for method in methods for each in ast.walk(method)]
    stores = [each for each in nodes if isinstance(getattr(each, "ctx", None), ast.Store)]
    is_stored_in = any(ast.unparse(store).startswith("self.") for store in stores)
    is_changed = any(name.startswith("self.") for method in methods for name in _changed_names(method))
    return is_stored_in or is_changed or any(ast.unparse(base) == "threading.local" for base in node.bases)


def _changed_names(tree: ast.AST) -> set[str]:
    """Return the names of which a function changes what they stand for."""
    changed = set()
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]:
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                changed.update(node.names)
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                changed.add(ast.unparse(node.value))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
                changed.add(ast.unparse(node.func.value))
    return changed


def test_everything_that_runtimes_share_is_said_to_be_safe() -> None:
    known = set(re.findall(r"^\| `([\w/]+\.py)`: `([\w.]+)` \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE))

    trees = {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in FILES}
    changing = set().union(*[changing_classes(tree) for tree in trees.values()])
    found = {(path, name) for path, tree in trees.items() for name in shared(tree, changing)}

    assert found == known


def test_what_can_change_is_found() -> None:
    source = """
_cache = {}
_constants = {}
_context = contextvars.Context()
_count: int = 0
class Box:
    kept = deque()
    def put(self, item):
        self.item = item
_box = Box()
def keep(key, value):
    global _count
    _cache[key] = value
    return _constants[key]
"""

    tree = ast.parse(source)
    assert set(shared(tree, changing_classes(tree))) == {"_cache", "_context", "_count", "Box.kept", "_box"}
