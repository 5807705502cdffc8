"""The canonical data model: its tables, what is found while reading them, the opened data.

Everything that reads or computes names tables and columns as they are declared here, whatever
they were called in the client's files. `data/README.md` is made from these declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar
from weakref import ReferenceType, ref

from marketing_kpi.data.findings import sentence
from marketing_kpi.data.keeping import kept
from marketing_kpi.errors import ColumnError, DataError, MissingDataError, unknown

if TYPE_CHECKING:
    import ibis
    import ibis.expr.operations as ops
    import pandas as pd
    from ibis.backends import BaseBackend

    from marketing_kpi.text.locale import Reader

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"
Kept = TypeVar("Kept", "ibis.Table", "pd.DataFrame")
Level: TypeAlias = Literal["info", "repaired", "dropped", "suspicious", "error"]

STRING = "string"
DATE = "date"
TIMESTAMP = "timestamp"
BOOLEAN = "boolean"
INTEGER = "int64"
FLOAT = "float64"
# Money and quantities add up exactly, on every engine, in whatever order the rows come.
DECIMAL = "decimal(18, 4)"
# A price of a small part of a unit (fuel, screws) needs more decimals than money, or quantity ×
# price would not give the amount of the line back.
EXACT_PRICE = "decimal(28, 10)"
PRICES = ("unit_price", "list_price", "unit_cost")

CANONICAL_MARK = "marketing_kpi.canonical"
"""Key in the metadata of a Parquet file whose columns this package wrote as declared here."""

SALES_CHANNELS = ("web", "store", "app", "marketplace")


@dataclass(frozen=True)
class Column:
    """A column of a canonical table.

    Attributes
    ----------
    name
        Canonical name; carries its unit where it has one (`target_cover_days`).
    type
        Ibis type: string, date, timestamp (naive, local), boolean, int64, float64 or
        decimal(18, 4).
    key
        Whether it is part of the table's key.
    required
        Whether a table without it is refused.
    values
        The values it may take; empty when any value may be.
    description
        What it holds, by language (fr, en).
    """

    name: str
    type: str
    key: bool = False
    required: bool = False
    values: tuple[str, ...] = ()
    description: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Table:
    """A canonical table: its columns, key first, and what a row of it is.

    Examples
    --------
    >>> TABLES["orders"].key
    ('order_id',)
    >>> TABLES["orders"].column("status").values
    ('placed', 'delivered', 'cancelled', 'fraud')
    """

    name: str
    columns: tuple[Column, ...]
    description: Mapping[str, str]

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the columns that together identify a row; empty when nothing does."""
        return tuple(column.name for column in self.columns if column.key)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which the table is refused."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all its columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column called `name`; a `ColumnError` suggests the closest one."""
        for column in self.columns:
            if column.name == name:
                return column
        message, hint = unknown("column", name, self.names, where=self.name)
        raise ColumnError(message, hint=hint)


def _column(
    name: str,
    kind: str,
    fr: str,
    en: str,
    *,
    key: bool = False,
    required: bool = False,
    values: tuple[str, ...] = (),
) -> Column:
    description = MappingProxyType({"fr": fr, "en": en})
    return Column(name, kind, key, required, values, description)


def _table(name: str, fr: str, en: str, *columns: Column) -> Table:
    return Table(name, columns, MappingProxyType({"fr": fr, "en": en}))


_CONTACTS = _table(
    "contacts",
    "Une ligne par contact : un prospect ou un client.",
    "One row per contact: a lead or a customer.",
    _column("customer_id", STRING, "Identifiant du contact", "Contact identifier", key=True),
    _column("registered_at", TIMESTAMP, "Moment de l'inscription", "When the contact signed up"),
    _column(
        "acquisition_channel",
        STRING,
        "Canal marketing qui a amené le contact ; mêmes valeurs que marketing_channel",
        "Marketing channel that brought the contact; same values as marketing_channel",
    ),
    _column("region", STRING, "Région du contact", "Region of the contact"),
    _column("birth_date", DATE, "Date de naissance", "Date of birth"),
    _column(
        "email_opt_in",
        BOOLEAN,
        "Consentement à recevoir des courriels",
        "Whether the contact agreed to receive e-mail",
    ),
)

