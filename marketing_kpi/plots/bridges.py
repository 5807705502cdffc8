"""Waterfalls: the way from one amount to another, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from marketing_kpi.plots import style
from marketing_kpi.text.locale import Reader, is_absent

_BAR = 0.58
_TOTAL = {"facecolor": style.REFERENCE, "edgecolor": style.REFERENCE}
_HALO = withStroke(linewidth=3.2, foreground="white")
_LONGEST_LINE = 30  # of a name; a longer one takes several lines
_FIGURE_CHARACTERS = 74  # that a figure is wide, at the size of its labels
_LEAST_SHARE = 0.2  # of the axis that is left to the bars, however long a label


class Step(NamedTuple):
    """A step of a bridge.

    Attributes
    ----------
    name
        What it is called.
    level
        The amount reached after it.
    label
        What is written beside it.
    is_total
        Whether it is an amount, and not a change of the one before.
    interval
        Low and high end of the change, where it is an estimate; it is not drawn where one is null.
    """

    name: str
    level: float
    label: str
    is_total: bool = False
    interval: tuple[Any, Any] | None = None


def height(steps: int) -> float:
    """Return the height, in inches, of a bridge of so many steps."""
    return 1.1 + 0.4 * max(steps, 3)


def draw(ax: Axes, steps: Sequence[Step], *, reader: Reader, from_zero: bool) -> None:
    """Draw a bridge from the top down: plain what adds, hatched what takes off.

    Parameters
    ----------
    ax
        Axes to draw in.
    steps
        At least one, in order.
    reader
        Who reads it.
    from_zero
        Whether the axis begins at 0, and an amount is a bar. Else the axis shows the changes more
        closely and an amount is a diamond, since the length of a bar would be read as the amount.
    """
    befores = [0.0, *(step.level for step in steps)]
    reaches = [
        _mark(ax, place, before, step, from_zero)
        for place, (before, step) in enumerate(zip(befores, steps, strict=False))
    ]
    for place, (step, (_low, high)) in enumerate(zip(steps, reaches, strict=True)):
        ax.annotate(
            step.label, (high, place), xytext=(9 if step.is_total else 5, 0),
            textcoords="offset points", va="center", fontsize=9,
            fontweight="bold" if step.is_total else "normal",
        )  # fmt: skip
    _link(ax, steps, from_zero)
    _scale(ax, steps, reaches, reader, from_zero)


def beginning(ax: Axes, reader: Reader) -> list[str]:
    """Return the sentence for a bridge whose axis does not begin at 0; none where 0 is on it."""
    _ = reader.translate
    low, high = ax.get_xlim()
    return [] if low <= 0 <= high else [_("The axis does not begin at 0.")]


def _mark(ax: Axes, place: int, before: float, step: Step, from_zero: bool) -> tuple[float, float]:
    """Draw a step, and return how far to the left and to the right it goes."""
    if step.is_total and not from_zero:
        ax.plot(step.level, place, marker="D", markersize=8, color=style.INK, zorder=3)
        return step.level, step.level
    start = 0.0 if step.is_total else before
    look = _TOTAL if step.is_total else style.change_look(step.level >= before)
    ax.barh(place, step.level - start, left=start, height=_BAR, linewidth=0.8, **look)
    spread = _interval(step, before)
    if spread:
        ax.plot(
            spread, [place, place], color=style.INK, linewidth=1.3, zorder=4, path_effects=[_HALO]
        )
    return min(start, step.level, *spread), max(start, step.level, *spread)


def _interval(step: Step, before: float) -> list[float]:
    """Return the levels between which a step may end; none where that is not known."""
    if step.interval is None or any(is_absent(end) for end in step.interval):
        return []
    return [before + end for end in step.interval]


def _link(ax: Axes, steps: Sequence[Step], from_zero: bool) -> None:
    """Draw a line from each step to the next, at the level where both meet."""
    halves = [0.0 if step.is_total and not from_zero else _BAR / 2 for step in steps]
    for place, step in enumerate(steps[:-1]):
        ax.plot(
            [step.level, step.level], [place + halves[place], place + 1 - halves[place + 1]],
            color=style.REFERENCE, linewidth=0.8,
        )  # fmt: skip


def _scale(
    ax: Axes,
    steps: Sequence[Step],
    reaches: Sequence[tuple[float, float]],
    reader: Reader,
    from_zero: bool,
) -> None:
    """Name the steps and set the axis, with room for each label at the right of its step."""
    names = [fill(step.name, _LONGEST_LINE) for step in steps]
    ax.set_yticks(range(len(steps)), names, fontsize=9)
    ax.set_ylim(len(steps) - 0.5, -0.5)
    least, most = min(low for low, _ in reaches), max(high for _, high in reaches)
    if most == least:  # nothing moves: an amount on an axis from 0
        least, most = min(least, 0.0), max(most, 0.0)
    span = (most - least) or 1.0
    start = 0.0 if from_zero and least == 0 else least - 0.06 * span
    free = _FIGURE_CHARACTERS - max(len(line) for name in names for line in name.split("\n"))
    shares = [max(1 - (len(step.label) + 3) / free, _LEAST_SHARE) for step in steps]
    ends = [(high - start) / share for (_, high), share in zip(reaches, shares, strict=True)]
    ax.set_xlim(start, max(start + max(ends), most + 0.06 * span))
    if start < 0:
        ax.axvline(0, color=style.MUTED, linewidth=0.8)
    style.value_axis(ax.xaxis, unit="currency", reader=reader)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10], min_n_ticks=2))
    ax.grid(axis="x")
