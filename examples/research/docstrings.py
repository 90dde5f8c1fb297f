"""The docstrings of a Python source file as one text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def docstrings_of(source: str, module: str) -> str:
    """Return every public docstring below a heading that names what it belongs to.

    Raises:
        SyntaxError: If `source` is not Python.
    """
    sections = (f"``{name}``\n{'=' * (len(name) + 4)}\n\n{text}" for name, text in _walk(ast.parse(source), module))
    return "\n\n".join(sections)


def _walk(node: _Documented, name: str) -> Iterator[tuple[str, str]]:
    text = ast.get_docstring(node)
    if text:
        yield name, text
    for child in node.body:
        if isinstance(child, _Documented) and not child.name.startswith("_"):
            yield from _walk(child, f"{name}.{child.name}")
