"""HTML that a page may hold: from Markdown, from a cell's own HTML, from figures.

Nothing reaches a page as it came. Markdown's raw HTML and the HTML of outputs go through one list
of elements and attributes; what is not on it is dropped, scripts and styles with their content.
The page's Content-Security-Policy is the second lock.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from marketing_kpi.errors import DictionaryError, ReportError
from marketing_kpi.report.config import slug
from marketing_kpi.text.math import mathml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Attributes = list[tuple[str, str | None]]


def _names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_TEXT = _names(
    "abbr b br cite code dd details dfn dl dt em i kbd mark q s small strong sub summary sup u var"
)
_STRUCTURE = _names(
    "a article aside bdi blockquote button caption col colgroup data div figcaption figure footer",
    "h2 h3 h4 h5 h6 header hr input label li ol p pre search section span table tbody td tfoot th",
    "thead time tr ul",
)
CONTROLS = _names("fieldset legend option select")
"""Elements that only a quiz may have: its own script answers them."""

_DRAWING = _names("svg g path line polyline polygon rect circle title desc")
_FORMULA = _names(
    "math mrow mi mo mn mtext mfrac msqrt mroot msub msup msubsup munder mover munderover mtable",
    "mtr mtd mspace mstyle mpadded mphantom menclose semantics",
)
_DROPPED_WITH_CONTENT = _names("script style template iframe object noscript")
_VOID = _names("br col hr input")
_ATTRIBUTES = _names(
    "class id lang dir title role scope colspan rowspan headers span for type placeholder hidden",
    "tabindex datetime value href autocomplete spellcheck open disabled inputmode",
    "viewbox width height preserveaspectratio d points x y x1 x2 y1 y2 cx cy r rx ry fill",
    "fill-opacity stroke stroke-width stroke-linecap stroke-linejoin stroke-opacity focusable",
    "xmlns display displaystyle scriptlevel mathvariant stretchy fence form separator accent",
    "lspace rspace minsize maxsize linethickness columnalign notation symmetric largeop",
    "movablelimits",
)
_REFERENCES = frozenset({"for", "headers", "aria-labelledby", "aria-describedby", "aria-controls"})
# The parser lowers every name; SVG's own spelling has capitals.
_SVG_NAMES = {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}
_HEADING = re.compile(r"h[2-6]")
_REGION = re.compile(
    r'<div [^>]*role="region"[^>]*?(?P<name>aria-labelledby="[^"]*")[^>]*>'
    r"<table[^>]*><caption[^>]*>(?P<caption>.*?)</caption>",
    re.DOTALL,
)
_LINK = re.compile(r"(https?:|mailto:|#)", re.IGNORECASE)
CONTENT = _TEXT | _STRUCTURE | _DRAWING | _FORMULA
"""Elements that the HTML of an output may have."""

_SCROLL_CLASS = "mk-scroll"
_SCROLLING = frozenset({_SCROLL_CLASS, "mk-table"})

KPI_ATTRIBUTE = "data-mk-kpi"
"""Attribute that `plots` puts around the name of a KPI; its value is the KPI's id."""


@dataclass
class PageState:
    """What the pieces of one page share: ids in use, headings so far, KPIs met.

    Attributes
    ----------
    title
        The page's first heading of level 1, as plain text; it is shown in the page's header.
    kpis
        Ids of the KPIs named on the page, in order.
    has_quiz
        Whether a quiz is on the page, which then needs the quizzes' style and script.
    """

    title: str | None = None
    level: int = 1
    ids: set[str] = field(default_factory=set)
    kpis: dict[str, None] = field(default_factory=dict)
    known_kpis: frozenset[str] = frozenset()
    has_quiz: bool = False

    def unique(self, wanted: str) -> str:
        """Return `wanted`, or the first of wanted-2, wanted-3 … that the page has not."""
        base = wanted or "section"
        name, count = base, 1
        while name in self.ids:
            count += 1
            name = f"{base}-{count}"
        self.ids.add(name)
        return name

    def heading_level(self, asked: int) -> int:
        """Return a level that skips none: h1 is the page's own, the rest nest under it."""
        self.level = max(2, min(asked, self.level + 1))
        return self.level