_ORDERS = _table(
    "orders",
    "Une ligne par commande ou ticket de caisse.",
    "One row per order or till receipt.",
    _column(
        "order_id",
        STRING,
        "Identifiant de la commande",
        "Order identifier",
        key=True,
        required=True,
    ),
    _column(
        "customer_id",
        STRING,
        "Client ; vide quand il n'est pas identifié",
        "Customer; empty when not identified",
    ),
    _column(
        "ordered_at",
        TIMESTAMP,
        "Moment de la commande, heure locale",
        "When the order was placed, local time",
        required=True,
    ),
    _column("channel", STRING, "Canal de vente", "Sales channel", values=SALES_CHANNELS),
    _column("store_id", STRING, "Magasin où la vente a eu lieu", "Store where the sale took place"),
    _column(
        "status",
        STRING,
        "État de la commande ; sans cette colonne, toute commande est valide",
        "State of the order; without this column every order is valid",
        values=("placed", "delivered", "cancelled", "fraud"),
    ),
    _column(
        "recognised_at",
        TIMESTAMP,
        "Moment où le chiffre d'affaires est reconnu",
        "When the revenue is recognised",
    ),
    _column(
        "payment_fee",
        DECIMAL,
        "Frais du moyen de paiement, à la charge du marchand ; 0 sans frais, vide si inconnus",
        "Payment fee borne by the merchant; 0 for none, empty if not known",
    ),
    _column(
        "is_test", BOOLEAN, "Commande d'essai, hors de tout calcul", "Test order, never counted"
    ),
    _column(
        "amount",
        DECIMAL,
        "Montant payé hors taxes et hors livraison : somme des quantity × unit_price de ses lignes",
        "Amount paid without tax or shipping: the sum of quantity × unit_price of its lines",
    ),
)

_ORDER_LINES = _table(
    "order_lines",
    "Une ligne par article d'une commande.",
    "One row per item of an order.",
    _column("order_id", STRING, "Commande de la ligne", "Order of the line", key=True),
    _column("line_id", STRING, "Numéro de la ligne dans la commande", "Line number", key=True),
    _column("product_id", STRING, "Produit vendu", "Product sold"),
    _column("quantity", DECIMAL, "Quantité vendue", "Quantity sold"),
    _column(
        "list_price",
        DECIMAL,
        "Prix unitaire avant remise, hors taxes",
        "Unit price before any discount, without tax",
    ),
    _column(
        "unit_price", DECIMAL, "Prix unitaire payé, hors taxes", "Unit price paid, without tax"
    ),
    _column("unit_cost", DECIMAL, "Coût d'achat unitaire", "Unit cost"),
    _column("promotion_id", STRING, "Promotion appliquée", "Promotion applied"),
)

_RETURNS = _table(
    "returns",
    "Une ligne par retour ou geste commercial, à sa propre date.",
    "One row per return or allowance, at its own date.",
    _column("return_id", STRING, "Identifiant du retour", "Return identifier", key=True),
    _column(
        "order_id",
        STRING,
        "Commande d'origine ; vide quand elle est inconnue",
        "Original order; empty when unknown",
    ),
    _column(
        "line_id",
        STRING,
        "Ligne d'origine ; vide quand elle est inconnue",
        "Original line; empty when unknown",
    ),
    _column("customer_id", STRING, "Client qui retourne", "Customer who returns"),
    _column("product_id", STRING, "Produit retourné", "Product returned"),
    _column("channel", STRING, "Canal du retour", "Channel of the return", values=SALES_CHANNELS),
    _column("returned_at", TIMESTAMP, "Moment du retour", "When it was returned"),
    _column("quantity", DECIMAL, "Quantité retournée, positive", "Quantity returned, positive"),
    _column(
        "refund_amount",
        DECIMAL,
        "Montant remboursé hors taxes, positif",
        "Amount refunded without tax, positive",
    ),
    _column(
        "handling_cost", DECIMAL, "Coût de traitement du retour", "Cost of handling the return"
    ),
    _column(
        "restocked",
        BOOLEAN,
        "Le produit est revenu en stock",
        "Whether the product is back in stock",
    ),
    _column("reason", STRING, "Motif donné", "Reason given"),
    _column(
        "kind",
        STRING,
        "Retour de marchandise ou geste commercial",
        "Return of goods or allowance",
        values=("return", "allowance"),
    ),
)

