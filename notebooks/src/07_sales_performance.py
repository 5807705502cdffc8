# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["lang-fr"]
# # Qu'est‑ce qui a fait bouger les ventes, et où perd‑on les visiteurs ?
#
# « Les ventes montent » ne dit pas quoi faire. Viennent‑elles de plus de commandes, de paniers plus remplis ou de prix plus élevés ? De quel canal, de quels produits ? Et de tous ceux qui viennent sur le site sans acheter, où les perd‑on ? Cette page répond dans cet ordre.

# %% [markdown] tags=["lang-en"]
# # What moved sales, and where are visitors lost?
#
# "Sales are up" does not say what to do. Do they come from more orders, fuller baskets or higher prices? From which channel, which products? And of all those who come to the site without buying, where are they lost? This page answers in that order.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez écrire les ventes comme un produit de facteurs et dire ce que chacun a apporté, au cent près ; comparer un mois à sa saison ; lire un entonnoir sans accuser la première étape ; distinguer conversion par session et par visiteur ; et dire si un appareil ou un canal perd vraiment plus de monde que les autres.
#
# Voici les réglages de la page.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can write sales as a product of factors and say what each one brought, to the cent; compare a month with its season; read a funnel without blaming the first step; tell conversion by session from conversion by visitor; and say whether a device or a channel really loses more people than the others.
#
# Here are the settings of the page.

# %% tags=["parameters"]
lang = "fr"
locale = None
currency = "CAD"
client = "Boréal"
source = "demo"
mapping = None
as_of = "2026-01-01"
period = "12 months"
compare = "previous_year"

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data.

# %%
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import plots, sales

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## L'arbre des ventes, à la main
#
# Une boutique en ligne, deux mois. Des visiteurs viennent, certains commandent, une commande contient des unités, chacune a un prix.

# %% [markdown] tags=["lang-en", "lesson"]
# ## The tree of sales, by hand
#
# An online shop, two months. Visitors come, some order, an order holds units, each has a price.

# %% tags=["lesson"]
months = pd.DataFrame({"visitors": [1000, 1250], "orders": [40, 60], "units": [100, 126]})
months["net_sales"] = [2000.0, 2772.0]
months.index = ["before", "after"]
months

# %% [markdown] tags=["lang-fr", "lesson"]
# Chaque total divisé par le précédent donne un facteur ; leur produit redonne les ventes, toujours et exactement :
#
# $$\text{ventes} = \text{visiteurs} \times \underbrace{\frac{\text{commandes}}{\text{visiteurs}}}_{\text{conversion}} \times \underbrace{\frac{\text{unités}}{\text{commandes}} \times \frac{\text{ventes}}{\text{unités}}}_{\text{panier}}$$

# %% [markdown] tags=["lang-en", "lesson"]
# Each total divided by the one before it gives a factor; their product gives sales back, always and exactly:
#
# $$\text{sales} = \text{visitors} \times \underbrace{\frac{\text{orders}}{\text{visitors}}}_{\text{conversion}} \times \underbrace{\frac{\text{units}}{\text{orders}} \times \frac{\text{sales}}{\text{units}}}_{\text{basket}}$$

# %% tags=["lesson"]
factors = pd.DataFrame({"visitors": months.visitors})
factors["conversion"] = months.orders / months.visitors
factors["units_per_order"] = months.units / months.orders
factors["price"] = months.net_sales / months.units
assert (abs(factors.prod(axis=1) - months.net_sales) < 1e-9).all()
factors

# %% [markdown] tags=["lang-fr", "lesson"]
# Les ventes ont monté. De combien grâce aux visiteurs ? On est tenté de changer un facteur à la fois. Faites-le deux fois : les visiteurs en premier, puis en dernier.

# %% [markdown] tags=["lang-en", "lesson"]
# Sales rose. By how much thanks to the visitors? One is tempted to change one factor at a time. Do it twice: visitors first, then last.

# %% tags=["lesson"]
before, after = factors.loc["before"], factors.loc["after"]
rise = after.visitors - before.visitors
first = rise * before.drop("visitors").prod()
last = rise * after.drop("visitors").prod()
float(round(first, 2)), float(round(last, 2))

# %% [markdown] tags=["lang-fr", "lesson"]
# La réponse dépend de l'ordre choisi : qui présente les chiffres choisirait donc le coupable. La **moyenne logarithmique** $L$ des deux ventes donne une part qui ne dépend d'aucun ordre et qui ne laisse aucun reste :
#
# $$\text{effet d'un facteur } f = L \cdot \ln\frac{f_1}{f_0} \qquad L = \frac{V_1 - V_0}{\ln(V_1 / V_0)}$$
#
# Les logarithmes des facteurs s'additionnent, leurs effets aussi.

