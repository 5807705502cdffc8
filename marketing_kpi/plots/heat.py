"""Tables drawn as coloured cells with their values in them."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from marketing_kpi.plots import style
from marketing_kpi.text.locale import ABSENT

_ROOM = 1.1  # above the highest value, whose cell would be too dark


def draw(
    ax: Axes,
    values: pd.DataFrame,
    text: Callable[[float], str],
    *,
    power: float = 0.5,
    zero: str | None = ABSENT,
    fontsize: float = 9,
) -> None:
    """Fill a grid by its values, the first row at the bottom; what is null stays blank.

    Parameters
    ----------
    ax
        Axes to draw in.
    values
        A cell a value, not below 0; the index and the columns name them.
    text
        How a value is written.
    power
        Of the value, for the colour: under 1 lets small cells differ too, 1 keeps proportions.
    zero
        What is written where the value is 0; None writes it as any other.
    fontsize
        Of the values.
    """
    cells = np.ma.masked_invalid(values.to_numpy(dtype="float64"))
    colours = mpl.colormaps[style.SEQUENTIAL]
    norm = PowerNorm(power, vmin=0, vmax=(float(cells.max()) or 1.0) * _ROOM)
    ax.pcolormesh(cells, cmap=colours, norm=norm, edgecolors="white", linewidth=1)
    for row, column in zip(*np.nonzero(~np.ma.getmaskarray(cells)), strict=True):
        value = float(cells[row, column])
        ax.text(
            column + 0.5, row + 0.5, text(value) if value or zero is None else zero,
            ha="center", va="center", color=style.label_colour(colours(norm(value))),
            fontsize=fontsize,
        )  # fmt: skip
    for axis, names in ((ax.xaxis, values.columns), (ax.yaxis, values.index)):
        axis.set_ticks([n + 0.5 for n in range(len(names))], [str(name) for name in names])
    ax.spines[:].set_visible(False)
