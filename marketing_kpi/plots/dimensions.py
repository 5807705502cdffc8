"""What dimensions and their values are called: the same in every chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from marketing_kpi.plots.tables import CHANNELS
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_

DIMENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "channel": N_("Channel"),
        "marketing_channel": N_("Marketing channel"),
        "acquisition_channel": N_("Acquisition channel"),
        "device": N_("Device"),
        "store_type": N_("Store type"),
        "store_id": N_("Store"),
        "location_id": N_("Store or warehouse"),
        "location_type": N_("Kind of place"),
        "category": N_("Category"),
        "brand": N_("Brand"),
        "product_id": N_("Product"),
        "name": N_("Product"),
        "region": N_("Customer's region"),
        "customer_region": N_("Customer's region"),
        "store_region": N_("Store's region"),
        "reason": N_("Reason for the return"),
        "month": N_("Month"),
    }
)
"""Names of usual dimensions; one of the client's own is shown as it is."""

DEVICES: Mapping[str, str] = MappingProxyType(
    {
        "mobile": N_("Mobile"),
        "desktop": N_("Desktop"),
        "tablet": N_("Tablet"),
        "app": N_("App"),
    }
)
"""Names of usual devices; another one is shown as it is."""

RETURN_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "size": N_("Size or fit"),
        "changed_mind": N_("Changed their mind"),
        "not_as_described": N_("Not as described"),
        "defective": N_("Defective"),
        "late": N_("Arrived too late"),
    }
)
"""Names of usual reasons for a return; another one is shown as it is."""

LOCATION_TYPES: Mapping[str, str] = MappingProxyType(
    {"store": N_("Stores"), "warehouse": N_("Warehouses (orders of no store)")}
)
"""Kinds of place that hold stock."""

_VALUES = {"device": DEVICES, "reason": RETURN_REASONS, "location_type": LOCATION_TYPES}
_ABSENT = {
    "store_id": N_("No known store"),
    **dict.fromkeys(("store_type", "store_region"), N_("No store, or not known")),
    "reason": N_("Not stated"),
}
_LONGEST_NAME = 34  # beside the bars of a figure


def value_name(value: Any, column: str, *, lang: str | Reader) -> str:
    """Return the name of a week, a month, a channel or another value of a dimension.

    Null is no store for the dimensions of stores, a reason not stated, else not known.

    >>> value_name("mobile", "device", lang="en"), value_name(None, "category", lang="en")
    ('Mobile', 'Unknown')
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if is_absent(value):
        return _(_ABSENT.get(column, N_("Unknown")))
    if column == "month":
        return reader.month(value, short=True)
    if column == "week":
        return reader.date(value)
    known = CHANNELS if column.endswith("channel") else _VALUES.get(column, {})
    return _(known[str(value)]) if str(value) in known else str(value)


def dimension_name(column: str, *, lang: str | Reader) -> str:
    """Return the name of a dimension.

    >>> dimension_name("category", lang="en"), dimension_name("size", lang="en")
    ('Category', 'size')
    """
    _ = Reader.of(lang).translate
    return _(DIMENSIONS[column]) if column in DIMENSIONS else column


def dimension_names(columns: Sequence[str], *, lang: str | Reader) -> dict[str, str]:
    """Return the name of each dimension by its column."""
    return {column: dimension_name(column, lang=lang) for column in columns}


def dimensions_of(frame: pd.DataFrame, *, until: str) -> list[str]:
    """Return the columns of dimensions: those before the first of the results."""
    return [str(name) for name in frame.columns[: list(frame.columns).index(until)]]


def with_names(frame: pd.DataFrame, keys: Sequence[str], *, lang: str | Reader) -> pd.DataFrame:
    """Return the frame with the names of the values of some dimensions in their place."""
    return frame.assign(
        **{key: [value_name(value, key, lang=lang) for value in frame[key]] for key in keys}
    )


def row_names(frame: pd.DataFrame, keys: Sequence[str], *, lang: str | Reader) -> list[str]:
    """Return what each row is called: the names of its dimensions' values."""
    return [
        " \u00b7 ".join(value_name(row[key], key, lang=lang) for key in keys)
        for row in frame.to_dict("records")
    ]


def shortened(name: str, most: int = _LONGEST_NAME) -> str:
    """Return a name of at most so many characters; one that is cut ends with an ellipsis.

    >>> shortened("Hats and gloves", 9)
    'Hats and…'
    """
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"