# %% [markdown] tags=["lang-en", "lesson"]
# The answer depends on the order chosen: whoever presents the figures would thus choose the culprit. The **logarithmic mean** $L$ of both sales gives a share that depends on no order and leaves no remainder:
#
# $$\text{effect of a factor } f = L \cdot \ln\frac{f_1}{f_0} \qquad L = \frac{V_1 - V_0}{\ln(V_1 / V_0)}$$
#
# The logarithms of the factors add up, and so do their effects.

# %% tags=["lesson"]
import numpy as np

v0, v1 = months.net_sales
by_hand = (v1 - v0) / np.log(v1 / v0) * np.log(after / before)
assert abs(by_hand.sum() - (v1 - v0)) < 1e-9
by_hand.map(reader.money)

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque fait de même et arrondit au cent, de sorte que la somme reste juste. Une baisse des unités par commande se lit en négatif : c'est le seul facteur qui a coûté.

# %% [markdown] tags=["lang-en", "lesson"]
# The package does the same and rounds to the cent, so that the sum stays right. A fall in units per order reads as a negative: it is the only factor that cost money.

# %% tags=["lesson"]
effects = sales.effects(before.to_dict(), after.to_dict())
assert round(sum(effects.values()), 2) == v1 - v0
assert all(abs(effects[name] - by_hand[name]) < 0.01 for name in effects)

# %% [markdown] tags=["lang-fr"]
# ## Qu'est-ce qui a fait bouger les ventes ?
#
# Toutes les ventes, nettes de remises, avant retours, hors livraison facturée et hors commandes annulées : commandes × unités par commande × prix par unité. Un avoir saisi comme une commande réduit les ventes, sans être une commande.

# %% [markdown] tags=["lang-en"]
# ## What moved sales?
#
# All sales, after discounts, before returns, without shipping charged or cancelled orders: orders × units per order × price per unit. A credit entered as an order lowers sales and is no order.

# %%
missing = sales.lacking_sales(data)
tree = None if missing else sales.shop_tree(data, periods=dates)
span = {"start": dates.start, "end": dates.end}
about = {"periods": dates, "gap": sales.longest_gap(data, periods=dates), "lang": reader}
said = None if missing else plots.sentences.sales.answer(tree, **about)
plots.lacking(missing, lang=reader) if missing else said

# %% [markdown] tags=["lang-fr"]
# Chaque barre part d'où la précédente s'arrête. Le trait fin, là où il y en a un, est l'intervalle à 95 % : s'il passe par le début de sa barre, on ne peut pas dire que ce facteur a bougé. Il compte deux hasards : qui achète et, si la période est assez longue pour le montrer, ce qui déplace un mois entier (la météo, un concurrent). L'intervalle est celui d'un facteur pris seul, le même que dans la vue d'ensemble. La phrase demande un peu plus encore, car elle regarde plusieurs facteurs à la fois : elle peut laisser en suspens un facteur dont la vue d'ensemble dit qu'il a bougé.

# %% [markdown] tags=["lang-en"]
# Each bar starts where the one before ends. The thin line, where there is one, is the 95% interval: if it crosses the start of its bar, one cannot say that this factor moved. It holds two kinds of chance: who buys and, where the period is long enough to show it, what moves a whole month (weather, a rival). The interval is of one factor by itself, the same as on the overview. The sentence asks for a little more still, since it looks at several factors at once: it may leave undecided a factor of which the overview says that it moved.

# %%
compared = not missing and tree.obstacle is None
ax = plots.tree_effects(tree, lang=reader) if compared else None

# %% [markdown] tags=["lang-fr"]
# En nombres, avec l'intervalle de chaque variation là où il est connu :

# %% [markdown] tags=["lang-en"]
# In numbers, with the interval of each change where it is known:

# %%
plots.tree_table(tree, lang=reader) if not missing else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Plus de commandes appelle à chercher quel canal les a amenées ; un panier qui maigrit, à revoir ce que l'on propose ensemble ; un prix qui monte, à savoir si ce sont les étiquettes, les remises ou les produits vendus. Vérifiez que ces facteurs sont bien les KPI du dictionnaire.

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** More orders call for finding which channel brought them; a thinner basket, for a look at what is offered together; a higher price, for knowing whether labels, discounts or the products sold did it. Check that these factors are the KPIs of the dictionary.

# %% tags=["lesson"]
year = mk.periods(as_of="2026-01-01")
demo = mk.demo()
shop = sales.shop_tree(demo, periods=year).factors.set_index("factor")
known = mk.compute(list(shop.index), demo, start=year.start, end=year.end).to_pandas()
assert (abs(known.iloc[0].astype(float) / shop.after - 1) < 1e-9).all()

# %% [markdown] tags=["lang-fr"]
# ### Derrière le prix : étiquettes, remises, assortiment
#
# Le prix moyen d'une unité bouge pour trois raisons qui n'appellent pas la même décision. On compare les prix produit par produit, sur ceux qui se sont vendus dans les deux périodes ; le reste vient des produits eux-mêmes, ou de lignes dont le produit est inconnu.