_CHARGEBACKS = _table(
    "chargebacks",
    "Une ligne par contestation de paiement.",
    "One row per disputed payment.",
    _column("chargeback_id", STRING, "Identifiant de la contestation", "Identifier", key=True),
    _column("order_id", STRING, "Commande contestée", "Disputed order"),
    _column("opened_at", TIMESTAMP, "Moment de l'ouverture", "When it was opened"),
    _column("amount", DECIMAL, "Montant contesté", "Disputed amount"),
    _column("reason", STRING, "Motif donné", "Reason given"),
    _column(
        "outcome",
        STRING,
        "Issue pour le marchand",
        "Outcome for the merchant",
        values=("won", "lost", "open"),
    ),
)

_PROMOTIONS = _table(
    "promotions",
    "Une ligne par promotion.",
    "One row per promotion.",
    _column("promotion_id", STRING, "Identifiant de la promotion", "Identifier", key=True),
    _column("name", STRING, "Nom de la promotion", "Name of the promotion"),
    _column("starts_on", DATE, "Premier jour", "First day"),
    _column("ends_on", DATE, "Dernier jour", "Last day"),
    _column(
        "cost",
        DECIMAL,
        "Coût de la promotion, remise elle-même exclue ; 0 sans coût, vide s'il est inconnu",
        "Cost of the promotion, the discount itself left out; 0 for none, empty if not known",
    ),
    _column(
        "supplier_funding",
        DECIMAL,
        "Participation du fournisseur ; vide sans participation",
        "Paid by the supplier; empty for nothing",
    ),
)

_PRODUCTS = _table(
    "products",
    "Une ligne par produit.",
    "One row per product.",
    _column("product_id", STRING, "Identifiant du produit", "Product identifier", key=True),
    _column("name", STRING, "Nom du produit", "Product name"),
    _column("category", STRING, "Catégorie", "Category"),
    _column("brand", STRING, "Marque", "Brand"),
    _column("list_price", DECIMAL, "Prix de vente courant", "Current list price"),
    _column("unit_cost", DECIMAL, "Coût d'achat unitaire courant", "Current unit cost"),
    _column(
        "target_cover_days",
        INTEGER,
        "Couverture de stock visée, en jours",
        "Stock cover aimed at, in days",
    ),
)

_STORES = _table(
    "stores",
    "Une ligne par magasin.",
    "One row per store.",
    _column("store_id", STRING, "Identifiant du magasin", "Store identifier", key=True),
    _column("store_type", STRING, "Type de magasin", "Type of store"),
    _column("region", STRING, "Région du magasin", "Region of the store"),
    _column("opened_on", DATE, "Jour d'ouverture", "Opening day"),
    _column("closed_on", DATE, "Jour de fermeture ; vide si ouvert", "Closing day; empty if open"),
)

_SESSIONS = _table(
    "sessions",
    "Une ligne par visite du site ou de l'application.",
    "One row per visit of the site or the app.",
    _column("session_id", STRING, "Identifiant de la session", "Session identifier", key=True),
    _column("visitor_id", STRING, "Visiteur (témoin de connexion)", "Visitor (cookie)"),
    _column(
        "customer_id",
        STRING,
        "Client ; vide quand il n'est pas identifié",
        "Customer; empty when not identified",
    ),
    _column("started_at", TIMESTAMP, "Début de la session", "When the session started"),
    _column("marketing_channel", STRING, "Canal marketing", "Marketing channel"),
    _column("device", STRING, "Appareil", "Device"),
    _column("page_views", INTEGER, "Pages vues", "Pages viewed"),
    _column("cart", BOOLEAN, "Un article a été mis au panier", "Whether an item went to the cart"),
    _column("checkout", BOOLEAN, "Le paiement a été entamé", "Whether checkout was begun"),
    _column(
        "order_id",
        STRING,
        "Commande passée ; vide sans achat",
        "Order placed; empty without purchase",
    ),
)

