"""The public functions and classes, read from their docstrings.

Public are the names of ``__all__``, or where a module has none, what it defines under a name
without an underscore.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from markupsafe import Markup, escape

import marketing_kpi
from marketing_kpi.errors import ConfigError
from marketing_kpi.learn.site.docstrings import Address, prose
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from griffe import Docstring, DocstringSection, Module, Object

PACKAGE = "marketing_kpi"
_NO_CHAPTERS = ("cli", "errors")
_BELOW = (
    "plots",
    "plots.sentences",
    "plots.style",
    "learn.exercises",
    "learn.quiz",
    "report",
    "data.model",
    "data.quality",
    "data.sources",
    "kpis.dictionary",
    "kpis.periods",
    "text.locale",
    "errors",
)
"""What comes after the chapters; chapters are the modules at the root of the package."""

_LONGEST_VALUE = 60
"""Letters up to which a constant is shown with its value."""

PARTS = {
    "parameters": N_("Parameters"),
    "other parameters": N_("Parameters"),
    "attributes": N_("Attributes"),
    "returns": N_("What it returns"),
    "yields": N_("What it yields"),
    "raises": N_("What it refuses"),
    "warns": N_("What it warns of"),
    "examples": N_("Examples"),
    "Notes": N_("Notes"),
    "References": N_("References"),
    "See Also": N_("See also"),
}
"""The sections of a docstring, with what their headings are called."""


@dataclass(frozen=True)
class Item:
    """A parameter, an attribute, a returned value or an error: its name, its type, its text."""

    name: str
    type: Markup
    text: Markup


@dataclass(frozen=True)
class Part:
    """A section of a docstring: its heading as a message id, then prose or items."""

    title: str
    text: Markup | None = None
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Name:
    """A documented function, class, method or constant.

    Attributes
    ----------
    called
        Its module and its name, as it is imported: ``rfm.score``, ``marketing_kpi.compute``.
    anchor
        Its id on the page of its module: ``score``, ``Data.table``.
    kind
        ``function``, ``class`` or ``attribute``.
    signature
        As it is called, types linked.
    summary
        First sentence, as text.
    parts
        The sections of its docstring.
    members
        Public methods and properties of a class.
    source
        Its code.
    """

    called: str
    anchor: str
    kind: str
    signature: Markup
    summary: str
    parts: tuple[Part, ...]
    members: tuple[Name, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Elsewhere:
    """A public name that another page documents."""

    anchor: str
    address: str


@dataclass(frozen=True)
class Chapter:
    """The page of a module.

    Attributes
    ----------
    name
        As it is imported, without the package's name but for the package itself.
    file
        Its page.
    summary
        First sentence of its docstring.
    text
        The docstring, as HTML.
    names
        What it documents.
    elsewhere
        Its public names that an earlier page documents.
    """

    name: str
    file: str
    summary: str
    text: tuple[Part, ...]
    names: tuple[Name, ...]
    elsewhere: tuple[Elsewhere, ...]


@dataclass(frozen=True)
class _Public:
    """A public name of a module, before it is written: its anchor and what it is."""

    anchor: str
    found: Object


@cache
def reference() -> tuple[Chapter, ...]:
    """Return the public modules of the package, each with its documented names.

    Raises
    ------
    ConfigError
        When griffe or docutils is not installed.
    """
    package = _package()
    modules = {_short(name): importlib.import_module(name) for name in _module_names()}
    public = {
        short: list(_public(package, module, short == PACKAGE)) for short, module in modules.items()
    }
    homes = _homes(public)
    addresses = _addresses(public, homes)
    return tuple(
        _chapter(short, package, names, homes, addresses) for short, names in public.items()
    )


def _homes(public: Mapping[str, Sequence[_Public]]) -> dict[str, str]:
    """Return where each public name, and each method of a class, is documented: once."""
    homes: dict[str, str] = {}
    for short, names in public.items():
        for each in names:
            homes.setdefault(each.found.canonical_path, f"{page_of(short)}#{each.anchor}")
            for member in _members(each.found):
                anchor = f"{each.anchor}.{member.name}"
                homes.setdefault(member.canonical_path, f"{page_of(short)}#{anchor}")
    return homes


def page_of(module: str) -> str:
    """Return the file of a module's page."""
    return f"reference.{module}.html"