# %% [markdown] tags=["lang-en"]
# ### Behind the price: labels, discounts, assortment
#
# The average price of a unit moves for three reasons that call for different decisions. Prices are compared product by product, on those sold in both periods; the rest comes from the products themselves, or from lines whose product is unknown.

# %%
no_prices = sales.lacking_prices(data)
prices = sales.price_parts(data, periods=dates) if compared and not no_prices else None
plots.sentences.sales.prices(prices, lang=reader, lacks=no_prices) if compared else None

# %% [markdown] tags=["lang-fr"]
# Leurs effets font, au cent près, celui du prix par unité. Un avoir (une commande de montant négatif) abaisse le prix par unité sans changer aucun prix : s'il y en a, c'est une part de plus.

# %% [markdown] tags=["lang-en"]
# Their effects make, to the cent, that of the price per unit. A credit (an order of a negative amount) lowers the price per unit and changes no price: where there are any, they are one more part.

# %%
plots.price_table(prices, lang=reader) if prices and prices.products else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Une hausse de prix, jugée.** Les données de démonstration sont simulées : on y connaît la hausse des étiquettes entre les deux années. L'indice la retrouve, à l'arrondi des prix en ,99 près ; le prix moyen d'une unité, lui, bouge davantage, car il mêle remises et produits.

# %% [markdown] tags=["lang-en", "lesson"]
# **A price rise, judged.** The demo data are simulated: the rise of the labels between the two years is known there. The index finds it, but for prices rounded to end in .99; the average price of a unit moves more, for it mixes in discounts and products.

# %% tags=["lesson"]
index = mk.truth()["prices"]["list_price_index"]
parts = sales.price_parts(demo, periods=year).parts.set_index("part").change
found = {"truth": index[2] / index[1] - 1, "index": parts.list_price}
found["average_price"] = shop.change.average_selling_price
{name: reader.change(value, decimals=2) for name, value in found.items()}

# %% [markdown] tags=["lang-fr", "lesson"]
# A‑t‑elle coûté des ventes ? Presque tous les prix ont monté ensemble : trop peu de produits restent pour servir de témoins, et les données ne peuvent pas le dire. Elles disent au moins ce qu'elle pouvait coûter sans perte : avec un taux de marque $m$ et une hausse $h$, on peut perdre au plus $h / (m + h)$ des unités.

# %% [markdown] tags=["lang-en", "lesson"]
# Did it cost sales? Nearly all prices rose together: too few products are left to serve as controls, and the data cannot tell. They say at least what it could cost without a loss: with a gross margin rate $m$ and a rise $h$, one may lose at most $h / (m + h)$ of the units.

# %% tags=["lesson"]
margin = mk.compute("gross_margin_rate", demo, start="2024-01-01", end="2025-01-01")
m, h = margin.to_pandas().gross_margin_rate[0], parts.list_price
reader.percent(h / (m + h))

# %% [markdown] tags=["lang-fr"]
# ## Où : canaux et produits
#
# ### Par canal
#
# Les variations des canaux s'additionnent : leur somme est celle de toute la boutique.

# %% [markdown] tags=["lang-en"]
# ## Where: channels and products
#
# ### By channel
#
# The changes of the channels add up: their sum is that of the whole shop.

# %%
no_channel = [] if missing else sales.lacking_sales(data, by=["channel"])
told = compared and not no_channel
channels = sales.branches(data, by="channel", periods=dates) if told else pd.DataFrame()
plots.sentences.sales.branches(channels, whole=tree, lang=reader, lacks=no_channel)

# %% [markdown] tags=["lang-fr"]
# Ce qui a bougé dans chaque canal :

# %% [markdown] tags=["lang-en"]
# What moved in each channel:

# %%
ax = plots.branch_changes(channels, lang=reader) if told else None
plots.branch_table(channels, lang=reader) if told else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège des colonnes.** Additionnez les effets « commandes » des canaux, et vous n'obtenez pas celui de la boutique. L'écart est le **mélange** : quand les ventes passent d'un canal à petits paniers vers un canal à gros paniers, aucun canal ne change et le panier de la boutique monte.

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of the columns.** Add up the "orders" effects of the channels and you do not get that of the shop. The gap is the **mix**: when sales move from a channel of small baskets to one of large baskets, no channel changes and the shop's basket rises.

# %% tags=["lesson"]
by_channel = sales.branches(demo, by="channel", periods=year)
assert round(by_channel.change.sum(), 2) == round(shop.effect.sum(), 2)
[reader.money(value) for value in (by_channel.orders_effect.sum(), shop.effect.orders)]

# %% [markdown] tags=["lang-fr"]
# ### Par produit
#
# Sur une longue liste, le premier l'est en partie par hasard : la phrase nomme ceux dont l'intervalle entier est d'un côté.