_TOUCHPOINTS = _table(
    "touchpoints",
    "Une ligne par contact publicitaire avec un visiteur.",
    "One row per advertising contact with a visitor.",
    _column("touchpoint_id", STRING, "Identifiant du point de contact", "Identifier", key=True),
    _column("visitor_id", STRING, "Visiteur touché", "Visitor reached"),
    _column(
        "customer_id",
        STRING,
        "Client ; vide quand il n'est pas identifié",
        "Customer; empty when not identified",
    ),
    _column("at", TIMESTAMP, "Moment du contact", "When it happened"),
    _column("marketing_channel", STRING, "Canal marketing", "Marketing channel"),
    _column("campaign_id", STRING, "Campagne", "Campaign"),
    _column(
        "kind",
        STRING,
        "Nature du contact",
        "Kind of contact",
        values=("impression", "click", "open", "visit"),
    ),
)

_CAMPAIGNS = _table(
    "campaigns",
    "Une ligne par campagne.",
    "One row per campaign.",
    _column("campaign_id", STRING, "Identifiant de la campagne", "Campaign identifier", key=True),
    _column("name", STRING, "Nom de la campagne", "Campaign name"),
    _column("marketing_channel", STRING, "Canal marketing", "Marketing channel"),
    _column("starts_on", DATE, "Premier jour", "First day"),
    _column("ends_on", DATE, "Dernier jour", "Last day"),
    _column(
        "cost",
        DECIMAL,
        "Coût, utilisé quand marketing_spend n'a rien pour la campagne",
        "Cost, used where marketing_spend has nothing for the campaign",
    ),
    _column("action", STRING, "Action menée", "What was done"),
)

_CAMPAIGN_MEMBERS = _table(
    "campaign_members",
    "Une ligne par client affecté à une campagne.",
    "One row per customer assigned to a campaign.",
    _column("campaign_id", STRING, "Campagne", "Campaign", key=True),
    _column("customer_id", STRING, "Client", "Customer", key=True),
    _column(
        "arm",
        STRING,
        "Groupe traité ou groupe témoin",
        "Treated or control group",
        values=("treatment", "control"),
    ),
    _column("assigned_at", TIMESTAMP, "Moment du tirage au sort", "When the arm was drawn"),
    _column(
        "contacted_at",
        TIMESTAMP,
        "Moment de l'envoi ; vide pour un témoin",
        "When contacted; empty for a control",
    ),
)

_MARKETING_SPEND = _table(
    "marketing_spend",
    "Une ligne par jour, canal marketing et campagne.",
    "One row per day, marketing channel and campaign.",
    _column("day", DATE, "Jour de la dépense", "Day of the spend", key=True),
    _column("marketing_channel", STRING, "Canal marketing", "Marketing channel", key=True),
    _column("campaign_id", STRING, "Campagne", "Campaign", key=True),
    _column(
        "purpose",
        STRING,
        "But de la dépense",
        "Purpose of the spend",
        values=("acquisition", "retention", "brand"),
    ),
    _column("amount", DECIMAL, "Dépense", "Amount spent"),
    _column("impressions", INTEGER, "Affichages", "Impressions"),
    _column("clicks", INTEGER, "Clics", "Clicks"),
    _column("delivered", INTEGER, "Messages remis", "Messages delivered"),
    _column("opened", INTEGER, "Messages ouverts", "Messages opened"),
)

_RESPONSES = _table(
    "responses",
    "Une ligne par réaction d'un client.",
    "One row per reaction of a customer.",
    _column("customer_id", STRING, "Client", "Customer"),
    _column("at", TIMESTAMP, "Moment de la réaction", "When it happened"),
    _column(
        "kind",
        STRING,
        "Nature de la réaction",
        "Kind of reaction",
        values=("open", "click", "visit", "review", "app", "service"),
    ),
    _column("campaign_id", STRING, "Campagne", "Campaign"),
)

_STOCK = _table(
    "stock",
    "Une ligne par jour, produit et lieu, à la clôture du jour.",
    "One row per day, product and location, at the close of the day.",
    _column("day", DATE, "Jour", "Day", key=True),
    _column("product_id", STRING, "Produit", "Product", key=True),
    _column("location_id", STRING, "Magasin ou entrepôt", "Store or warehouse", key=True),
    _column("on_hand", DECIMAL, "Quantité en stock", "Quantity on hand"),
    _column("sellable", DECIMAL, "Quantité vendable", "Quantity that can be sold"),
    _column("reserved", DECIMAL, "Quantité réservée", "Quantity reserved"),
    _column("damaged", DECIMAL, "Quantité abîmée", "Quantity damaged"),
    _column("received", DECIMAL, "Quantité reçue ce jour", "Quantity received that day"),
    _column("unit_cost", DECIMAL, "Coût unitaire du stock", "Unit cost of the stock"),
)

