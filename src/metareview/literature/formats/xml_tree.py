"""One record of an XML export as a small tree that knows its lines, and its fields as printed."""

from __future__ import annotations

import html
import html.entities
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from metareview.literature.records import Field

DEEPEST = 60
MOST_ELEMENTS = 200_000
MOST_ATTRIBUTES = 1_000
_INLINE = frozenset(("style", "i", "b", "u", "em", "strong", "sub", "sup", "italic", "bold", "sc", "math"))
_LONE_AMPERSAND = re.compile(rb"&(?!#[0-9]{1,7};|#x[0-9A-Fa-f]{1,6};|(?:amp|lt|gt|quot|apos);)")
_NAMED = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,30};)")
_NUMBERED = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
_NOT_TEXT = re.compile("[\ufffe\uffff]")


@dataclass(slots=True)
class Node:
    """An element.

    Attributes:
        tag: its name without prefix; name: as printed; attributes: in order; line: 1-based.
        children: its text and its elements in order; nodes: the elements only, without comments.
    """

    tag: str
    name: str
    attributes: dict[str, str]
    line: int
    children: list[str | Node] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)

    def text(self) -> str:
        """Return its text with the inline markup in it as printed, but without style runs."""
        return "".join(self._text()).strip()

    def _text(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag == "style":
                yield from child._text()
            elif child.tag[0] not in "#?":
                attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in child.attributes.items())
                yield f"<{child.name}{attributes}>"
                yield from child._text()
                yield f"</{child.name}>"

    def all(self, path: str) -> list[Node]:
        """Return the elements at a path (`titles/title`), upper and lower case alike."""
        found = [self]
        for tag in path.lower().split("/"):
            found = [node for parent in found for node in parent.nodes if node.tag.lower() == tag]
        return found

    def texts(self, *paths: str) -> list[str]:
        """Return the texts that are not blank at the first path that has any."""
        for path in paths:
            if found := [text for node in self.all(path) if (text := node.text())]:
                return found
        return []

    def first(self, *paths: str) -> str:
        """Return the first text that is not blank, at the first path that has one, or empty."""
        return next(iter(self.texts(*paths)), "")


class NotWellFormedError(ValueError):
    """The text of a record is not XML, or more than a record can be."""


@dataclass(frozen=True, slots=True)
class XmlEntry:
    """A record as the text of its element, parsed when its fields are asked for.

    Attributes:
        line, last: 1-based first and last line; text: UTF-8, well formed.
        normalise: from its tree to the normalised fields of a Record.
    """

    line: int
    last: int
    text: bytes
    normalise: Callable[[Node], dict[str, Any]]

    def raw(self) -> tuple[Field, ...]:
        """Return every element with text or without content and every attribute, in order, by its path."""
        return tuple(fields_of(parse(self.text, self.line)))

    def values(self) -> dict[str, Any]:
        """Return the normalised fields."""
        return self.normalise(parse(self.text, self.line))