# %% [markdown] tags=["lang-en"]
# ### By product
#
# On a long list the first is there partly by chance: the sentence names those whose whole interval lies on one side.

# %%
product = "name" if data.has("products", "name") else "product_id"
no_product = [] if missing else sales.lacking_sales(data, by=[product])
listed = compared and not no_product
products = sales.branches(data, by=product, periods=dates) if listed else pd.DataFrame()
ax = plots.branch_changes(products, lang=reader) if listed else None
plots.sentences.sales.branches(products, whole=tree, lang=reader, lacks=no_product)

# %% [markdown] tags=["lang-fr"]
# En nombres, avec l'intervalle de chacun :

# %% [markdown] tags=["lang-en"]
# In numbers, with the interval of each:

# %%
plots.branch_table(products, lang=reader) if listed else None

# %% [markdown] tags=["lang-fr"]
# ### L'assortiment
#
# Ce qu'ont apporté les produits nouveaux, ce qu'ont emporté ceux que l'on ne vend plus, et comment vont les autres :

# %% [markdown] tags=["lang-en"]
# ### The assortment
#
# What new products brought, what those no longer sold took with them, and how the others fare:

# %%
no_category = [] if missing else sales.lacking_prices(data, by=["category", "product_id"])
assortment = sales.assortment(data, periods=dates) if compared and not no_category else None
plots.sentences.sales.assortment(assortment, lang=reader, lacks=no_category)

# %% [markdown] tags=["lang-fr"]
# Par catégorie :

# %% [markdown] tags=["lang-en"]
# By category:

