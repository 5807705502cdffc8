"""The sentences of findings: one template a code, in English; French is in the data catalog.

A template reads `{place}` (table, or table and column), `{rows}` ("12 rows of 3,400 (0.4%)"),
`{table}`, `{column}` and the details of its finding. Details are formatted by what they are:
a key that ends in `share` is a fraction, one that ends in `day` is a date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_, translator

if TYPE_CHECKING:
    from marketing_kpi.data.model import JSON

# How reading names a sheet of a workbook.
_SHEET = re.compile(r"(?P<file>.+) \(sheet (?P<sheet>.+)\)")

# Below it a share would be shown as 0.0 %.
_SMALLEST_SHARE_SHOWN = 0.001
# Below it a number would be shown as 0.00.
_SMALLEST_IN_CENTS = 0.01

TEMPLATES: Mapping[str, str] = {
    # quality.py: what an audit of the canonical tables finds
    "amount_mismatch": N_(
        "{place}: the amount differs from the sum of the lines by more than 0.01 in {rows}; "
        "below it in {fewer}, by {below} in all (a discount on the whole order, perhaps a voucher, "
        "or a tax left out), above it in {more}, by {above} in all (shipping, taxes, tips); "
        "the largest difference is {largest}"
    ),
    "cancelled_orders": N_("{place}: cancelled orders, {rows}"),
    "concentrated_sales": N_(
        "{place}: one customer ({customer}) makes {share} of the sales of identified customers"
    ),
    "cost_above_price": N_("{place}: the unit cost is above the unit price in {rows}"),
    "days_without_orders": N_(
        "{place}: {days} consecutive days without any order, "
        "from {first_day} to {last_day} (gaps this unusual in all: {gaps})"
    ),
    "delivered_before_ordered": N_("{place}: delivered before it was ordered in {rows}"),
    "duplicate_keys": N_("{place}: the key ({key}) repeats one already seen in {rows}"),
    "shared_accounts": N_(
        "{place}: the account ({key}) is of another customer too in {rows}: a household's or a "
        "firm's, or one of the matches is wrong"
    ),
    "duplicate_lines": N_("{place}: equal to another row in all columns read, {rows}"),
    "empty_table": N_("{place}: the table has no row"),
    "extreme_values": N_(
        "{place}: more than {times} times the median ({median}) in {rows}; the largest is {largest}"
    ),
    "fraud_orders": N_("{place}: orders marked as fraud, {rows}"),
    "future_dates": N_("{place}: on or after {as_of_day}, the date of the analysis, in {rows}"),
    "future_not_sought": N_(
        "{place}: dates in the future were not looked for, since no date of analysis (as_of) was "
        "given"
    ),
    "implausible_dates": N_("{place}: before {first_day} or after {last_day} in {rows}"),
    "missing_keys": N_("{place}: a part of the key is missing in {rows}"),
    "missing_values": N_("{place}: no value in {rows}"),
    "negative_orders": N_(
        "{place}: negative in {rows}, taken for credits: they lower net sales and count as no "
        "orders. To count them as returns, read the file with a mapping of the kind orders that "
        "sets returns.negative_quantity to true"
    ),
    "negative_values": N_("{place}: negative in {rows}"),
    "no_customers": N_(
        "{place}: absent, so that nothing can be said of customers: no segment, no retention, no "
        "buyers. A mapping can say which column it is"
    ),
    "not_first_of_month": N_(
        "{place}: not the first day of a month in {rows}; each counts in the month of its day, and "
        "rows of one month are added up"
    ),
    "orders_without_lines": N_("{place}: orders without any line, {rows}"),
    "orphans": N_("{place}: not found in {parent} in {rows}"),
    "refund_without_order": N_("{place}: the original order is not known in {rows}"),
    "scores_off_scale": N_(
        "{place}: off the scale of the question in {rows}, which count as no answers; expected: "
        "{expected}"
    ),
    "test_orders": N_("{place}: test orders, {rows}"),
    "unidentified_orders": N_("{place}: orders without an identified customer, {rows}"),
    "refunded_orders": N_(
        "{place}: the status says that the order came back ({values}) in {rows}. These orders stay "
        "sales, and their refunds are unknown: no return rate counts them. Give the refunds as the "
        "table returns"
    ),
    "other_arms": N_(
        "{place}: arms of other names than treatment ({values}) in {rows}: each is a treatment of "
        "its own, which a KPI of the campaign counts together"
    ),
    "unknown_arms": N_(
        "{place}: values that the model does not know ({values}) in {rows}, kept; whoever is in no "
        "arm called control counts as treated; expected: {expected}. Say in the mapping what they "
        "mean, such as {remedy}"
    ),
    "unknown_channels": N_(
        "{place}: values that the model does not know ({values}) in {rows}, kept; an order of an "
        "unknown channel counts as none placed online; expected: {expected}. Say in the mapping "
        "what they mean, such as {remedy}"
    ),
    "unknown_statuses": N_(
        "{place}: values that the model does not know ({values}) in {rows}, kept and without "
        "effect (an order of an unknown status is a sale); expected: {expected}. Say in the "
        "mapping what they mean, such as {remedy}"
    ),
    "unknown_values": N_(
        "{place}: values that the model does not know ({values}) in {rows}, kept and without "
        "effect; expected: {expected}. Say in the mapping what they mean, such as {remedy}"
    ),
    "zones_of_parts": N_(
        "{place}: the parts give the time in different zones, or some without a zone ({zones}); "
        "each keeps the time that it shows"
    ),
    "zero_values": N_("{place}: zero in {rows}"),
    # sources.py and what it calls: what reading the source decided, repaired or left out
    "blank_rows": N_("{place}: blank rows, {rows} left out"),
    "dates_of_order": N_(
        "{place}: no date on the line; that of the order's other lines is taken in {rows}, whose "
        "amounts add up to {amount}. If these lines are totals or payments, the sales count twice: "
        "write in the mapping {remedy}, or take them out of the export"
    ),
    "dates_of_first_line": N_(
        "{place}: no date on the line; that of the order's other lines is taken in {rows}, whose "
        "amounts add up to {amount}"
    ),
    "codes_of_totals": N_(
        "{place}: totals, taxes or payments of orders, by their name or by what part of the order "
        "they are, in {rows}; their amounts ({amount} in all) count as sales. If so, write in the "
        "mapping {remedy}"
    ),
    "uncoded_totals": N_(
        "{place}: totals, taxes or payments of orders without a code ({names}), by their name or "
        "by what part of the order they are, in {rows}; their amounts ({amount} in all) count as "
        "sales. If so, write in the mapping {remedy}, with a column that tells these lines"
    ),
    "totals_of_orders": N_(
        "{place}: lines without a date that are worth all the others of their order (totals of "
        "tickets), {rows} left out; their amounts add up to {amount}"
    ),
    "orders_of_totals": N_(
        "{place}: numbers of orders that are called totals ({names}), {rows}; their amounts "
        "({amount} in all) count as sales. If they are totals of other orders, take them out of "
        "the export, or write in the mapping {remedy}"
    ),
    "amounts_of_orders": N_(
        "{place}: of the orders of several lines, all lines have the same amount in {rows}; it "
        "seems to be the amount of the order, written on each line. If so, sales count several "
        "times: give the amount of the line, or a row an order (kind: orders)"
    ),
    "lines_of_totals": N_(
        "{place}: of the orders of three lines or more, one line is worth all the others in "
        "{rows}. If these lines are totals, the sales count twice: leave them out by their code "
        "(leave_out in the mapping), or take them out of the export"
    ),
    "made_of_extract": N_("{place}: not read, since the extract makes this table"),
    "ambiguous_dates": N_(
        "{place}: whether day or month comes first cannot be told; read with the {order} first "
        "in {rows}. Set date_order in the mapping if that is wrong"
    ),
    "ambiguous_numbers": N_(
        "{place}: a mark followed by three digits could be decimals or thousands in {rows}; "
        "the decimal mark was taken to be the {decimal}. Set decimal in the mapping if that is "
        "wrong"
    ),
    "dates_as_elsewhere": N_(
        "{place}: whether day or month comes first cannot be told; read with the {order} first in "
        "{rows}, as the dates of the orders are written"
    ),
    "dates_unlike_elsewhere": N_(
        "{place}: dates with the {order} first in {rows}, unlike those of the orders. If that is "
        "wrong, write one order in the export and set date_order in the mapping"
    ),
    "amount_derived": N_("{place}: absent, made from the quantities and prices of the lines"),
    "broken_rows": N_("{place}: broken quotation marks or line ends, {rows} left out"),
    "date_formats": N_("{place}: dates are written like {formats}"),
    "duplicate_rows": N_("{place}: equal to another row in all columns read, {rows}, kept"),
    "duplicate_rows_dropped": N_(
        "{place}: equal to another row in all columns read, {rows}, left out"
    ),
    "excel_sheet": N_("{place}: read from the sheet {sheet}"),
    "float_ids": N_(
        "{place}: identifiers written as decimal numbers (17850.0) read as 17850 in {rows}"
    ),
    "ignored_file": N_("{place}: not the name of a table, so it was not read"),
    "ignored_folder": N_("{place}: a folder beside the files of the extract; it was not read"),
    "ignored_sheet": N_("{place}: the sheet {sheet} was not read"),
    "ignored_table": N_("{place}: the table {name} was not read"),
    "long_rows": N_("{place}: lines too long to be read, {rows} left out"),
    "misnamed_file": N_(
        "{place}: not the name of a table, so it was not read; the closest is {closest}"
    ),
    "misspelt_column": N_(
        "{place}: kept as an extra column; rename it if it is meant to be {meant}"
    ),
    "date_orders_of_parts": N_(
        "{place}: the parts do not write dates alike, and each is read as it writes them, in "
        "{rows}: the day first in {day_first}, the month first in {month_first}"
    ),
    "decimals_of_parts": N_(
        "{place}: the parts do not write decimals alike, and each is read as it writes them, in "
        "{rows}: with a decimal comma in {comma}, with a decimal point in {point}"
    ),
    "mixed_date_orders": N_(
        "{place}: some dates can only have the day first and some only the month; where nothing "
        "tells, in {rows}, the {order} was taken to come first"
    ),
    "mixed_decimals": N_(
        "{place}: decimal points ({points}) and decimal commas ({commas}) in the same column"
    ),
    "mixed_encodings": N_(
        "{place}: bytes that are not UTF-8 in a file that is UTF-8 elsewhere ({count}), read as "
        "CP1252. Look at the letters with accents, or export all of it in one encoding"
    ),
    "mixed_time_zones": N_(
        "{place}: times with different offsets ({offsets}), each kept as the local time it shows; "
        "right for one place in summer and winter, wrong for several places"
    ),
    "mixed_types": N_("{place}: values of several types ({types}), each read by what it says"),
    "not_numbers": N_("{place}: infinite or not a number, made empty in {rows}"),
    "nul_bytes": N_("{place}: NUL bytes removed ({count})"),
    "null_words": N_("{place}: words that mean nothing is there (NULL, NaN…) made empty in {rows}"),
    "number_format": N_("{place}: numbers read with a decimal {decimal}; written with {forms}"),
    "renamed_column": N_("{place}: a name that cannot stand twice, read as {renamed}"),
    "number_part_missing": N_(
        "{place}: no value of {part}, a part of the order's number, in {rows}; the number is made "
        "of the other parts"
    ),
    "numbers_shared": N_(
        "{place}: the same numbers seem to be used for several orders: of {orders} orders of "
        "several lines, {count} have more than one {owner}, and each counts as one order. Write in "
        "the mapping {remedy}"
    ),
    "numbers_used_again": N_(
        "{place}: the same numbers seem to be used for several orders: the lines of {count} orders "
        "of {orders} fall on different days, {longest} days apart at most, and each counts as one "
        "order of its first day. Write in the mapping {remedy}"
    ),
    "other_format": N_(
        "{place}: the file is {found}, not what {announced} announces; read as such"
    ),
    "parts_differ": N_(
        "{place}: columns that only some of the parts have ({columns}); empty for the others"
    ),
    "price_is_list_price": N_(
        "{place}: the amount of the line is what was paid, and the unit price given is taken as "
        "the list price; price × quantity differs from the amount in {rows}"
    ),
    "price_set_aside": N_(
        "{place}: the amount of the line is what was paid; the unit price given is kept aside as "
        "given_unit_price; price × quantity differs from the amount in {rows}"
    ),
    "returns_of_both_signs": N_(
        "{place}: negative where other returns are positive, so that what they undo cannot be "
        "told, {rows} left out"
    ),
    "returns_turned": N_("{place}: returns written below zero, read as positive in {rows}"),
    "rounded": N_(
        "{place}: more than four decimals, rounded to four in {rows}; the sum changes by "
        "{difference}"
    ),
    "rows_incomplete": N_("{place}: no order number or no date, or no key, {rows} left out"),
    "many_rows_incomplete": N_(
        "{place}: no order number or no date, {rows} left out; figures are wrong if these are "
        "sales. Check which columns the mapping gives; if the export writes the number of an "
        "order, or its date, on its first line only, fill the cells below it first"
    ),
    "rows_cancelled": N_(
        "{place}: lines cancelled within an order that stands, {rows} left out; their amounts add "
        "up to {amount}"
    ),
    "rows_left_out": N_(
        "{place}: left out as the mapping asks (services, adjustments), {rows}; their amounts add "
        "up to {amount}"
    ),
    "rows_of_several_parts": N_(
        "{place}: the same in another part but for columns that are not read, or the number of "
        "the line, in {rows}. If the parts overlap, these sales count twice: take them out of one "
        "of the two"
    ),
    "rule_without_rows": N_(
        "{place}: no row has what the rule {rule} of the mapping looks for, so that it changes "
        "nothing; the closest value there is: {closest}. Write the value as the source does, or "
        "take it out of the rule"
    ),
    "rows_negative_price": N_(
        "{place}: a price below zero (a discount?), {rows} left out; their amounts add up to "
        "{amount}"
    ),
    "rows_negative_quantity": N_(
        "{place}: a negative quantity that the mapping does not call a return, {rows} left out"
    ),
    "rows_read": N_(
        "{place}: {read} rows read = {sold} sold + {returned} returned + {left} left out"
    ),
    "rows_return": N_("{place}: returns and cancellations, {rows}, moved to the table returns"),
    "sales_marked_returns": N_(
        "{place}: the mark of returns ({column}) is on {rows} that have the amount of a sale "
        "({amount} in all) and a number like those of the sales. If they are the sales that came "
        "back, and not refunds, they are not counted as sold any more, and count as refunds "
        "besides: net sales and orders are too low, return rates too high. Then take the column "
        "out of returns in the mapping: the orders stay sales"
    ),
    "rows_unpriced": N_(
        "{place}: no quantity or no price, {rows} left out; what they are worth is not known"
    ),
    "rows_zero_price": N_("{place}: a price of zero, {rows}, kept as sales"),
    "rows_zero_price_dropped": N_("{place}: a price of zero, {rows} left out"),
    "rows_zero_quantity": N_("{place}: a quantity of zero, {rows} left out"),
    "scientific_ids": N_(
        "{place}: identifiers in scientific notation (1.79E+05), whose last digits are lost, "
        "in {rows}; format the column as text before exporting"
    ),
    "several_days": N_(
        "{place}: orders whose lines fall on different days: {count} of {orders}; the first day is "
        "kept (days between the first and the last line, at most: {longest}). If a number is used "
        "again on another day, write in the mapping {remedy}"
    ),
    "several_of_lines": N_(
        "{place}: more than one value for {count} of {known} ({key}); the last one stands for all "
        "that was sold. To keep that of each line, write in the mapping {remedy} in place of "
        "{place}"
    ),
    "several_over_time": N_(
        "{place}: more than one value for {count} of {known} ({key}); the last one stands for all "
        "that was sold"
    ),
    "several_texts": N_(
        "{place}: more than one value in {count} orders of {orders}; the last in alphabetical "
        "order is kept"
    ),
    "several_values": N_(
        "{place}: more than one value in {count} orders of {orders}; the greatest is kept"
    ),
    "text_format": N_("{place}: text in {encoding}, fields separated by {delimiter}"),
    "time_zones_dropped": N_("{place}: the time zone was left out, {rows}"),
    "too_few_fields": N_(
        "{place}: fewer fields than the {expected} of the header, {rows} left out"
    ),
    "too_many_fields": N_(
        "{place}: more fields than the {expected} of the header, {rows} left out"
    ),
    "two_digit_years": N_(
        "{place}: years of two digits in {rows}; 69 to 99 are read as 1969 to 1999"
    ),
    "several_currencies": N_(
        "{place}: several currencies ({values}), and amounts are added up as if they were "
        "one, in {rows}. Keep one in the export, or convert them there"
    ),
    "unread_cancellations": N_(
        "{place}: the mapping does not read this column, which says that a sale was "
        "cancelled, deleted or a test, in {rows} that count as sales. Take these rows out of the "
        "export, or write in the mapping {remedy}"
    ),
    "unread_discounts": N_(
        "{place}: the mapping does not read this column, which is not zero in {rows}. If the "
        "amounts that are read are before these discounts, net sales are too high: give what "
        "was paid (line_amount, or amount for orders)"
    ),
    "unread_refunds": N_(
        "{place}: the mapping does not read this column, which is not zero in {rows}: these "
        "refunds are unknown, and no return rate counts them. Give the refunds as the table "
        "returns"
    ),
    "unread_states": N_(
        "{place}: the mapping does not read this column, whose values ({values}) may say "
        "that nothing was sold, in {rows} that count as sales. Map it as the status of orders, or,"
        " if these rows are refunds, name it in the mapping as returns.column"
    ),
    "unread_cancellations_of_tables": N_(
        "{place}: not read, and says that a sale was cancelled, deleted or a test, in {rows} that "
        "count as sales. Take these rows out of the export"
    ),
    "unread_states_of_tables": N_(
        "{place}: not read, and its values ({values}) may say that nothing was sold, in {rows} "
        "that count as sales. Map it as the status of orders, or, if these rows are refunds, give "
        "them as the table returns"
    ),
    "utc_times": N_(
        "{place}: the times are in UTC, {rows}; where the shop keeps another time, sales near "
        "midnight are counted on the wrong day. Give local times, or state their zone in the source"
    ),
    "unread_file": N_(
        "{place}: has the name of a table, but nothing in it has a format that can be read, so it "
        "was not read"
    ),
    "unreadable_values": N_("{place}: not {expected}, made empty in {rows}"),
    "values_renamed": N_("{place}: values written as the model writes them ({values}) in {rows}"),
    # samples.py: what opening a public dataset decides
    "left_out": N_("{place}: left out; {reason}"),
    "local_times": N_("{place}: times given in {given} are shown in local time ({local}), {rows}"),
    "made_order_ids": N_(
        "{place}: the source numbers no order; customer, day and sequence number it, {rows}"
    ),
    "partly_known": N_("{place}: the source describes only {rows}"),
    "unpriced_lines": N_(
        "{place}: the quantity is zero or missing, so there is no unit price, in {rows}; "
        "their amounts ({amount}) are in the amount of the orders, but not in net sales, which "
        "come from the lines. Give these lines a quantity (1 for a service or a fee)"
    ),
    "volumes_as_quantities": N_(
        "{place}: fuel, whose quantity is a volume and not a number of items, {rows}; "
        "they hold {share} of all quantities"
    ),
}


# Details whose text is a word or sentence of ours; any other comes from the data and stays as it
# is.
_OUR_WORDS = ("decimal", "delimiter", "expected", "forms", "order", "reason")


def sentence(
    code: str,
    *,
    lang: str | Reader,
    table: str,
    column: str | None,
    count: int,
    total: int | None,
    details: Mapping[str, JSON],
) -> str:
    """Return the sentence of a finding in the reader's language and locale.

    >>> sentence("zero_values", lang="en", table="order_lines", column="unit_price",
    ...          count=12, total=3400, details={})
    'order_lines.unit_price: zero in 12 rows of 3,400 (0.4%)'
    """
    reader = Reader.of(lang)
    _ = translator(reader.lang)
    where = _place(table, reader)
    values = {key: _shown(key, value, reader) for key, value in details.items()}
    return _(
        TEMPLATES[code],
        **{
            "place": where if column is None else f"{where}.{column}",
            "table": where,
            "column": column,
            "count": reader.integer(count),
            "rows": _rows(count, total, reader),
            **values,
        },
    )


def _place(table: str, reader: Reader) -> str:
    """Return where something was found; a sheet of a workbook is called so in each language."""
    named = _SHEET.fullmatch(table)
    if named is None:
        return table
    _ = translator(reader.lang)
    return _("{file} (sheet {sheet})", file=named["file"], sheet=named["sheet"])


def _rows(count: int, total: int | None, reader: Reader) -> str:
    _ = translator(reader.lang)
    shown = reader.integer(count)
    if total is None:
        return _.n("{n} row", "{n} rows", count, n=shown)
    text = _.n(
        "{n} row of {total}", "{n} rows of {total}", count, n=shown, total=reader.integer(total)
    )
    if total == 0 or count < _SMALLEST_SHARE_SHOWN * total:
        return text
    return _("{text} ({share})", text=text, share=reader.percent(count / total))


def _shown(key: str, value: JSON, reader: Reader) -> str:
    if isinstance(value, dict) and key in _OUR_WORDS:
        _ = translator(reader.lang)
        return ", ".join(
            f"{_(name)} × {_shown(name, item, reader)}" for name, item in value.items()
        )
    if isinstance(value, dict):
        return ", ".join(f"{name!r} × {_shown(key, item, reader)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(_shown("item", item, reader) for item in value)
    if key.endswith("day"):
        return reader.date(value)
    if isinstance(value, str):
        return translator(reader.lang)(value) if key in _OUR_WORDS else value
    if key.endswith("share"):
        return reader.percent(value)
    if isinstance(value, int):
        return reader.integer(value)
    is_small = value is not None and 0 < abs(value) < _SMALLEST_IN_CENTS
    return reader.number(value, 6 if is_small else 2)