_PURCHASE_ORDERS = _table(
    "purchase_orders",
    "Une ligne par commande à un fournisseur.",
    "One row per order to a supplier.",
    _column("po_id", STRING, "Identifiant de la commande fournisseur", "Identifier", key=True),
    _column("product_id", STRING, "Produit commandé", "Product ordered"),
    _column("location_id", STRING, "Lieu de livraison", "Location delivered to"),
    _column("ordered_at", TIMESTAMP, "Moment de la commande", "When it was ordered"),
    _column(
        "received_at",
        TIMESTAMP,
        "Moment de la réception ; vide tant qu'elle est attendue",
        "When it was received; empty while awaited",
    ),
    _column("quantity", DECIMAL, "Quantité commandée", "Quantity ordered"),
)

_SHIPMENTS = _table(
    "shipments",
    "Une ligne par expédition d'une commande.",
    "One row per shipment of an order.",
    _column("shipment_id", STRING, "Identifiant de l'expédition", "Identifier", key=True),
    _column("order_id", STRING, "Commande expédiée", "Order shipped"),
    _column("promised_at", TIMESTAMP, "Livraison promise", "When delivery was promised"),
    _column("picked_at", TIMESTAMP, "Fin de la préparation", "When it was picked"),
    _column("packed_at", TIMESTAMP, "Fin de l'emballage", "When it was packed"),
    _column("shipped_at", TIMESTAMP, "Départ", "When it was shipped"),
    _column(
        "delivered_at",
        TIMESTAMP,
        "Livraison ; vide tant qu'elle est attendue",
        "When it was delivered; empty while awaited",
    ),
    _column("in_full", BOOLEAN, "Commande livrée au complet", "Whether the order came in full"),
    _column("damaged", BOOLEAN, "Colis abîmé", "Whether the parcel was damaged"),
    _column(
        "transport_cost",
        DECIMAL,
        "Coût du transport ; 0 sans coût, vide s'il est inconnu",
        "Transport cost; 0 for none, empty if not known",
    ),
    _column(
        "packaging_cost",
        DECIMAL,
        "Coût de l'emballage ; 0 sans coût, vide s'il est inconnu",
        "Packaging cost; 0 for none, empty if not known",
    ),
)

_LABOUR = _table(
    "labour",
    "Une ligne par jour, lieu et activité.",
    "One row per day, location and activity.",
    _column("day", DATE, "Jour", "Day", key=True),
    _column("location_id", STRING, "Magasin ou entrepôt", "Store or warehouse", key=True),
    _column(
        "activity",
        STRING,
        "Activité : préparation, emballage ou expédition",
        "Activity",
        key=True,
        values=("pick", "pack", "ship"),
    ),
    _column("hours", FLOAT, "Heures travaillées", "Hours worked"),
    _column("units", DECIMAL, "Unités traitées", "Units handled"),
    _column("cost", DECIMAL, "Coût de la main-d'œuvre", "Labour cost"),
)

_SURVEYS = _table(
    "surveys",
    "Une ligne par réponse à une enquête.",
    "One row per answer to a survey.",
    _column("response_id", STRING, "Identifiant de la réponse", "Answer identifier", key=True),
    _column("customer_id", STRING, "Client", "Customer"),
    _column("answered_at", TIMESTAMP, "Moment de la réponse", "When it was answered"),
    _column(
        "question",
        STRING,
        "Question posée : recommandation (nps) ou satisfaction (csat)",
        "Question asked: recommendation (nps) or satisfaction (csat)",
        values=("nps", "csat"),
    ),
    _column("score", INTEGER, "Note donnée", "Score given"),
)