# %%
None if assortment is None else plots.assortment_table(assortment, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Vérité.** Le catalogue simulé dit quels produits sont entrés et sortis. Les ventes les retrouvent‑elles tous ? Un produit nouveau n'est pourtant pas un gain net : une partie de ses acheteurs aurait pris autre chose (leçon 08).

# %% [markdown] tags=["lang-en", "lesson"]
# **Truth.** The simulated catalogue says which products came in and went out. Do the sales find them all? Yet a new product is no net gain: some of its buyers would have taken something else (lesson 08).

# %% tags=["lesson"]
catalogue = mk.truth()["prices"]
items = sales.branches(demo, by="product_id", periods=year).set_index("product_id").status
for status, name in {"new": "introduced", "gone": "dropped"}.items():
    asked = {id for id, start in catalogue[name].items() if start == 2025}
    assert set(items[items == status].index) == asked

# %% [markdown] tags=["lang-fr"]
# ## La tendance, hors saison
#
# Un commerce a ses saisons : comparer janvier à décembre ne dit rien. Chaque mois est comparé au même mois de l'année précédente.

# %% [markdown] tags=["lang-en"]
# ## The trend, against the season
#
# A shop has its seasons: comparing January with December says nothing. Each month is compared with the same month a year earlier.

# %%
season = None if missing else sales.season(data, end=dates.end)
ax = None if missing else plots.season_lines(season, lang=reader)
None if missing else plots.sentences.sales.season(season, lang=reader)

# %% [markdown] tags=["lang-fr"]
# La variation de chaque mois sur le même mois un an plus tôt, avec ce que le hasard seul peut y faire :

# %% [markdown] tags=["lang-en"]
# The change of each month on the same month a year earlier, with what chance alone can do to it:

# %%
ax = None if missing else plots.year_on_year(season, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège du mois précédent.** Voici janvier, lu des deux façons. L'indice de saison dit ce que pèse un tel mois, en part d'un mois moyen ; il s'apprend sur deux années entières au moins.

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of the month before.** Here is January, read both ways. The seasonal index says what such a month weighs, as a share of an average month; it takes two whole years at least to learn it.

# %% tags=["lesson"]
followed = sales.season(demo, end="2026-01-01").months.set_index("period")
january = followed.loc["2025-01-01", ["on_month", "change", "low", "high", "season"]]
january.map(reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# La saison simulée est connue aussi : celle des passants et des premiers achats. Les clients fidèles ne la suivent qu'en partie : l'indice des commandes doit donc monter et descendre avec elle, en plus plat. Le Vendredi fou, simulé à part, rend novembre plus fort.

# %% [markdown] tags=["lang-en", "lesson"]
# The simulated season is known too: that of passers-by and of first purchases. Loyal customers follow it only in part: the index of orders must rise and fall with it, but flatter. Black Friday, simulated apart, makes November stronger.

# %% tags=["lesson"]
curve = pd.Series(mk.truth()["calendar"]["months"], index=range(1, 13), name="truth")
orders = sales.season(demo, end="2026-01-01", measure="orders").months
index = orders.season[-12:].set_axis(range(1, 13))
assert curve.corr(index) > 0.8
pd.concat([curve, index], axis=1).round(2).T

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Des visites, à la main
#
# Neuf sessions de quatre visiteurs : pages vues, panier (`cart`), passage en caisse (`checkout`), commande.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Visits, by hand
#
# Nine sessions of four visitors: pages viewed, a cart, the checkout, an order.

# %% tags=["lesson"]
visits = pd.DataFrame({"visitor_id": list("aaaabbccd")})
visits["page_views"] = [1, 4, 1, 9, 1, 8, 2, 7, 1]
visits["cart"] = [False, True, False, True, False, True, False, True, False]
visits["checkout"] = [False, False, False, True, False, True, False, True, False]
visits["order_id"] = [None, None, None, "1", None, "2", None, None, None]
visits

# %% [markdown] tags=["lang-fr", "lesson"]
# Une **session** est une visite, un **visiteur** en fait plusieurs. Le taux de conversion divise donc par l'une ou par l'autre, et ce sont deux nombres :

# %% [markdown] tags=["lang-en", "lesson"]
# A **session** is a visit, a **visitor** makes several. So the conversion rate divides by one or by the other, and these are two numbers:

# %% tags=["lesson"]
ordered = visits.order_id.notna()
by_session = ordered.mean()
by_visitor = ordered.groupby(visits.visitor_id).any().mean()
bounce = (visits.page_views == 1).mean()
[reader.percent(value) for value in (by_session, by_visitor, bounce)]

# %% [markdown] tags=["lang-fr", "lesson"]
# Confiez les mêmes sessions à la bibliothèque :

# %% [markdown] tags=["lang-en", "lesson"]
# Hand the same sessions to the package:

# %% tags=["lesson"]
day = pd.Timestamp("2025-03-03")
visits["session_id"], visits["started_at"] = visits.index.astype(str), day
placed = pd.DataFrame({"order_id": ["1", "2"], "ordered_at": day})
small = mk.open_data({"orders": placed, "sessions": visits})
quality = sales.traffic(sales.visits(small, start="2025-03-01", end="2025-04-01")).iloc[0]
assert abs(quality.conversion_rate - by_session) < 1e-12
assert abs(quality.visitor_conversion - by_visitor) < 1e-12

# %% [markdown] tags=["lang-fr"]
# ## Le trafic et la qualité des visites
#
# Combien sont venus, et que valent leurs visites ? Le chiffre d'affaires par visiteur divise les commandes passées dans des sessions, celles du magasin exclues, par les visiteurs distincts, qu'ils achètent ou non. Les sessions d'un même visiteur se ressemblent : l'intervalle prend donc le visiteur pour unité.

# %% [markdown] tags=["lang-en"]
# ## Traffic and the quality of visits
#
# How many came, and what are their visits worth? Revenue per visitor divides the orders placed in sessions, those of the store left out, by the distinct visitors, whether they buy or not. The sessions of one visitor resemble each other, so the interval takes the visitor as its unit.

# %%
no_visits = sales.lacking_visits(data)
visited = None if no_visits else sales.visits(data, **span)
whole = pd.DataFrame() if no_visits else sales.traffic(visited)
shown = plots.traffic_table(whole, lang=reader)
plots.lacking(no_visits, lang=reader) if no_visits else shown

# %% [markdown] tags=["lang-fr"]
# L'arbre des ventes du site, visiteurs compris :

# %% [markdown] tags=["lang-en"]
# The tree of the site's sales, visitors included:

# %%
no_site = sales.lacking_visits(data, ["visitor_id", "ordered", "net_sales"])
site = None if no_site else sales.site_tree(data, periods=dates)
about = {"sessions": int(whole.sessions.sum()), "lang": reader} if len(whole) else {}
plots.sentences.sales.visits(site, **about, lacks=no_site) if about else None

# %% [markdown] tags=["lang-fr"]
# ### Par canal marketing et par appareil
#
# Un visiteur venu par deux canaux compte dans chacun : leurs visiteurs ne s'additionnent pas.

# %% [markdown] tags=["lang-en"]
# ### By marketing channel and by device
#
# A visitor who came through two channels counts in each: their visitors do not add up.

# %%
kept = () if no_visits else visited.dimensions
channel = "marketing_channel" if "marketing_channel" in kept else ()
sources = pd.DataFrame() if no_visits else sales.traffic(visited, by=channel)
plots.traffic_table(sources, lang=reader) if channel else None

# %% [markdown] tags=["lang-fr"]
# Par appareil :

# %% [markdown] tags=["lang-en"]
# By device:

# %%
device = "device" if "device" in kept else ()
devices = pd.DataFrame() if no_visits else sales.traffic(visited, by=device)
plots.traffic_table(devices, lang=reader) if device else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Pourquoi le visiteur.** Compter chaque session comme une personne donne des intervalles trop étroits. Voici de combien, pour la conversion de chaque appareil : la largeur naïve, en part de la bonne.

# %% [markdown] tags=["lang-en", "lesson"]
# **Why the visitor.** To count each session as a person gives intervals that are too narrow. Here is by how much, for the conversion of each device: the naive width, as a share of the right one.

# %% tags=["lesson"]
opened = sales.visits(demo, start="2025-01-01", end="2026-01-01")
one = sales.traffic(opened, by="device").set_index("device")
p, width = one.conversion_rate, one.conversion_rate_high - one.conversion_rate_low
(2 * 1.96 * (p * (1 - p) / one.sessions) ** 0.5 / width).round(2)

# %% [markdown] tags=["lang-fr"]
# ## L'entonnoir
#
# De la visite au panier, du panier à la caisse, de la caisse à la commande : on divise chaque étape par la précédente, et la conversion est le produit de ces taux. Qui achète d'un clic, sans panier, n'y passe pas et se compte à part ; l'abandon de panier est la part des paniers sans commande valide.

# %% [markdown] tags=["lang-en"]
# ## The funnel
#
# From the visit to the cart, from the cart to the checkout, from the checkout to the order: each step divides by the one before, and conversion is their product. Who buys in one click, without a cart, does not go through it and is counted apart; cart abandonment is the share of carts without a valid order.

# %%
no_funnel = sales.lacking_visits(data, ["cart", "checkout", "ordered"])
steps = pd.DataFrame() if no_funnel else sales.funnel(visited)
None if no_visits else plots.sentences.sales.funnel(steps, lang=reader, lacks=no_funnel)

# %% [markdown] tags=["lang-fr"]
# En nombres et en image :

# %% [markdown] tags=["lang-en"]
# In numbers and in a picture:

# %%
ax = None if no_funnel else plots.funnel_bars(steps, lang=reader)
None if no_funnel else plots.funnel_table(steps, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **L'étape qui perd le plus n'est pas l'étape à réparer.** La conversion est le produit des passages : un dixième de mieux à n'importe laquelle fait un dixième de commandes en plus. Essayez.

# %% [markdown] tags=["lang-en", "lesson"]
# **The step that loses most is not the step to mend.** Conversion is the product of the steps: a tenth better at any of them makes a tenth more orders. Try.

# %% tags=["lesson"]
rates = sales.funnel(opened).set_index("step").rate
better = {step: rates.where(rates.index != step, 1.1 * rates).prod() for step in rates.index}
{step: reader.percent(rate, decimals=3) for step, rate in better.items()}

# %% [markdown] tags=["lang-fr"]
# ## Deux taux de conversion
#
# Par session ou par visiteur : les deux sont justes, et ne se comparent jamais l'un à l'autre.

# %% [markdown] tags=["lang-en"]
# ## Two conversion rates
#
# By session or by visitor: both are right, and never to be compared with each other.

# %%
no_orders = sales.lacking_visits(data, ["ordered"])
converted = None if no_orders else sales.conversions(visited)
said = plots.sentences.sales.conversion(converted, lang=reader, lacks=no_orders)
None if no_visits else said

# %% [markdown] tags=["lang-fr"]
# Le taux par session ne dépend pas de la fenêtre ; celui par visiteur monte avec elle, car chacun a plus de visites pour commander. Un taux par visiteur sans sa fenêtre ne veut rien dire.

# %% [markdown] tags=["lang-en"]
# The rate by session does not depend on the window; that by visitor rises with it, for everyone has more visits in which to order. A rate by visitor without its window means nothing.

# %%
ax = None if no_orders else plots.conversion_windows(converted, lang=reader)
None if no_orders else plots.site_conversion_table(converted, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Une étape qui détonne ?
#
# Chaque appareil et chaque canal, à chaque étape, face aux autres sessions, moins celles déjà trouvées à part : une fois le cas le plus net trouvé, il est mis de côté, et les autres sont comparés sans lui. La figure et le tableau nomment ce que ce reste ne contient pas. Chercher partout fait toujours trouver quelque chose : le verdict tient compte du nombre de comparaisons.

# %% [markdown] tags=["lang-en"]
# ## A step out of line?
#
# Each device and channel, at each step, against the other sessions, less those already found apart: once the clearest case is found, it is set aside, and the others are compared without it. The figure and the table name what this rest leaves out. To look everywhere always finds something: the verdict allows for the number of comparisons.

# %%
search = pd.DataFrame() if no_visits else sales.out_of_line(visited)
ax = None if no_visits else plots.step_differences(search, lang=reader)
plots.sentences.sales.steps(search, lang=reader) if len(search) else None

# %% [markdown] tags=["lang-fr"]
# Les plus sûrs, en nombres ; le classeur d'un rapport contient tout :

# %% [markdown] tags=["lang-en"]
# The surest, in numbers; the workbook of a report holds all:

# %%
plots.step_table(search, lang=reader) if len(search) else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Un cas.** L'application est à part : ce sont ses habitués qui l'utilisent. La recherche la met donc de côté, sans quoi elle tirerait vers le haut le « reste » auquel les autres sont comparés. Regardez les seuls appareils du site : combien de comparaisons ressortent au seuil de 5 % prises une par une, et combien après correction ?

# %% [markdown] tags=["lang-en", "lesson"]
# **A case.** The app stands apart: its regulars use it. So the search sets it aside, or it would pull up the "rest" that the others are compared with. Look at the devices of the site alone: how many comparisons come out at the 5% level one by one, and how many after correction?

# %% tags=["lesson"]
site_only = {"device": ["mobile", "desktop", "tablet"]}
again = sales.out_of_line(opened, by="device", filters=site_only)
[int(count) for count in ((again.p < 0.05).sum(), (again.p_adjusted < 0.05).sum())]

# %% [markdown] tags=["lang-fr", "lesson"]
# La correction a raison : dans la simulation, l'appareil d'une session du site est tiré au sort, et ne change rien. Mais sait‑elle trouver une vraie panne ? Cassez vous-même le paiement sur mobile, une fois sur cinq, et cherchez.

# %% [markdown] tags=["lang-en", "lesson"]
# The correction is right: in the simulation the device of a session of the site is drawn at random and changes nothing. But can it find a real fault? Break the payment on mobile yourself, one time in five, and search.

# %% tags=["lesson"]
broken = sales.plant_fault(demo, where={"device": "mobile"}, step="order_rate", lost=0.2)
faulty = sales.visits(broken, start="2025-01-01", end="2026-01-01")
faults = sales.out_of_line(faulty, by="device", filters=site_only)
worst = faults.iloc[0]
assert (worst.value, worst.step, worst.verdict) == ("mobile", "order_rate", "lower")
plots.sentences.sales.steps(faults, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Combien de commandes avons‑nous vraiment fait disparaître ? L'intervalle doit contenir ce nombre.

# %% [markdown] tags=["lang-en", "lesson"]
# How many orders did we really make disappear? The interval must hold that number.

# %% tags=["lesson"]
lost = sales.conversions(opened).orders - sales.conversions(faulty).orders
assert worst.orders_low <= lost <= worst.orders_high
lost, reader.integer(worst.orders)

# %% [markdown] tags=["lang-fr"]
# ## Méthode et limites
#
# - Les effets des facteurs sont une comptabilité : ils disent **quoi** a bougé, non **pourquoi**. Une campagne, un concurrent ou la météo se jugent avec un groupe de contrôle.
# - Les intervalles disent ce que fait le hasard de qui vient et de qui achète. Pour toutes les ventes et pour les visites, ils comptent aussi ce qui déplace un mois entier ; par canal, par produit et par mois, la barre n'en tient pas compte. Ils ne couvrent ni un changement de mesure, ni un jour férié déplacé, ni un samedi de plus dans le mois.
# - Les visites ne valent que pour les jours où elles sont enregistrées ; hors de ces jours, rien n'est comparé.
# - L'inconnu n'est pas un non : une session dont on ignore les pages, ou le panier, n'est d'aucun côté du taux.
# - Un visiteur est un témoin de connexion, non une personne : qui efface ses témoins ou change d'appareil compte deux fois.
# - Un canal ou un appareil qui convertit moins attire peut-être d'autres gens : l'écart n'est pas l'effet d'une page.

# %% [markdown] tags=["lang-en"]
# ## Method and limits
#
# - The effects of factors are book-keeping: they say **what** moved, not **why**. A campaign, a competitor or the weather are judged with a control group.
# - The intervals say what the chance of who comes and who buys can do. For all sales and for visits they also hold what moves a whole month; by channel, by product and by month, the bar does not. They cover neither a change of measurement, nor a holiday that moved, nor one Saturday more in the month.
# - Visits hold only for the days on which they are recorded; outside of these, nothing is compared.
# - The unknown is no "no": a session of which the pages, or the cart, are unknown is on neither side of the rate.
# - A visitor is a cookie, not a person: whoever deletes cookies or changes device counts twice.
# - A channel or a device that converts less may draw other people: the gap is not the effect of a page.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Un facteur à la fois.** L'effet dépend de l'ordre : le premier servi n'a pas la même part que le dernier.
# - **Accuser la première étape.** Presque toutes les boutiques perdent neuf visites sur dix avant le panier.
# - **Comparer deux outils.** L'un compte par session, l'autre par visiteur, l'un garde les commandes annulées ; pour GA4, une page lue plus de dix secondes n'est pas un rebond, ici c'en est un. L'écart ne vient pas du site.
# - **Additionner des visiteurs, ou des acheteurs,** de mois ou de canaux : les mêmes y comptent plusieurs fois.
# - **Le mois précédent.** Janvier est sous décembre tous les ans : c'est la saison, non une panne.
# - **Le prix moyen n'est pas un prix.** Vendre plus de manteaux le fait monter sans qu'aucune étiquette ne change.
# - **Le pire de vingt.** Sur vingt comparaisons sans aucun écart, une ressort au seuil de 5 % : corrigez, puis allez voir l'étape de vos yeux.
# - **Des sessions prises pour des personnes** font des intervalles trop étroits.
# - **L'inconnu pris pour zéro.** Une année sans mesure n'est pas une année sans visiteurs.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **One factor at a time.** The effect depends on the order: the first one served does not get the share of the last.
# - **Blaming the first step.** Nearly every shop loses nine visits in ten before the cart.
# - **Comparing two tools.** One counts by session, the other by visitor, one keeps cancelled orders; for GA4 a page read for more than ten seconds is no bounce, here it is one. The gap does not come from the site.
# - **Adding up visitors, or buyers,** of months or channels: the same people count several times.
# - **The month before.** January is below December every year: that is the season, not a breakdown.
# - **The average price is no price.** Selling more coats raises it without a single label changing.
# - **The worst of twenty.** Of twenty comparisons without any difference, one comes out at the 5% level: correct, then go and see the step with your own eyes.
# - **Sessions taken for people** make intervals that are too narrow.
# - **The unknown taken for zero.** A year without measurement is not a year without visitors.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Écrire les ventes comme un produit de facteurs, et partager leur variation sans reste.
# - Séparer étiquettes, remises et assortiment dans un prix moyen.
# - Lire un mois contre sa saison, avec ce que le hasard y fait.
# - Lire un entonnoir et deux taux de conversion sans les confondre.
# - Chercher une étape qui détonne en corrigeant pour tout ce que l'on a regardé.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Write sales as a product of factors, and share out their change without a remainder.
# - Part labels, discounts and assortment in an average price.
# - Read a month against its season, with what chance does to it.
# - Read a funnel and two conversion rates without mixing them up.
# - Search for a step out of line while correcting for all that you looked at.

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Exercices
#
# Changez `seed` pour votre propre numéro : vos données et vos réponses seront à vous seul. Chaque exercice se montre avec ses données (`q1.data`) ; `check` dit si la réponse est juste et, sinon, quelle sorte d'erreur y mène. `q1.hint()` donne un indice à chaque appel, `q1.solution()` le raisonnement.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Exercises
#
# Change `seed` to a number of your own: your data and your answers will be yours alone. Each exercise shows itself with its data (`q1.data`); `check` says whether the answer is right and, if not, what kind of mistake leads there. `q1.hint()` gives one more hint at each call, `q1.solution()` the reasoning.

# %% tags=["lesson", "exercise"]
seed = 2026
q1, q2, q3, q4, q5, q6, q7 = mk.exercises("07", lang=reader, seed=seed)

# %% tags=["lesson", "exercise"]
q1

# %% tags=["lesson", "exercise"]
q1.check(...)

# %% tags=["lesson", "exercise"]
q2

# %% tags=["lesson", "exercise"]
q2.check(...)

# %% tags=["lesson", "exercise"]
q3

# %% tags=["lesson", "exercise"]
q3.check(...)

# %% tags=["lesson", "exercise"]
q4

# %% tags=["lesson", "exercise"]
q4.check(...)

# %% tags=["lesson", "exercise"]
q5

# %% tags=["lesson", "exercise"]
q5.check(...)

# %% tags=["lesson", "exercise"]
q6

# %% tags=["lesson", "exercise"]
q6.check(...)

# %% tags=["lesson", "exercise"]
q7

# %% tags=["lesson", "exercise"]
q7.check(...)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Quiz
#
# Chaque réponse a son explication ; celle d'une mauvaise réponse dit quoi relire.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Quiz
#
# Each answer has its explanation; that of a wrong one says what to read again.

# %% tags=["lesson", "exercise"]
mk.quiz("07", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Relancez la page avec `period = "3 months"`, puis avec `compare = "previous_period"`. Quel facteur change de signe, et pourquoi la seconde comparaison trompe‑t‑elle en fin d'année ?
# 2. **Décider.** L'équipe du site a un mois de travail. D'après l'entonnoir et la recherche d'étapes, par où commencer ? Quelle mesure, prise d'avance, vous dirait si cela a servi ?
# 3. **Cas.** La direction veut relever les prix de 3 % « puisque la dernière hausse n'a rien coûté ». Répondez en cinq phrases : ce que les données montrent, ce qu'elles ne peuvent pas montrer, et l'essai que vous proposez.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Run the page again with `period = "3 months"`, then with `compare = "previous_period"`. Which factor changes sign, and why does the second comparison mislead at the end of the year?
# 2. **Decide.** The site's team has a month of work. From the funnel and the search for steps, where to begin? Which measure, taken beforehand, would tell you whether it helped?
# 3. **Case.** Management wants to raise prices by 3% "since the last rise cost nothing". Answer in five sentences: what the data show, what they cannot show, and the trial that you propose.
