"""YAML 1.2 read strictly: no repeated keys, no plain yes or no, and the line of every value.

The tokens come from libyaml (through PyYAML), much faster than a parser in Python;
the meaning of a scalar is decided here, by the core schema of YAML 1.2. So ``on``, ``off``,
``yes`` and ``no``, which YAML 1.1 reads as booleans, are refused unless they are quoted, and a
date stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from marketing_kpi.errors import MarketingKpiError

KeyPath = tuple[str | int, ...]

_AMBIGUOUS = re.compile(r"(?:y|n|yes|no|on|off)\Z", re.IGNORECASE)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
MAX_CHARACTERS = 100_000
"""How long a file written by a person may be."""

MAX_DEPTH = 12
"""How deep collections may lie within each other."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_USUAL_HINT = (
    "indent with spaces, put a space after each colon, and quotes around a text that has "
    "a colon or begins with ! & * or %"
)
_HINTS = {
    "repeated_key": "keep one of the two",
    "anchor": "write the value itself, or put quotes around a text that begins with & or *",
    "too_deep": "nothing that this package reads is nested that deep",
}


class YamlError(ValueError):
    """What is wrong in a YAML text, and on which line (counted from 1)."""

    def __init__(self, code: str, message: str, line: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line


@dataclass(frozen=True)
class Document:
    """A YAML document: its value, and the line on which each of its values stands."""

    value: Any
    lines: Mapping[KeyPath, int]

    def line(self, path: KeyPath) -> int:
        """Return the line of `path`, or of the nearest ancestor that is in the document."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(path: Path) -> Document:
    """Read the one document of a file.

    Raises
    ------
    YamlError
        When the text is not YAML, repeats a key, holds a plain ``yes``, ``no``, ``on`` or
        ``off``, or a tag that is not one of YAML's own.
    """
    return parse(path.read_text(encoding="utf-8-sig"))


def load(path: Path, *, error: type[MarketingKpiError]) -> Document:
    """Read a file that a person wrote: keys and values, every scalar left as it is written.

    Parameters
    ----------
    path
        A YAML file, UTF-8, of at most `MAX_CHARACTERS`.
    error
        The kind of error to raise when it cannot be read; it names the file and the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as cause:
        raise error(f"{path}: no such file", hint="check its folder and its name") from cause
    except UnicodeDecodeError as cause:
        raise error(f"{path.name}: not UTF-8", hint="save the file as UTF-8") from cause
    except OSError as cause:
        raise error(f"{path}: cannot be read ({cause.strerror})") from cause
    if len(text) > MAX_CHARACTERS:
        raise error(f"{path.name}: longer than {MAX_CHARACTERS:,} characters")
    try:
        document = parse(text, as_text=True)
    except YamlError as cause:
        hint = _HINTS.get(cause.code, _USUAL_HINT)
        raise error(f"{path.name}, line {cause.line}: {cause.message}", hint=hint) from cause
    if not isinstance(document.value, dict):
        raise error(f"{path.name}: expected keys and values, as in 'key: value'")
    return document


def parse(text: str, *, as_text: bool = False) -> Document:
    """Read one document from text.

    Parameters
    ----------
    text
        YAML 1.2, without anchors, aliases, tags or directives.
    as_text
        Leave every scalar as the characters that were written (``NO``, ``007``, ``1:30``), but
        for a plain null; whoever reads the document then decides what is a number.

    Raises
    ------
    YamlError
        As for `read`; also for an anchor, a directive, or nesting deeper than `MAX_DEPTH`.

    Examples
    --------
    >>> parse("a: [1, 2.5, on-line]").value
    {'a': [1, 2.5, 'on-line']}
    >>> parse("switch: on")
    Traceback (most recent call last):
    marketing_kpi.text.yaml12.YamlError: plain 'on' is read as true by some programs; ...
    """
    try:
        _refuse_surprises(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "not YAML"
        raise YamlError("not_yaml", problem, 1 if mark is None else mark.line + 1) from None
    except yaml.YAMLError as error:
        raise YamlError("not_yaml", str(error), 1) from None
    if root is None:
        return Document(None, {})
    lines: dict[KeyPath, int] = {}
    return Document(_value(root, (), lines, as_text), lines)


def _refuse_surprises(text: str) -> None:
    """Refuse, before anything is built, what plain data have no use for."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlError("anchor", "an anchor (&) or alias (*) is not accepted", line)
        if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
            raise YamlError("directive", "a directive (%) is not accepted", line)
        if getattr(event, "tag", None) is not None:
            raise YamlError("tag", f"a tag ({event.tag}) is not accepted", line)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise YamlError("too_deep", f"nested deeper than {MAX_DEPTH} levels", line)


def _value(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], as_text: bool) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return {
            key: _value(child, (*path, key), lines, as_text)
            for key, child in _items(node, path, lines, as_text)
        }
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(child, (*path, place), lines, as_text) for place, child in enumerate(node.value)
        ]
    return _text(node) if as_text else _scalar(node)


def _text(node: yaml.ScalarNode) -> str | None:
    return None if not node.style and node.value in _NULL else str(node.value)


def _items(
    node: yaml.MappingNode, path: KeyPath, lines: dict[KeyPath, int], as_text: bool
) -> Iterator[tuple[str, yaml.Node]]:
    seen: set[str] = set()
    for key_node, child in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise YamlError("bad_key", "a key must be a word", line)
        if not as_text:
            _scalar(key_node)  # a plain `on:` as a key is refused like a plain value
        key = key_node.value
        if key in seen:
            raise YamlError("repeated_key", f"key '{key}' is given twice", line)
        seen.add(key)
        yield key, child
        lines[(*path, key)] = line  # after the child, so that the key's line wins


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style:  # libyaml gives "" for a plain scalar, PyYAML None
        return text
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _AMBIGUOUS.match(text):
        message = f"plain '{text}' is read as {_as_in_1_1(text)} by some programs; quote it"
        raise YamlError("plain_yes_no", message, node.start_mark.line + 1)
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _as_in_1_1(text: str) -> str:
    return "true" if text.lower() in {"y", "yes", "on"} else "false"