def parse(text: bytes, line: int) -> Node:
    """Return the tree of one element.

    Arguments:
        text: UTF-8, without a document type; no entity but the five of XML has a meaning in it.
        line: 1-based line of its start.

    Raises:
        NotWellFormedError: what is wrong, with the line.
    """
    root = Node("", "", {}, line)
    stack, count = [root], 0
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.ordered_attributes = True

    def at() -> int:
        return line + parser.CurrentLineNumber - 1

    def start(name: str, attributes: list[str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > DEEPEST or count > MOST_ELEMENTS or len(attributes) > 2 * MOST_ATTRIBUTES:
            raise NotWellFormedError(f"line {at()}: {_too_much(len(stack), count)}")
        node = Node(_local(name), name, dict(zip(attributes[::2], attributes[1::2], strict=True)), at())
        stack[-1].children.append(node)
        stack[-1].nodes.append(node)
        stack.append(node)

    def data(text: str) -> None:
        stack[-1].children.append(text.replace("\r", "\n") if "\r" in text else text)

    def comment(text: str) -> None:
        stack[-1].children.append(Node("#comment", "", {}, at(), [text]))

    def instruction(target: str, text: str) -> None:
        stack[-1].children.append(Node(f"?{target}", "", {}, at(), [text]))

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = data
    parser.CommentHandler = comment
    parser.ProcessingInstructionHandler = instruction
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise NotWellFormedError(f"line {line + error.lineno - 1}: {expat.ErrorString(error.code)}") from None
    return root.nodes[0]


def _too_much(depth: int, count: int) -> str:
    if depth > DEEPEST:
        return f"elements more than {DEEPEST} deep"
    return f"more than {MOST_ELEMENTS} elements" if count > MOST_ELEMENTS else "more than a thousand attributes"


def _local(name: str) -> str:
    return name.rsplit(":", 1)[-1] or name


def mended(text: bytes) -> tuple[bytes, list[str]]:
    """Return the text of an element with what is surely meant instead of what XML does not allow, and what was done."""
    done = []
    if b"&#" in text:
        text, n = _replaced(_NUMBERED, text, _numbered)
        done += [f"{n} references to characters that XML does not have removed"] if n else []
    if _LONE_AMPERSAND.search(text):
        text, named = _replaced(_NAMED, text, _named)
        text, lone = _LONE_AMPERSAND.subn(b"&amp;", text)
        done += [f"{named} entities of HTML read as characters"] if named else []
        done += [f"{lone} unescaped ampersands read as such"] if lone else []
    decoded = text.decode()
    if _NOT_TEXT.search(decoded):
        text = _NOT_TEXT.sub("", decoded).encode()
        done.append("characters that XML does not have removed")
    return text, done


def _replaced(pattern: re.Pattern[bytes], text: bytes, new: Callable[[re.Match[bytes]], bytes]) -> tuple[bytes, int]:
    n = 0

    def one(match: re.Match[bytes]) -> bytes:
        nonlocal n
        found = new(match)
        n += found != match[0]
        return found

    return pattern.sub(one, text), n


def _numbered(match: re.Match[bytes]) -> bytes:
    number = int(match[1], 16) if match[1] else int(match[2])
    text = number in (9, 10, 13) or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0xFFFF < number < 0x110000
    return match[0] if text else b""


def _named(match: re.Match[bytes]) -> bytes:
    name = match[1].decode()
    if name in ("amp;", "lt;", "gt;", "quot;", "apos;") or name not in html.entities.html5:
        return match[0]
    return html.entities.html5[name].encode()


def fields_of(root: Node) -> Iterator[Field]:
    """Yield every field of a record: `path` of an element with its text, `path@name` of an attribute."""
    yield from _attributes(root, "")
    for node in root.children:
        if isinstance(node, Node):
            yield from _fields(node, node.tag)
        elif node.strip():
            yield Field(".", node.strip(), root.line)


def _fields(node: Node, path: str) -> Iterator[Field]:
    yield from _attributes(node, path)
    nodes = node.nodes
    mixed = any(c.strip() for c in node.children if isinstance(c, str)) or all(n.tag in _INLINE for n in nodes)
    if mixed:  # text, also none at all, with inline markup
        yield Field(path, node.text(), node.line)
        yield from _style(node, path)
    for child in node.children:
        if isinstance(child, str):
            continue
        if child.tag[0] in "#?":
            yield Field(f"{path}/{child.tag}", str(child.children[0]), child.line)
        elif not mixed:
            yield from _fields(child, f"{path}/{child.tag}")


def _attributes(node: Node, path: str) -> Iterator[Field]:
    for name, value in node.attributes.items():
        yield Field(f"{path}@{_local(name)}", value, node.line)


def _style(node: Node, path: str) -> Iterator[Field]:
    """Yield the attributes of style runs; those of other inline markup stand in the text."""
    for child in node.nodes:
        if child.tag == "style":
            yield from _attributes(child, f"{path}/style")
        yield from _style(child, f"{path}/{child.tag}")
