"""Columns that are not read, and that say what the rows of an extract, or orders, are worth.

Discounts and refunds in columns of their own, sales that failed, credit notes of positive amounts,
several currencies: no row that is read tells them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Mapping as MappingType
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from marketing_kpi.data.conform import trimmed
from marketing_kpi.data.mapping import LINE_AMOUNT, Mapping, Returns, flat_types
from marketing_kpi.data.model import STRING, Finding
from marketing_kpi.data.words import NOTHING_SAID, says_failed, says_no_sale, written

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import JSON

_DISCOUNT = re.compile(
    "discounts?|remises?|rabais|ristournes?|reductions?|escomptes?|promos?|coupons?"
    "|discountamount|montantremise"
)
_REFUND = re.compile(
    "refunds?|refunded|remboursements?|rembourse{1,2}s?|avoirs?|returns?|returned|retours?"
    "|retourne{1,2}s?"
)
_STATE = re.compile("status|statut|etat|state|situation|etape|stage|type|nature")
_KIND = re.compile("type|nature")
_PAYMENT = re.compile("payment|paiement|card|carte|tender|reglement|customer|client|product")
_PAID = re.compile("payments?|paiements?|reglements?|transactions?")
_CANCELLED = re.compile(
    "voids?|voided|cancell?ed|cancell?ations?|annule{1,2}s?|annulations?|deleted|supprime{1,2}s?"
)
_TEST = re.compile("tests?")
_CURRENCY = re.compile("currency|devise|monnaie")
# What these say is of a contract or of a person, and no sale's.
_CONTRACT = re.compile(
    "subscriptions?|abonnements?|memberships?|adhesions?|accounts?|comptes?|polic(?:y|ies)"
    "|politiques?"
)
_PERSON = re.compile("customers?|clients?|loyalty|fidelite|member|membre")
# What these hold is no money.
_LABEL = re.compile("no|nos|num|number|numero|codes?|eligible|eligibilite")
_DAY = re.compile("dates?")
_NET = re.compile("nets?|nettes?|paye|paid|apres|after")
_GROSS = re.compile("gross|bruts?|list|catalog(?:ue)?|avant|before|public|regulier|regular|msrp")
_RATE = re.compile("rate|taux|pct|percent|pourcentage")
_NOT_ZERO = r"^[^A-Za-z]*[1-9][^A-Za-z]*$"
# Of a column of states; one of more values says something else.
_MOST_VALUES = 50
_SHOWN = 5
_KINDS: MappingType[str, Literal["orders", "lines"]] = {"orders": "orders", "order_lines": "lines"}
_YES = ("true", "vrai", "yes", "oui", "y", "o", "1", "1.0", "x")


def unread_columns(sold: ir.Table, mapping: Mapping, *, where: str) -> Iterator[Finding]:
    """Say which columns that are not read hold discounts, refunds, no sales or currencies.

    Parameters
    ----------
    sold
        The rows that are sales, with all their columns.
    mapping
        Which columns are read.
    where
        What to call the extract in findings.
    """
    if "status" in sold.columns:
        sold = sold.filter(sold.status.notin(["cancelled", "fraud"]).fill_null(True))
    read = {*flat_types(mapping.kind), mapping.returns.column, mapping.leave_out.column}
    free = {name: _words(name) for name in sold.columns if name not in read}
    for name, words in free.items():
        if not _has(words, _CONTRACT):
            yield from _told_of(sold, name, words, mapping, where)


def unread_in(
    rows: ir.Table, table: str, columns: MappingType[str, tuple[str, ...]], *, where: str
) -> Iterator[Finding]:
    """Say the same of a canonical table of orders or lines, of which other columns are extra.

    Parameters
    ----------
    rows
        The table, with all its columns.
    table
        Its name.
    columns
        Source columns of its own.
    where
        What to call it in findings.
    """
    kind = _KINDS.get(table)
    if kind is None:
        return
    for found in unread_columns(rows, Mapping(kind=kind, columns=dict(columns)), where=where):
        # No rule of a mapping leaves rows of tables out, nor makes returns of them.
        has_rule = found.code in ("unread_cancellations", "unread_states")
        yield replace(found, code=f"{found.code}_of_tables") if has_rule else found


def without_known_refunds(
    findings: Iterable[Finding], tables: Collection[str]
) -> tuple[Finding, ...]:
    """Return what was found, without refunds that are unknown where the table returns has them."""
    is_known = "returns" in tables
    return tuple(f for f in findings if not (is_known and f.code == "unread_refunds"))


def _told_of(
    sold: ir.Table, name: str, words: Collection[str], mapping: Mapping, where: str
) -> Iterator[Finding]:
    """Say what a column holds that is not read, by the words of its name."""
    value = trimmed(sold[name].cast(STRING)).lower()
    is_money = not (_has(words, _LABEL) or _has(words, _DAY))
    if _has(words, _DISCOUNT) and is_money and not _is_after(mapping, name):
        yield from _told(sold, value.re_search(_NOT_ZERO), "unread_discounts", name, where)
    elif _has(words, _REFUND) and not _has(words, _STATE):
        if mapping.returns == Returns() and is_money and not _has(words, _RATE):
            is_so = value.re_search(_NOT_ZERO) | value.isin(_YES)
            yield from _told(sold, is_so, "unread_refunds", name, where)
    elif _has(words, _CURRENCY) and is_money:
        yield from _currencies(sold, value, name, where)
    elif _has(words, _CANCELLED) and not (_has(words, _LABEL) or _has(words, _RATE)):
        is_so = value.notin([*NOTHING_SAID])
        yield from _told(sold, is_so, "unread_cancellations", name, where)
    elif _has(words, _TEST) and is_money:
        yield from _told(sold, value.isin(_YES), "unread_cancellations", name, where)
    elif _is_state(words):
        yield from _states(sold, value, name, where, says_no_sale)
    elif _has(words, _PAID) and not _has(words, _PERSON):
        # A credit is a means of payment here, and no refund.
        yield from _states(sold, value, name, where, says_failed)


def _is_state(words: Collection[str]) -> bool:
    is_kind_of_payment = _has(words, _KIND) and _has(words, _PAYMENT)
    return _has(words, _STATE) and not _has(words, _PERSON) and not is_kind_of_payment


def _words(name: str) -> frozenset[str]:
    bare = unicodedata.normalize("NFKD", re.sub("([a-z])([A-Z])", r"\1 \2", name)).casefold()
    return frozenset(re.findall("[a-z]+", "".join(c for c in bare if not unicodedata.combining(c))))


def _has(words: Collection[str], meaning: re.Pattern[str]) -> bool:
    return any(meaning.fullmatch(word) for word in words)


def _is_after(mapping: Mapping, discount: str) -> bool:
    """Whether the amount that is read is after a discount, by what both are called.

    The amount of an order is; that of a line where the discount is a rate; a price is not.
    """
    amount = "amount" if mapping.kind == "orders" else LINE_AMOUNT
    sources = mapping.columns.get(amount, mapping.columns.get("unit_price", ()))
    words = {word for source in sources for word in _words(source)}
    if _has(words, _GROSS) or _has(words, _NET):
        return not _has(words, _GROSS)
    is_rate = "%" in discount or _has(_words(discount), _RATE)
    return mapping.kind == "orders" or (amount in mapping.columns and is_rate)


def _told(
    sold: ir.Table, is_so: ir.BooleanValue, code: str, name: str, where: str
) -> Iterator[Finding]:
    row = sold.aggregate(n=is_so.fill_null(False).sum(), total=sold.count())
    told = row.to_pyarrow().to_pylist()[0]
    details: dict[str, JSON] = {}
    if code == "unread_cancellations":
        details["remedy"] = f"leave_out: {{column: {written(name)}, filled: true}}"
    if told["n"]:
        count, total = int(told["n"]), told["total"]
        yield Finding(code, "suspicious", where, name, count, total, (), details)


def _counts(sold: ir.Table, value: ir.StringValue) -> dict[str, int]:
    """Return the values of a column with their rows, none if there are too many."""
    each = sold.group_by(value=value).aggregate(n=sold.count())
    first = each.filter(each.value.notnull()).order_by(each.n.desc(), "value")
    rows = first.limit(_MOST_VALUES + 1).to_pyarrow().to_pylist()
    return {row["value"]: row["n"] for row in rows} if len(rows) <= _MOST_VALUES else {}


def _currencies(sold: ir.Table, value: ir.StringValue, name: str, where: str) -> Iterator[Finding]:
    # With figures it is a rate, or the change that was given.
    counts = {
        word: n
        for word, n in _counts(sold, value).items()
        if word not in NOTHING_SAID and not any(letter.isdigit() for letter in word)
    }
    if len(counts) > 1:
        details: dict[str, JSON] = {"values": _first(counts)}
        count, total = sum(counts.values()) - max(counts.values()), sum(counts.values())
        yield Finding("several_currencies", "suspicious", where, name, count, total, (), details)


def _states(
    sold: ir.Table,
    value: ir.StringValue,
    name: str,
    where: str,
    is_none: Callable[[str], bool],
) -> Iterator[Finding]:
    counts = {word: n for word, n in _counts(sold, value).items() if is_none(word)}
    if counts:
        details: dict[str, JSON] = {"values": _first(counts)}
        count, total = sum(counts.values()), int(sold.count().to_pyarrow().as_py())
        yield Finding("unread_states", "suspicious", where, name, count, total, (), details)


def _first(counts: dict[str, int]) -> dict[str, JSON]:
    return dict(list(counts.items())[:_SHOWN])
