"""Arrow columns built straight from NumPy buffers, and Parquet written the same way each time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from marketing_kpi.data.model import CANONICAL_MARK

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

START = dt.date(2023, 1, 1)
END = dt.date(2026, 1, 1)
EPOCH_DAYS = (START - dt.date(1970, 1, 1)).days
SECONDS_PER_DAY = 86_400
MONEY = pa.decimal128(18, 4)
COMPRESSION_LEVEL = 9
MAX_ROW_GROUP = 1 << 20


def day_number(day: dt.date) -> int:
    """Return the days from the start of the data to `day`.

    >>> day_number(dt.date(2023, 1, 31))
    30
    """
    return (day - START).days


def ids(prefix: str, numbers: Ints, *, width: int) -> pa.Array:
    """Return string keys, zero-padded; a negative number gives null, a longer one keeps its digits.

    >>> ids("O", np.array([7, -1, 1234, 123456]), width=5).to_pylist()
    ['O00007', None, 'O01234', 'O123456']
    """
    longer = numbers >= 10**width
    if not longer.any():
        return _padded(prefix, numbers, width)
    return pc.coalesce(
        _padded(prefix, np.where(longer, -1, numbers), width),
        ids(prefix, np.where(longer, numbers, -1), width=width + 1),
    )


def _padded(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """Return keys that all have `width` digits."""
    head = prefix.encode("ascii")
    rows, size = len(numbers), len(head) + width
    characters = np.empty((rows, size), dtype=np.uint8)
    characters[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    rest = np.maximum(numbers, 0).astype(np.int64)
    for position in range(size - 1, len(head) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        characters[:, position] = digit + ord("0")
    offsets = np.arange(rows + 1, dtype=np.int32) * size
    keys = pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(characters))
    return _with_nulls(keys, numbers < 0)


def money(units: Ints, *, decimals: int = 2, null: Bools | None = None) -> pa.Array:
    """Return DECIMAL(18, 4) from whole numbers of 10^-`decimals`.

    >>> money(np.array([1999, -5])).to_pylist()
    [Decimal('19.9900'), Decimal('-0.0500')]
    """
    words = np.empty((len(units), 2), dtype=np.int64)
    words[:, 0] = units.astype(np.int64) * 10 ** (4 - decimals)
    words[:, 1] = words[:, 0] >> 63  # the sign fills the upper half of the 128-bit integer
    values = pa.Array.from_buffers(MONEY, len(units), [None, pa.py_buffer(words)])
    return values if null is None else _with_nulls(values, null)


def quantities(units: Ints, *, null: Bools | None = None) -> pa.Array:
    """Return whole quantities as DECIMAL(18, 4)."""
    return money(units, decimals=0, null=null)


def dates(days: Ints, *, null: Bools | None = None) -> pa.Array:
    """Return dates from days since the start of the data."""
    return pa.array((days + EPOCH_DAYS).astype(np.int32), mask=null).cast(pa.date32())


def timestamps(seconds: Ints, *, null: Bools | None = None) -> pa.Array:
    """Return naive timestamps from seconds since the start of the data."""
    micros = (seconds.astype(np.int64) + EPOCH_DAYS * SECONDS_PER_DAY) * 1_000_000
    return pa.array(micros, mask=null).cast(pa.timestamp("us"))


def words(values: Sequence[str], codes: Ints) -> pa.Array:
    """Return `values[code]` as strings; a negative code gives null.

    >>> words(["web", "store"], np.array([1, -1])).to_pylist()
    ['store', None]
    """
    return pa.array(values, pa.string()).take(pa.array(codes, mask=codes < 0))


def _with_nulls(values: pa.Array, null: Bools) -> pa.Array:
    if not null.any():
        return values
    validity = pa.py_buffer(np.packbits(~null, bitorder="little"))
    return pa.Array.from_buffers(values.type, len(values), [validity, *values.buffers()[1:]])


class Writer:
    """A folder of Parquet files, written a row group at a time.

    The same tables give the same bytes with the same version of pyarrow: fixed encodings and
    compression, no metadata besides the schema and the mark of canonical files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, pq.ParquetWriter] = {}

    def write(self, name: str, columns: Mapping[str, pa.Array]) -> None:
        """Add the rows of one chunk to table `name`."""
        table = pa.table(dict(columns))
        if name not in self._files:
            self._files[name] = _open(self.folder / f"{name}.parquet", table.schema)
        self._files[name].write_table(table, row_group_size=MAX_ROW_GROUP)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.add_key_value_metadata({CANONICAL_MARK: "1"})
            file.close()


def _open(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # keys and times rise with the row: differences are far smaller than a dictionary
    encodings = {
        field.name: "DELTA_BINARY_PACKED"
        if pa.types.is_timestamp(field.type)
        else "DELTA_BYTE_ARRAY"
        for field in schema
        if pa.types.is_timestamp(field.type) or _is_key(field)
    }
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=[name for name in schema.names if name not in encodings],
        column_encoding=encodings,
        store_decimal_as_integer=True,
        store_schema=False,
        write_page_index=False,
    )


def _is_key(field: pa.Field) -> bool:
    rising = ("order_id", "return_id", "session_id", "touchpoint_id", "shipment_id", "response_id")
    return field.name in (*rising, "customer_id", "visitor_id", "source_id", "po_id")