def _package() -> Module:
    try:
        import docutils  # noqa: F401 - asked for here, so that both are told at once
        import griffe
    except ImportError as error:
        raise ConfigError(
            f"the pages of functions need {error.name}, which is not installed",
            hint="install marketing-kpi with its extra site: pip install 'marketing-kpi[site]'",
        ) from None
    loaded = griffe.load(
        PACKAGE,
        search_paths=[Path(marketing_kpi.__file__).parents[1]],
        docstring_parser="numpy",
        docstring_options={"warnings": False},
    )
    return cast("Module", loaded)  # which it is, for the name of a package


def _short(name: str) -> str:
    return name.removeprefix(f"{PACKAGE}.")


def _module_names() -> Iterator[str]:
    """Yield the package, its chapters by name, then the rest."""
    root = Path(marketing_kpi.__file__).parent
    chapters = sorted(
        path.stem
        for path in root.glob("*.py")
        if not path.stem.startswith("_") and path.stem not in _NO_CHAPTERS
    )
    sentences = sorted(path.stem for path in (root / "plots" / "sentences").glob("[a-z]*.py"))
    yield PACKAGE
    for short in (*chapters, *_BELOW):
        yield f"{PACKAGE}.{short}"
        if short == "plots.sentences":
            yield from (f"{PACKAGE}.{short}.{name}" for name in sentences)


def _public(package: Module, module: ModuleType, is_package: bool) -> Iterator[_Public]:
    """Yield the functions, classes and constants that a module makes public, and documents."""
    found = package if is_package else package[_short(module.__name__)]
    for name in getattr(module, "__all__", None) or _defined(found):
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            continue
        home = _home(found, name, value)
        if home is not None and home.docstring is not None:
            yield _Public(name, home)


def _defined(module: Object) -> list[str]:
    return [
        name
        for name, member in module.members.items()
        if not (name.startswith("_") or member.is_alias or member.is_module) and member.docstring
    ]


def _home(module: Object, name: str, value: Any) -> Object | None:
    """Return what a public name is, where it is defined."""
    member: Any = module.members.get(name)
    if member is not None:
        return member.final_target if member.is_alias else member  # type: ignore[no-any-return]
    path = f"{value.__module__}.{value.__qualname__}"
    return module.package[_short(path)]  # type: ignore[no-any-return]


def _members(found: Object) -> list[Object]:
    """Return the public methods and properties of a class, documented there."""
    if not found.is_class:
        return []
    return [
        member  # type: ignore[misc]
        for name, member in found.members.items()
        if not name.startswith("_")
        and not member.is_alias
        and member.docstring
        and (member.is_function or "property" in member.labels)
    ]


def _addresses(public: Mapping[str, Sequence[_Public]], homes: Mapping[str, str]) -> dict[str, str]:
    """Return the address of each way to write a name: as it is defined, as it is imported."""
    written = dict(homes)
    for path, address in homes.items():
        written.setdefault(_short(path), address)
    for short, names in public.items():
        if short != PACKAGE:
            written.setdefault(short, page_of(short))
        for each in names:
            address = homes[each.found.canonical_path]
            written.setdefault(
                each.anchor if short == PACKAGE else f"{short}.{each.anchor}", address
            )
            if short == PACKAGE:
                written.setdefault(f"mk.{each.anchor}", address)
    return written


def _chapter(
    short: str,
    package: Module,
    names: Iterable[_Public],
    homes: Mapping[str, str],
    addresses: Mapping[str, str],
) -> Chapter:
    file = page_of(short)
    found = package if short == PACKAGE else package[short]
    own, others = [], []
    for each in names:
        address = homes[each.found.canonical_path]
        if address == f"{file}#{each.anchor}":
            own.append(_documented(each.found, each.anchor, short, addresses))
        else:
            others.append(Elsewhere(each.anchor, address))
    link = partial(_resolved, addresses=addresses, near=(short,))
    docstring = found.docstring
    return Chapter(
        name=short,
        file=file,
        summary=_summary(docstring),
        text=_parts(docstring, link, literals=True),
        names=tuple(sorted(own, key=lambda name: name.kind == "attribute")),
        elsewhere=tuple(others),
    )


