"""How every figure looks and how a notebook shows it.

One palette, told apart by the colour-blind and in grey; text that stays text in SVG; the same
bytes each time. Nothing here touches matplotlib's global settings or another library's figures.
"""

from __future__ import annotations

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import wraps
from html import escape
from io import BytesIO, StringIO
from textwrap import wrap
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from babel import dates as babel_dates
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from marketing_kpi.text.locale import Reader

P = ParamSpec("P")
R = TypeVar("R")

FORMAT_VARIABLE = "MARKETING_KPI_FIGURES"
"""Environment variable that says how a notebook shows figures: ``svg``, else PNG."""

INK = "#1f2933"
MUTED = "#5b6770"
GRID = "#d9dee2"
ACCENT = "#0b5394"
LIGHT = "#74b3d8"
REFERENCE = "#8a949c"
GOOD = "#0b5394"
BAD = "#c2570c"

BOX_COLOURS: Mapping[str, str] = MappingProxyType(
    {"best": "#08519c", "new": LIGHT, "at_risk": "#d95f0e", "lost": "#d0d4d8"}
)
"""Fill of the four boxes: blue for recent customers, dark for frequent ones. Blue and orange
stay apart for the colour-blind, and the four differ in lightness, so they do in grey too."""

SEQUENTIAL = "Blues"

WIDTH = 5.8  # inches: at a phone's width the text is still 7 points high

_TITLE_CHARACTERS = 58  # a line of them fits the width
_MESSAGE_CHARACTERS = 54  # the same, for text of the usual size and weight
_TICK_DECIMALS = 3  # that an amount of thousands or millions may need to be told from the next

# Marks that reorder the text around them: a name from the data may hold one.
_REORDERING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_SETTINGS: Mapping[Any, Any] = MappingProxyType(
    {
        "font.family": "sans-serif",
        # Verdana has the widths of DejaVu Sans, which the layout was measured with.
        "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
        "font.size": 10,
        "axes.titlesize": 11.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelsize": 10,
        "axes.labelcolor": INK,
        "axes.edgecolor": REFERENCE,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "text.color": INK,
        "text.parse_math": False,  # a name from the data may hold a dollar sign
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "lines.linewidth": 2.0,
        "legend.frameon": False,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "svg.fonttype": "none",
        "svg.hashsalt": "marketing_kpi",
        "savefig.dpi": 144,
    }
)


class KpiFigure(Figure):
    """A figure that a notebook shows with its alternative text and its caption.

    `alt` and `caption` are set by `finish`; while `alt` is empty, what is shown has no ``alt`` in
    its metadata, which fails a lesson's or a report's build. With a `message`, set by `empty`, that
    sentence is shown and no picture.
    """

    alt: str = ""
    caption: str = ""
    message: str = ""

    def draw(self, renderer: RendererBase) -> None:
        """Draw it, or only lay it out: what saves a figure asks for that first, by a drawing."""
        layout = self.get_layout_engine()
        if self.canvas.is_saving() and isinstance(layout, ConstrainedLayoutEngine):
            layout.execute(self)
        else:
            super().draw(renderer)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        if self.message:
            html = f'<p class="mk-sentence">{escape(self.message)}</p>'
            return {"text/plain": self.message, "text/html": html}, {}
        data = {"text/plain": self.alt or repr(self)}
        if os.environ.get(FORMAT_VARIABLE) == "svg":
            data["image/svg+xml"] = to_svg(self)
        else:
            data["image/png"] = b64encode(to_png(self)).decode("ascii")
        metadata = {"alt": self.alt, "caption": self.caption}
        return data, {name: text for name, text in metadata.items() if text}


