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
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.problems.append((mark.line + 1 if mark else 1, f"this is not valid YAML: {error.problem}"))
            return
        if node is not None:
            self.data = self._build(node, ())

    def line(self, path: Path) -> int:
        """Return the line of the deepest part of `path` that the file holds."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def _build(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(child, (*path, i)) for i, child in enumerate(node.value)]
        return yaml.SafeLoader("").construct_object(node)

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