def _documented(found: Object, anchor: str, short: str, addresses: Mapping[str, str]) -> Name:
    # A name is looked for where it stands: in its class, its module, its module's page.
    home = _short(found.module.path)
    near = tuple(dict.fromkeys((_short(found.path), home, short)))
    link = partial(_resolved, addresses=addresses, near=near)
    return Name(
        called=f"{short}.{anchor}",
        anchor=anchor,
        kind=found.kind.value,
        signature=_signature(found, link),
        summary=_summary(found.docstring),
        parts=_parts(found.docstring, link),
        members=tuple(
            _documented(member, f"{anchor}.{member.name}", short, addresses)
            for member in _members(found)
        ),
        source=found.source if found.is_function else "",
    )


def _resolved(name: str, *, addresses: Mapping[str, str], near: Sequence[str]) -> str | None:
    tried = [*(f"{place}.{name}" for place in near), name]
    return next((addresses[path] for path in tried if path in addresses), None)


def _summary(docstring: Docstring | None) -> str:
    if docstring is None:
        return ""
    first = docstring.value.strip().split("\n\n")[0]
    return " ".join(first.replace("`", "").split())


def _signature(found: Any, link: Address) -> Markup:
    """Return how it is called, or the type of a constant and of a property."""
    name = escape(found.name)
    if found.is_attribute:
        typed = Markup("") if found.annotation is None else ": " + _type(found.annotation, link)
        value = str(found.value or "")
        return name + typed + (f" = {value}" if 0 < len(value) <= _LONGEST_VALUE else "")
    arguments = Markup(", ").join(_arguments(found, link))
    called = name + Markup("({})").format(arguments)
    returned = getattr(found, "returns", None)
    if found.is_class or returned is None:
        return called
    return called + Markup(" -&gt; ") + _type(returned, link)


def _arguments(found: Any, link: Address) -> Iterator[Markup]:
    """Yield the arguments as they are written, the mark of keywords among them."""
    keywords = False
    for parameter in found.parameters:
        kind = parameter.kind.value if parameter.kind else ""
        if parameter.name in ("self", "cls"):
            continue
        if kind == "keyword-only" and not keywords:
            yield Markup("*")
        keywords = keywords or kind in ("keyword-only", "variadic positional")
        stars = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        shown = escape(stars + parameter.name)
        if parameter.annotation is not None:
            shown += Markup(": ") + _type(parameter.annotation, link)
        if parameter.default is not None and not stars:
            shown += Markup(" = {}").format(str(parameter.default))
        yield shown


def _type(annotation: Any, link: Address) -> Markup:
    """Return a type as it is written, with links to the classes that are documented."""
    if isinstance(annotation, str):
        return escape(annotation.strip("'\""))
    return Markup("").join(_typed(part, link) for part in annotation.iterate(flat=True))


def _typed(part: Any, link: Address) -> Markup:
    if isinstance(part, str):
        return escape(part)
    address = link(part.canonical_path)
    return (
        Markup('<a href="{}">{}</a>').format(address, part.name) if address else escape(part.name)
    )


def _parts(
    docstring: Docstring | None, link: Address, *, literals: bool = False
) -> tuple[Part, ...]:
    if docstring is None:
        return ()
    return tuple(_part(section, link, literals) for section in docstring.parsed)


def _part(section: DocstringSection, link: Address, literals: bool) -> Part:
    kind, value = section.kind.value, section.value
    if kind == "text":
        return Part("", prose(value, link=link, literals=literals))
    if kind == "admonition":
        return Part(section.title or "", prose(value.contents, link=link))
    if kind == "examples":
        return Part(
            "examples", Markup("\n").join(_example(kind_, text, link) for kind_, text in value)
        )
    return Part(kind, items=tuple(_item(each, link) for each in value))


def _example(kind: Any, text: str, link: Address) -> Markup:
    if kind.value == "text":
        return prose(text, link=link)
    return Markup('<pre tabindex="0"><code>{}</code></pre>').format(text)


def _item(item: Any, link: Address) -> Item:
    kind = _type(item.annotation, link) if item.annotation is not None else Markup()
    return Item(getattr(item, "name", "") or "", kind, prose(item.description, link=link))
