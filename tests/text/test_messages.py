"""Every sentence of the code has its French, and the catalogs hold nothing else."""

import ast
import re
import string
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import marketing_kpi

PACKAGE = Path(marketing_kpi.__file__).parent
CATALOGS = sorted((PACKAGE / "text" / "catalogs" / "fr").glob("*.po"))
# The translator's own docstring and signature speak of messages without being one.
SOURCES = [path for path in PACKAGE.rglob("*.py") if path.name != "messages.py"]


def _literals(arguments, count):
    return [
        argument.value
        for argument in arguments[:count]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def _messages_of(tree):
    """Yield the message ids that a module asks to translate."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name) and function.id in {"_", "N_"}:
            yield from _literals(node.args, 1)
        elif isinstance(function, ast.Attribute) and function.attr == "n":
            yield from _literals(node.args, 2)


def messages_in_code():
    found = {}
    for path in SOURCES:
        for message in _messages_of(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(message, path.relative_to(PACKAGE))
    for path in PACKAGE.rglob("*.j2"):
        for message in re.findall(r"""\b_\(\s*"((?:[^"\\]|\\.)*)\"""", path.read_text("utf-8")):
            found.setdefault(message, path.relative_to(PACKAGE))
    return found


def messages_in_catalogs():
    found = {}
    for path in CATALOGS:
        for message in read_po(BytesIO(path.read_bytes()), locale="fr"):
            if not message.id:
                continue
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            for identifier in ids:
                found.setdefault(identifier, []).append((path.name, texts, ids))
    return found


CODE, FRENCH = messages_in_code(), messages_in_catalogs()


def test_the_code_has_messages():
    assert len(CODE) > 50


def test_every_message_has_its_french():
    missing = {message: str(CODE[message]) for message in CODE.keys() - FRENCH.keys()}
    assert not missing


def test_no_translation_is_left_without_a_message():
    in_use = set(CODE)
    left = {
        message: entries[0][0]
        for message, entries in FRENCH.items()
        if not in_use.intersection(entries[0][2])
    }
    assert not left


def test_a_message_is_translated_once():
    twice = {
        message: sorted({name for name, _, _ in entries})
        for message, entries in FRENCH.items()
        if len({texts for _, texts, _ in entries}) > 1
    }
    assert not twice


def _fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("message", sorted(FRENCH))
def test_french_is_whole_and_keeps_the_fields(message):
    for _, texts, ids in FRENCH[message]:
        fields = set().union(*map(_fields, ids))
        for text in texts:
            assert text, f"no French for {message!r}"
            assert _fields(text) <= fields
            assert not re.search(r"[^\s\u00a0\u202f][»;!?%]|«[^\u00a0\u202f]", text), text
            assert not re.search(r"[^\u00a0\u202f:/]:(?=\s|$)", text), text
            assert not re.search(r" [:;!?%»]|« ", text), text