def plain_text(markup: str) -> str:
    """Return the text of an HTML fragment, its white space made single.

    Spaces that do not break stay: a colon or a question mark never begins a line.

    >>> plain_text("<b>Ventes</b> &amp; <i>marges</i>")
    'Ventes & marges'
    """

    class Text(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.parts: list[str] = []

        def handle_data(self, data: str) -> None:
            self.parts.append(data)

    parser = Text()
    parser.feed(markup)
    parser.close()
    return re.sub(r"[ \t\r\n]+", " ", "".join(parser.parts)).strip(" ")


class _Tokens(HTMLParser):
    """Collects the allowed tokens of a fragment, in order."""

    def __init__(self, allowed: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.allowed = allowed
        self.tokens: list[tuple[str, str, Attributes]] = []
        self.skipping: list[str] = []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if tag in _DROPPED_WITH_CONTENT:
            self.skipping.append(tag)
        elif tag in self.allowed and not self.skipping:
            kept = [(name, value) for name, value in attrs if _is_allowed(name, value)]
            self.tokens.append(("start", tag, kept))

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        if tag in _DROPPED_WITH_CONTENT:
            return
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            if tag == self.skipping[-1]:
                self.skipping.pop()
        elif tag in self.allowed and tag not in _VOID:
            self.tokens.append(("end", tag, []))

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.tokens.append(("text", data, []))


def _is_allowed(name: str, value: str | None) -> bool:
    if name == "href":
        return _LINK.match(value or "") is not None
    return name in _ATTRIBUTES or name.startswith(("aria-", "data-"))


class _Open:
    """An element that is not closed yet, and what closes with it."""

    def __init__(self, tag: str, *, classes: frozenset[str]) -> None:
        self.tag = self.written = tag
        self.scrolls = bool(classes & _SCROLLING)
        self.inside = self.outside = ""


class _Writer:
    """Writes tokens as HTML: balanced, with ids of its own, tables that scroll, KPI terms."""

    def __init__(self, state: PageState, renamed: Mapping[str, str]) -> None:
        self.state = state
        self.renamed = renamed
        self.parts: list[str] = []
        self.open: list[_Open] = []

    def start(self, tag: str, attrs: Attributes) -> None:
        given = dict(attrs)
        element = _Open(tag, classes=frozenset((given.get("class") or "").split()))
        before = after = ""
        if tag == "table" and not any(element.scrolls for element in self.open):
            before, element.outside = f'<div class="{_SCROLL_CLASS}" tabindex="0">', "</div>"
        kpi = given.get(KPI_ATTRIBUTE) or ""
        if kpi in self.state.known_kpis:
            self.state.kpis.setdefault(kpi)
            after = f'<button type="button" class="mk-term" popovertarget="def-{escape(kpi)}">'
            element.inside = "</button>"
        if tag == "caption":  # of its own width, so that it stays in sight when the table scrolls
            after, element.inside = "<span>", "</span>"
        if _HEADING.fullmatch(tag):
            element.written = f"h{self.state.heading_level(int(tag[1]))}"
        self.parts.append(f"{before}<{element.written}{self._attributes(attrs)}>{after}")
        if tag not in _VOID:
            self.open.append(element)

    def end(self, tag: str) -> None:
        if tag in [element.tag for element in self.open]:
            while self._close() != tag:
                pass

    def _close(self) -> str:
        element = self.open.pop()
        self.parts.append(f"{element.inside}</{element.written}>{element.outside}")
        return element.tag

    def close_all(self) -> str:
        while self.open:
            self._close()
        return "".join(self.parts)

    def _attributes(self, attrs: Attributes) -> str:
        written = []
        for name, value in attrs:
            text = value or ""
            if name == "id":
                text = self.renamed.get(text, text)
            elif name in _REFERENCES or (name == "href" and text.startswith("#")):
                text = " ".join(self._reference(word) for word in text.split())
            shown = _SVG_NAMES.get(name, name)
            written.append(f' {shown}="{escape(text)}"' if value is not None else f" {shown}")
        return "".join(written)

    def _reference(self, word: str) -> str:
        if word.startswith("#"):
            return "#" + self.renamed.get(word[1:], word[1:])
        return self.renamed.get(word, word)


def clean(markup: str, state: PageState, *, allowed: frozenset[str] = CONTENT) -> str:
    """Return an HTML fragment reduced to what a page may hold.

    Parameters
    ----------
    markup
        HTML of an output.
    state
        The page; ids are made unique on it, headings take their place in its outline.
    allowed
        Names of elements.

    Examples
    --------
    >>> clean('<p onclick="x()" style="color:red">a<script>b</script> &lt;i&gt;</p>', PageState())
    '<p>a &lt;i&gt;</p>'
    """
    parser = _Tokens(allowed)
    # The corner of a pandas table heads nothing.
    parser.feed(markup.replace("<th></th>", "<td></td>"))
    parser.close()
    ids = [
        value
        for kind, _, attrs in parser.tokens
        if kind == "start"
        for name, value in attrs
        if name == "id" and value
    ]
    writer = _Writer(state, {wanted: state.unique(wanted) for wanted in dict.fromkeys(ids)})
    for kind, content, attrs in parser.tokens:
        if kind == "start":
            writer.start(content, attrs)
        elif kind == "end":
            writer.end(content)
        else:
            writer.parts.append(escape(content, quote=False))
    return writer.close_all()


def whole_amounts(html: str) -> str:
    """Keep a sign and the amount that begins with its currency on one line.

    >>> whole_amounts("<p>It brought +€13,718 more.</p>")
    '<p>It brought <span class="mk-whole">+€13,718</span> more.</p>'
    """
    return re.sub(r"[+\u2212][^\w\s<&]\d(?:[\d.,]*\d)?", _whole, html)


def _whole(found: re.Match[str]) -> str:
    return f'<span class="mk-whole">{found[0]}</span>'


def named_apart(html: str) -> str:
    """Number the regions of tables whose captions are alike: each of a page has a name of its own.

    >>> region = '<div role="region" aria-labelledby="a"><table><caption>Margins</caption></table>'
    >>> print(named_apart(region + region))  # doctest: +ELLIPSIS
    <div role="region" aria-labelledby="a">...<div role="region" aria-label="Margins (2)">...
    """
    seen: Counter[str] = Counter()

    def named(found: re.Match[str]) -> str:
        text = plain_text(found["caption"])
        seen[text] += 1
        if seen[text] == 1:
            return found[0]
        return found[0].replace(found["name"], f'aria-label="{escape(text)} ({seen[text]})"', 1)

    return _REGION.sub(named, html)


def markdown(source: str, state: PageState) -> str:
    """Return a Markdown cell as HTML: formulas as MathML, raw HTML limited to plain text tags.

    The first heading of level 1 becomes `state.title` and is left out: the page's header shows it.
    """
    from mistune import Markdown
    from mistune.plugins.table import table
    from nbconvert.filters.markdown_mistune import MathBlockParser, MathInlineParser

    parser = Markdown(
        renderer=_renderer(state),
        block=MathBlockParser(),
        inline=MathInlineParser(),
        plugins=[table],
    )
    return str(parser(source))


def _renderer(state: PageState) -> Any:
    from mistune import HTMLRenderer

    class Renderer(HTMLRenderer):
        """Writes Markdown as a page's HTML."""

        def heading(self, text: str, level: int, **_: Any) -> str:
            if level == 1 and state.title is None:
                state.title = plain_text(text)
                return ""
            place = state.heading_level(level)
            name = state.unique(slug(plain_text(text)))
            return f'<h{place} id="{name}">{_unbroken(text)}</h{place}>\n'

        def block_math(self, body: str) -> str:
            return f'<span class="mk-math" tabindex="0">{_formula(body, display=True)}</span>'

        def inline_math(self, body: str) -> str:
            return _formula(body, display=False)

        def latex_environment(self, name: str, body: str) -> str:
            return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")

        def block_html(self, html: str) -> str:
            return clean(html, state, allowed=_TEXT)

        def inline_html(self, html: str) -> str:
            return _one_tag(html)

        def image(self, text: str, url: str, title: str | None = None) -> str:
            name = (title or text or url)[:60]
            raise ReportError(
                f"an image of a Markdown cell ({name}) cannot be on a page",
                hint="draw it in a code cell",
            )

        def table(self, text: str) -> str:
            return f'<div class="{_SCROLL_CLASS}" tabindex="0"><table>\n{text}</table></div>\n'

        def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
            kind = 'th scope="col"' if head else "td"
            numeric = ' class="mk-number"' if align == "right" else ""
            return f"<{kind}{numeric}>{text}</{kind[:2]}>\n"

    return Renderer(escape=True)


def _unbroken(text: str) -> str:
    """Keep a French verb and its pronoun on one line: no line ends within *a-t-elle*."""
    return re.sub(r"\w+-t-\w+", _whole, text)


def _one_tag(tag: str) -> str:
    """Return a single inline tag when it is on the list, without its attributes; else its text."""
    match = re.fullmatch(r"<(/?)([a-zA-Z]+)[^>]*>", tag)
    if match and match[2].lower() in _TEXT:
        return f"<{match[1]}{match[2].lower()}>"
    return "" if match and match[2].lower() in _DROPPED_WITH_CONTENT else escape(tag)


def _formula(latex: str, *, display: bool) -> str:
    try:
        return mathml(latex.strip(), display=display)
    except DictionaryError as error:
        raise ReportError(error.message) from error


def figure(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """Return a picture of an output as a figure, embedded, with its alternative text and caption.

    An SVG is embedded as an image: its ids and styles stay its own, and no script of it runs.

    Raises
    ------
    ReportError
        If the picture has no alternative text.
    """
    kind = next(name for name in PICTURES if name in data)
    content = data[kind] if isinstance(data[kind], str) else "".join(data[kind])
    described = {**metadata, **metadata.get(kind, {})}
    alt = str(described.get("alt") or "").strip()
    if not alt:
        raise ReportError(
            "a figure has no alternative text", hint="draw it with plots, or give style.finish alt="
        )
    caption = str(described.get("caption") or "").strip()
    if kind == "image/svg+xml":
        size = _svg_size(content)
        content = base64.b64encode(content.encode()).decode()
    else:
        size = "".join(f' {side}="{int(described[side])}"' for side in _SIDES if side in described)
        content = "".join(content.split())
    image = f'<img src="data:{kind};base64,{content}" alt="{escape(alt)}"{size}>'
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="mk-figure">{image}{words}</figure>'


PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
_SIDES = ("width", "height")


def _svg_size(svg: str) -> str:
    """Return width and height attributes in CSS pixels, so that the page does not jump."""
    head = re.search(r"<svg\b[^>]*>", svg)
    sizes = []
    for side in _SIDES:
        match = re.search(rf'\b{side}="([0-9.]+)(pt|px)?"', head[0]) if head else None
        if match is None:
            return ""
        pixels = float(match[1]) * (4 / 3 if match[2] == "pt" else 1)
        sizes.append(f' {side}="{round(pixels)}"')
    return "".join(sizes)


def kpis_of(table: Mapping[str, Any]) -> Iterable[str]:
    """Return the ids of the KPIs that a table's columns and rows name."""
    named = [column.get("kpi") for column in table["columns"]]
    return [kpi for kpi in [*named, *table.get("row_kpis", ())] if kpi]
