"""The keys of a chunk's rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from marketing_kpi.data.simulation import arrow
from marketing_kpi.data.simulation.arrow import Ints


@dataclass(frozen=True)
class Numbers:
    """Where a chunk's keys begin: how many customers and orders came before."""

    customers_before: int
    orders_before: int

    def customers(self, local: Ints) -> pa.Array:
        """Return customer keys; a negative number gives null."""
        return arrow.ids("C", np.where(local < 0, -1, local + self.customers_before + 1), width=6)

    def orders(self, local: Ints) -> pa.Array:
        """Return order keys; a negative number gives null."""
        return arrow.ids("O", np.where(local < 0, -1, local + self.orders_before + 1), width=7)


def product_ids(product: Ints) -> pa.Array:
    """Return the keys of products; a negative number gives null."""
    return arrow.ids("P", np.where(product < 0, -1, product + 1), width=4)


def line_ids(number: Ints) -> pa.Array:
    """Return the keys of lines within their order; a negative number gives null."""
    return arrow.words([str(i) for i in range(number.max(initial=0) + 1)], number)
