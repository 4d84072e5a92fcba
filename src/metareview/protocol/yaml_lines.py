"""YAML read together with the line of every key and item, so that a mistake can be shown where it stands."""

from __future__ import annotations

from typing import Any

import yaml

Path = tuple[str | int, ...]


class LinedYaml:
    """Plain data of a YAML text, the 1-based line of each path in it, and the mistakes of the YAML itself."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {(): 1}
        self.problems: list[tuple[int, str]] = []
        self.data: Any = None
        self._open: set[int] = set()
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.problems.append((mark.line + 1 if mark else 1, f"this is not valid YAML: {error.problem}"))
            return
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self.problems.append(
                (line, f"this is not valid YAML: the character #x{error.character:04x} is not allowed")
            )
            return
        if node is not None:
            self.data = self._build(node, ())

    def line(self, path: Path) -> int:
        """Return the line of the deepest part of `path` that the file holds."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def _build(self, node: yaml.Node, path: Path) -> Any:
        line = self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line)
        if id(node) in self._open:
            self.problems.append((line, "an alias here contains itself"))
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return [self._build(child, (*path, i)) for i, child in enumerate(node.value)]
        finally:
            self._open.remove(id(node))

    def _scalar(self, node: yaml.ScalarNode, line: int) -> Any:
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            problem = getattr(error, "problem", None) or str(error)
            self.problems.append((line, f"`{node.value}` cannot be read: {problem}; quote it if it is text"))
            return str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(getattr(key_node, "value", key_node))
            line = key_node.start_mark.line + 1
            if key in found:
                first = self.lines[(*path, key)]
                self.problems.append((line, f"`{key}` is given twice here (first on line {first})"))
                continue
            self.lines[(*path, key)] = line
            found[key] = self._build(value_node, (*path, key))
        return found
