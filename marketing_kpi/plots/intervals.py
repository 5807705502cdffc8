"""95 % intervals, in words and as dots with their bars: how every chapter shows an estimate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.plots import style
from marketing_kpi.text.locale import ABSENT, Reader, is_absent

Shown: TypeAlias = str | Callable[[Any], str]
"""How a value is written: its unit, as `Reader.unit` knows it, or a function."""


def words(low: Any, high: Any, shown: Shown, reader: Reader, *, absent: str = ABSENT) -> str:
    """Return an interval in words; `absent` where there is none.

    >>> words(0.25, 0.5, "fraction", Reader.of("en"))
    '25.0% to 50.0%'
    """
    if is_absent(low) or is_absent(high):
        return absent
    write = partial(reader.unit, unit=shown) if isinstance(shown, str) else shown
    return reader.translate("{low} to {high}", low=write(low), high=write(high))


def column(
    frame: pd.DataFrame,
    shown: Shown,
    reader: Reader,
    *,
    low: str = "low",
    high: str = "high",
    absent: str = ABSENT,
) -> list[str]:
    """Return the interval of each row in words; `low` and `high` name the columns of its ends."""
    ends = zip(frame[low], frame[high], strict=True)
    return [words(*each, shown, reader, absent=absent) for each in ends]


def change(value: Any, reader: Reader) -> str:
    """Return a relative change with as many decimals as tell it from 0, on which verdicts turn.

    >>> change(0.0335, Reader.of("en")), change(0.0002, Reader.of("en"))
    ('+3.4%', '+0.02%')
    """
    return reader.change(value, decimals=reader.apart(value, 0.0, "fraction") or 1)


def height(rows: int) -> float:
    """Return the height, in inches, of a figure with so many rows."""
    return 1.5 + 0.34 * max(rows, 2)


def draw(
    ax: Axes,
    *,
    names: Sequence[str],
    values: Sequence[Any],
    low: Sequence[Any],
    high: Sequence[Any],
    unit: str,
    reader: Reader,
    reference: float | None = None,
) -> list[str]:
    """Draw a dot a row from the top down, filled where it has an interval; say each in words.

    Parameters
    ----------
    ax
        Axes to draw in.
    names, values, low, high
        A row each; `low` and `high` are null together, where the data tell no interval.
    unit
        Unit of the values, as in `style.value_axis`.
    reader
        Who reads it.
    reference
        A value to draw as a dashed line across the rows.
    """
    _ = reader.translate
    said = []
    for place, (name, value, start, end) in enumerate(zip(names, values, low, high, strict=True)):
        known = not (is_absent(start) or is_absent(end))
        if known:
            ax.plot([start, end], [place, place], color=style.ACCENT, linewidth=2.2)
        ax.plot(
            value, place, marker="o", markersize=6.5, markeredgecolor=style.ACCENT,
            color=style.ACCENT if known else "white",
        )  # fmt: skip
        shown = reader.unit(value, unit)
        spread = (
            _(" ({low} to {high})", low=reader.unit(start, unit), high=reader.unit(end, unit))
            if known
            else ""
        )
        said.append(f"{name} {shown}{spread}".replace("\n", " "))  # a name may take two lines
    if reference is not None and math.isfinite(reference):
        ax.axvline(reference, color=style.REFERENCE, linestyle="--", linewidth=1.2)
    ax.set_yticks(range(len(names)), list(names), fontsize=9)
    ax.set_ylim(len(names) - 0.5, -0.5)
    style.value_axis(ax.xaxis, unit=unit, reader=reader)
    ax.grid(axis="x")
    return said