@contextmanager
def settings() -> Iterator[None]:
    """Draw inside it with the settings of this package; the caller's own come back after.

    Only what is set is put back. `matplotlib.rc_context` puts everything back, also what the
    inline backend sets when it is first loaded, and a notebook would show its first figure only.
    """
    before = {name: mpl.rcParams[name] for name in _SETTINGS}
    mpl.rcParams.update(_SETTINGS)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a figure function draw with the settings of this package."""

    @wraps(draw)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with settings():
            return draw(*args, **kwargs)

    return inner


def axes(ax: Axes | None = None, *, height: float = 3.6, width: float = WIDTH) -> Axes:
    """Return `ax`, or the axes of a new figure that a notebook shows with its alt text.

    Parameters
    ----------
    ax
        Axes to draw in; they keep their own figure, settings and way of being shown.
    height, width
        Size of a new figure, in inches.
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _win_over_inline_backend()
    figure = plt.figure(FigureClass=KpiFigure, figsize=(width, height), layout="constrained")
    if type(figure.canvas) is FigureCanvasAgg:
        # No screen shows it: pyplot would draw it after each cell, before what shows it does.
        figure.canvas.draw_idle = _nothing  # type: ignore[method-assign]
    return figure.add_subplot()


def _win_over_inline_backend() -> None:
    """Keep the inline backend's formatter, made for every figure, from adding a second picture.

    A formatter registered for our class comes before one of its parent, wherever it was
    registered first; giving nothing, it leaves what `_repr_mimebundle_` gave.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()  # type: ignore[no-untyped-call,unused-ignore]
    if shell is None:
        return
    for kind in ("image/png", "image/jpeg", "image/svg+xml", "application/pdf"):
        shell.display_formatter.formatters[kind].for_type(KpiFigure, _nothing)


def _nothing(*_: object, **__: object) -> None:
    return None


def finish(ax: Axes, *, title: str, alt: str, caption: str = "") -> Axes:
    """Write the title and keep the alternative text and the caption on the figure.

    Parameters
    ----------
    ax
        The axes that were drawn in.
    title
        Short heading, in the reader's language.
    alt
        What the figure shows, with its main values, for those who do not see it.
    caption
        What the reader needs beside the figure: definitions, period, method.
    """
    figure = ax.get_figure(root=True)
    if isinstance(figure, KpiFigure) and len(figure.axes) == 1:
        # Above the labels too: a long title would not fit above the axes alone.
        lines = "\n".join(wrap(title, _TITLE_CHARACTERS))
        figure.suptitle(lines, x=0.01, ha="left", fontsize="large", fontweight="bold")
    else:
        ax.set_title(title)
    if isinstance(figure, KpiFigure):
        alt = _REORDERING.sub("", alt)
        figure.alt = " ".join(part for part in (figure.alt, alt) if part)
        figure.caption = " ".join(part for part in (figure.caption, caption) if part)
    return ax


def empty(ax: Axes, *, title: str, message: str, is_said: bool = False) -> Axes:
    """Say that there is nothing to draw: a notebook shows the sentence in place of the figure.

    It shows nothing where a sentence beside the figure says so already (`is_said`).
    """
    import matplotlib.pyplot as plt

    ax.set_axis_off()
    figure = ax.get_figure(root=True)
    if isinstance(figure, KpiFigure) and len(figure.axes) == 1:
        figure.message = message
        if is_said:
            plt.close(figure)
    lines = "\n".join(wrap(message, _MESSAGE_CHARACTERS))
    said = ax.text(0.5, 0.5, lines, ha="center", va="center", transform=ax.transAxes)
    said.set_in_layout(False)  # axes are never shrunk to make room for it: there are none to see
    return finish(ax, title=title, alt=f"{title}. {message}")


def to_svg(figure: Figure) -> str:
    """Return a figure as one ``<svg>`` element: text as text, ids of its own, no date."""
    buffer = StringIO()
    with settings():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    # Several figures share a page, and ids must differ on it.
    own = "f" + hashlib.sha256(drawn.encode()).hexdigest()[:8]
    drawn = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{own}-", drawn)
    drawn = re.sub(r"<metadata>.*?</metadata>\s*", "", drawn, flags=re.DOTALL)
    label = escape(getattr(figure, "alt", ""), quote=True)
    named = f' role="img" aria-label="{label}"' if label else ""
    return drawn.replace("<svg", f"<svg{named}", 1)


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG, without the name of what made it."""
    buffer = BytesIO()
    with settings():
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def two_lines(name: str, most: int) -> str:
    """Return a name in at most two lines of so many characters; one that is cut ends with …

    >>> two_lines("Waterproof running shoes for the trail, blue", 17)
    'Waterproof\\nrunning shoes fo…'
    """
    lines = wrap(name, most)
    if len(lines) > 2:
        lines = [lines[0], " ".join(lines[1:])[: most - 1].rstrip() + "…"]
    return "\n".join(lines)