_CATEGORY_SPEND = _table(
    "category_spend",
    "Panel : une ligne par client, mois et catégorie, tous marchands confondus.",
    "Panel: one row per customer, month and category, all merchants together.",
    _column("customer_id", STRING, "Client", "Customer", key=True),
    _column("month", DATE, "Premier jour du mois", "First day of the month", key=True),
    _column("category", STRING, "Catégorie", "Category", key=True),
    _column("spend_total", DECIMAL, "Dépense chez tous les marchands", "Spend with all merchants"),
)

_FIXED_COSTS = _table(
    "fixed_costs",
    "Une ligne par mois.",
    "One row per month.",
    _column("month", DATE, "Premier jour du mois", "First day of the month", key=True),
    _column("amount", DECIMAL, "Coûts fixes du mois", "Fixed costs of the month"),
)

_LEDGER = _table(
    "ledger",
    "Les chiffres de la comptabilité, pour le rapprochement.",
    "Finance's figures, to reconcile with.",
    _column("month", DATE, "Premier jour du mois", "First day of the month", key=True),
    _column(
        "account",
        STRING,
        "Compte",
        "Account",
        key=True,
        values=("gross_sales", "discounts", "refunds", "allowances", "chargebacks", "revenue"),
    ),
    _column(
        "amount",
        DECIMAL,
        "Montant du mois ; déductions positives, ou toutes négatives",
        "Amount of the month; deductions above 0, or all below 0",
    ),
)

_IDENTITIES = _table(
    "identities",
    "Une ligne par identifiant d'un client dans un système.",
    "One row per identifier of a customer in a system.",
    _column("source_system", STRING, "Système d'origine", "Source system", key=True),
    _column(
        "source_id", STRING, "Identifiant dans ce système", "Identifier in that system", key=True
    ),
    _column("customer_id", STRING, "Client, le même partout", "Customer, the same everywhere"),
)

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            _CONTACTS,
            _ORDERS,
            _ORDER_LINES,
            _RETURNS,
            _CHARGEBACKS,
            _PROMOTIONS,
            _PRODUCTS,
            _STORES,
            _SESSIONS,
            _TOUCHPOINTS,
            _CAMPAIGNS,
            _CAMPAIGN_MEMBERS,
            _MARKETING_SPEND,
            _RESPONSES,
            _STOCK,
            _PURCHASE_ORDERS,
            _SHIPMENTS,
            _LABOUR,
            _SURVEYS,
            _CATEGORY_SPEND,
            _FIXED_COSTS,
            _LEDGER,
            _IDENTITIES,
        )
    }
)


@dataclass(frozen=True)
class Finding:
    """Something found in the data: read, repaired, dropped, suspicious or wrong.

    Attributes
    ----------
    code
        Stable id; one of `marketing_kpi.data.findings.TEMPLATES`.
    level
        info, repaired, dropped, suspicious or error, from the least to the most serious.
    table
        Canonical table (or the file, before a table is known).
    column
        Column concerned; None when it is the row or the table.
    count
        Rows (or values) concerned.
    total
        Rows looked at; None when that has no meaning.
    examples
        At most five rows, with values as they were read.
    details
        What the sentence of the code needs beside the rest.
    """

    code: str
    level: Level
    table: str
    column: str | None = None
    count: int = 0
    total: int | None = None
    examples: tuple[Mapping[str, JSON], ...] = ()
    details: Mapping[str, JSON] = field(default_factory=lambda: MappingProxyType({}))

    def text(self, lang: str | Reader) -> str:
        """Return the finding as a sentence in the reader's language and locale."""
        return sentence(
            self.code,
            lang=lang,
            table=self.table,
            column=self.column,
            count=self.count,
            total=self.total,
            details=self.details,
        )


def shown(rows: Iterable[Mapping[str, object]]) -> tuple[dict[str, JSON], ...]:
    """Return rows as findings show them: decimals and dates as text.

    >>> import datetime
    >>> shown([{"order_id": "A1", "ordered_at": datetime.date(2025, 1, 2)}])
    ({'order_id': 'A1', 'ordered_at': '2025-01-02'},)
    """
    return tuple({name: _plain(value) for name, value in row.items()} for row in rows)


def _plain(value: object) -> JSON:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


