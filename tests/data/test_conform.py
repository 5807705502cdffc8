"""Quantity × price: exact, whatever its size."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import product

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketing_kpi.data.conform import line_value
from marketing_kpi.data.model import DECIMAL, EXACT_PRICE

QUANTITIES = ["0", "1", "-1", "2.5", "0.0001", "99999.9999", "100000", "123456.7891", "12345678901"]
PRICES = ["0", "0.0024", "9.99", "-3.5", "99999.9999", "100000", "98765432.1", "9999999999999.9999"]
FINE_PRICES = ["0.0024567891", "3.3333333333", "-1.6666666667", "99999.9999999999", "0.00005"]


def _values(rows, kind):
    table = ibis.memtable(
        {"q": [q for q, _ in rows], "p": [p for _, p in rows]},
        schema={"q": "string", "p": "string"},
    )
    typed = table.mutate(q=table.q.cast(DECIMAL), p=table.p.cast(kind))
    valued = typed.mutate(value=line_value(typed.q, typed.p))
    return [row["value"] for row in valued.to_pyarrow().to_pylist()]


def _expected(quantity, price):
    if quantity is None or price is None:
        return None
    value = (Decimal(quantity) * Decimal(price)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return value if abs(value) < 10**14 else None


@pytest.mark.parametrize("kind", [DECIMAL, EXACT_PRICE])
def test_lines_of_every_size_are_exact(kind):
    prices = PRICES if kind == DECIMAL else PRICES + FINE_PRICES
    rows = [*product(QUANTITIES, prices), (None, "1"), ("1", None)]
    assert _values(rows, kind) == [_expected(*row) for row in rows]


def _decimals(largest, places):
    limit = largest * 10**places
    whole = st.integers(-limit, limit)
    return whole.map(lambda number: str(Decimal(number).scaleb(-places)))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(_decimals(10**6, 4), _decimals(10**6, 10)), min_size=1, max_size=50))
def test_any_line_is_exact(rows):
    assert _values(rows, EXACT_PRICE) == [_expected(*row) for row in rows]