def luminance(colour: Any) -> float:
    """Return the relative luminance of a colour, from 0 (black) to 1 (white).

    Source: WCAG 2.2, definition of relative luminance.

    >>> luminance("white"), luminance("black")
    (1.0, 0.0)
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return round(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2], 12)


def contrast(one: Any, other: Any) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2).

    >>> contrast("black", "white")
    21.0
    """
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def label_colour(fill: Any) -> str:
    """Return the text colour to write with on a fill: white or near-black, the more legible.

    >>> label_colour("#08519c"), label_colour("#d0d4d8")
    ('#ffffff', '#000000')
    """
    return max(("#ffffff", "#000000"), key=lambda ink: contrast(ink, fill))


def change_look(rises: bool) -> dict[str, Any]:
    """Return how a bar of a change is filled, told apart in grey: a rise plain, a fall hatched.

    The edge keeps a change in sight that is too small for a bar.
    """
    if rises:
        return {"facecolor": GOOD, "edgecolor": GOOD}
    return {"facecolor": "white", "edgecolor": BAD, "hatch": "/////"}


def compact_number(value: float, reader: Reader) -> str:
    """Format a tick: whole numbers without decimals, others with one."""
    return reader.number(value, decimals=0 if float(value).is_integer() else 1)


def short_month(day: Any, reader: Reader, *, first: bool = False) -> str:
    """Return a tick for a month, with the year under the first one and under January.

    >>> short_month("2025-01-01", Reader.of("en"))
    'Jan\\n2025'
    """
    at = _as_date(day)
    text = babel_dates.format_skeleton("MMM", at, locale=reader.locale)
    return f"{text}\n{at.year}" if first or at.month == 1 else text


def short_day(day: Any, reader: Reader, *, first: bool = False) -> str:
    """Return a tick for a day, with the year under the first one and under the first of January.

    >>> short_day("2025-11-03", Reader.of("en"), first=True)
    'Nov 3\\n2025'
    """
    at = _as_date(day)
    text = babel_dates.format_skeleton("MMMd", at, locale=reader.locale)
    return f"{text}\n{at.year}" if first or (at.month, at.day) == (1, 1) else text


def _as_date(day: Any) -> date:
    return date.fromisoformat(str(day)[:10])


def _decimals(value: float) -> int:
    """Return the decimals of a tick: none when it is whole, else one; 7.5 % is not 8 %."""
    return 0 if abs(value - round(value)) < 1e-6 else 1


def value_axis(axis: Any, *, unit: str, reader: Reader, ticks: int = 5) -> None:
    """Format the ticks of an axis by the unit of its values, in the reader's locale."""
    axis.set_major_locator(MaxNLocator(nbins=ticks, integer=unit == "count", min_n_ticks=2))
    formats = {
        "change": lambda value, _: reader.change(value, decimals=0),
        "fraction": lambda value, _: reader.percent(value, decimals=_decimals(100 * value)),
        "points": lambda value, _: reader.points(value, decimals=0),
        "currency": lambda value, _: reader.money(value, _TICK_DECIMALS, compact=True),
        "count": lambda value, _: reader.integer(value),
    }
    axis.set_major_formatter(
        FuncFormatter(formats.get(unit, lambda value, _: compact_number(value, reader)))
    )