@dataclass(frozen=True, repr=False, eq=False)
class Data:
    """Opened data: canonical tables on one engine, and what was found while reading them.

    Attributes
    ----------
    connection
        Ibis backend that holds the tables.
    tables
        The tables present, by canonical name: canonical columns with their canonical types
        first, then the source's extra columns.
    findings
        What reading dropped, repaired or noticed.
    from_pandas
        Whether every table came as a pandas DataFrame (results then come back as pandas).
    source
        Where the data come from, printable, without any secret.
    on_close
        What `close` calls, in order; a connection that the caller owns is not among it.
    """

    connection: BaseBackend
    tables: Mapping[str, ibis.Table]
    findings: tuple[Finding, ...] = ()
    from_pandas: bool = False
    source: str = ""
    on_close: tuple[Callable[[], object], ...] = ()
    _kept: list[ReferenceType[ops.Relation]] = field(default_factory=list)

    def has(self, table: str, *columns: str) -> bool:
        """Return whether these data have `table` and, of it, all of `columns`."""
        return table in self.tables and set(columns) <= set(self.tables[table].columns)

    def table(self, name: str) -> ibis.Table:
        """Return the table called `name`.

        Raises
        ------
        MissingDataError
            The table is part of the model, but not of these data.
        DataError
            No table has that name; the message suggests the closest one.
        """
        if name in self.tables:
            return self.tables[name]
        if name in TABLES:
            raise MissingDataError(
                f"table '{name}' is not in these data",
                hint=f"these data have: {', '.join(self.tables) or 'no table'}",
            )
        message, hint = unknown("table", name, {*TABLES, *self.tables})
        raise DataError(message, hint=hint)

    def filled(self, *columns: str) -> Data:
        """Return these data with the columns that their tables lack, as nulls.

        What reads them then finds nothing known, where it would be refused for want of a column.

        Parameters
        ----------
        columns
            Columns of the model, as ``table.column``, of tables that the data have.

        Examples
        --------
        >>> import pandas as pd
        >>> from marketing_kpi.data.sources import open_data
        >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-12-01"])})
        >>> data = open_data({"orders": orders}).filled("orders.customer_id", "orders.amount")
        >>> data.orders.customer_id.notnull().sum().execute()
        0
        """
        import ibis

        tables = dict(self.tables)
        for name, column in (place.split(".") for place in columns):
            if column not in self.table(name).columns:
                unknown_value = ibis.null(TABLES[name].column(column).type)
                tables[name] = tables[name].mutate(**{column: unknown_value})
        return replace(self, tables=tables)

    def __getattr__(self, name: str) -> ibis.Table:
        # Only reached when the attribute does not exist; a copy in the making has no tables yet.
        if name in TABLES or name in self.__dict__.get("tables", ()):
            return self.table(name)
        message, _hint = unknown("table", name, TABLES)
        raise AttributeError(message)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.tables})

    def __repr__(self) -> str:
        listed = "".join(
            f"\n  {name}: {', '.join(table.columns)}" for name, table in self.tables.items()
        )
        return f"Data from {self.source or 'tables in hand'}{listed}"

    def keep(self, table: Kept) -> Kept:
        """Return a table of the engine computed once, and kept there for as long as it is used.

        Where the engine lets us make no temporary table, it is computed at each use.

        Parameters
        ----------
        table
            What a query on these data gives; `close` releases it too. A pandas frame, which is
            computed already, is returned as it is.

        Examples
        --------
        >>> import pandas as pd
        >>> from marketing_kpi.data.sources import open_data
        >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-12-01"])})
        >>> with open_data({"orders": orders}) as data:
        ...     data.keep(data.orders.select("order_id")).to_pyarrow().to_pylist()
        [{'order_id': '1'}]
        """
        import pandas as pd

        if isinstance(table, pd.DataFrame):
            return table
        found = kept(table)
        if found is not table:
            self._kept.append(ref(found.op()))
        return found

    def close(self) -> None:
        """Release what opening these data took; they cannot be read afterwards."""
        from ibis.expr.types import CachedTable

        for reference in self._kept:
            if (found := reference()) is not None:  # before the connection that drops it is closed
                CachedTable(found).release()
        self._kept.clear()
        with ExitStack() as stack:  # the others are released when one cannot be
            for release in reversed(self.on_close):
                stack.callback(release)

    def __enter__(self) -> Data:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
