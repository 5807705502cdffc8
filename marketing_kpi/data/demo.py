"""Boréal, the demo retailer: its data, how they are made, and what is true in them."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from marketing_kpi.data.simulation.parameters import SEED, VERSION
from marketing_kpi.errors import DataError, unknown

if TYPE_CHECKING:
    from marketing_kpi.data.model import JSON, Data

AS_OF = "2026-01-01"
TRUTH = "truth.json"
SMALLEST_SCALE = 0.01
CHECKOUT = Path(__file__).resolve().parents[2] / "data" / "demo"


def demo() -> Data:
    """Open the demo retailer.

    In a checkout these are the files of `data/demo`; elsewhere the same shop is simulated once,
    at scale 1, in the user's cache.

    Returns
    -------
    Data
        Every table of the data model, three years up to `AS_OF`.
    """
    from marketing_kpi.data.sources import open_data

    return open_data(demo_folder())


def truth() -> dict[str, JSON]:
    """Return what is true in the demo: the parameters that estimates can be held against.

    Returns
    -------
    dict
        One entry a subject, each with its values and a `note` that says what an estimator of it
        should aim at; besides them `seed`, `scale` and `version`.

    Examples
    --------
    >>> truth()["spring_mail"]["control_share"]
    0.1
    """
    return cast("dict[str, JSON]", json.loads((demo_folder() / TRUTH).read_text(encoding="utf-8")))


def simulate(
    *, out: Path, scale: float = 1, seed: int = SEED, tables: Sequence[str] | None = None
) -> Path:
    """Simulate the shop and write a Parquet file a table, and the truth.

    Parameters
    ----------
    out
        Folder to write to; made if it is not there. Files of the same names are replaced, all
        at the end, so that a reader never sees half a table.
    scale
        How many times larger than the shop of `data/demo`; customers, orders and what follows
        from them grow, products and locations do not. At least 0.01, and rounded to that.
    seed
        Seed of every draw, from 0. The same seed gives the same values, and with the same versions
        of the libraries the same bytes.
    tables
        The tables to write, all of them by default. They hold what a full run would hold.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DataError
        If a table is not known, or the scale or the seed are out of their range.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = simulate(out=Path(folder), scale=0.01, tables=["stores"])
    ...     sorted(path.name for path in made.iterdir())
    ['stores.parquet', 'truth.json']
    """
    from marketing_kpi.data.simulation import shop
    from marketing_kpi.data.simulation.realised import Realised
    from marketing_kpi.data.simulation.truth import report

    for name in tables or ():
        if name not in shop.TABLES:
            message, hint = unknown("table", name, shop.TABLES)
            raise DataError(message, hint=hint)
    if not scale >= SMALLEST_SCALE:
        raise DataError(f"scale == {scale}, must be at least {SMALLEST_SCALE}")
    if seed < 0:
        raise DataError(f"seed == {seed}, must be at least 0")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".making-") as making:
        folder = Path(making)
        realised = Realised()
        for chunk in shop.write(folder, scale=scale, seed=seed, tables=tables or shop.TABLES):
            realised.add(chunk)
        whole = {"version": VERSION, "seed": seed, "scale": _plain(scale), "as_of": AS_OF}
        text = json.dumps({**whole, **report(realised)}, ensure_ascii=False, indent=1)
        (folder / TRUTH).write_text(text + "\n", encoding="utf-8", newline="\n")
        for path in sorted(folder.iterdir()):
            path.replace(out / path.name)
    return out


def _plain(scale: float) -> float:
    """Return a whole scale as a whole number, so that 1 and 1.0 give the same bytes."""
    return int(scale) if scale == int(scale) else scale


def demo_folder() -> Path:
    """Return the folder of the demo's tables; outside a checkout it is made when first asked."""
    if (CHECKOUT / TRUTH).is_file():
        return CHECKOUT
    folder = user_cache() / f"demo-{VERSION}"
    if not (folder / TRUTH).is_file():
        _make(folder)
    return folder


def _make(folder: Path) -> None:
    # made beside its place and moved there at once: two programs may want it at the same time
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
    try:
        simulate(out=making)
        making.rename(folder)
    except OSError:
        if not (folder / TRUTH).is_file():
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def user_cache() -> Path:
    """Return the folder of what this package keeps for the user; it may not be there yet."""
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "marketing-kpi"
