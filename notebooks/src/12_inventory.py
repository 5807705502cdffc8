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
# # Combien de stock, où, et pour quel service ?
#
# Le stock est de l'argent posé sur une étagère. Trop, il dort ; trop peu, des clients repartent. Cette page dit ce que l'on a et ce que l'on peut **vendre**, ce que coûtent les **ruptures**, combien de **jours** de ventes le stock représente face à la cible, ce qu'il **rapporte**, et à quel niveau **commander**.

# %% [markdown] tags=["lang-en"]
# # How much stock, where, and for which service?
#
# Stock is money on a shelf. Too much of it sleeps; too little sends customers away. This page says what there is and what can be **sold**, what **stock-outs** cost, how many **days** of sales the stock makes against its target, what it **brings**, and at which level to **order**.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez lire un stock sans l'additionner dans le temps, mesurer ruptures et demande perdue, calculer jours de stock, rotation, écoulement et GMROI, classer des produits par ABC–XYZ, poser un stock de sécurité et un point de commande, et dire quel niveau de service ils achètent **vraiment**.
#
# Voici les réglages de la page.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can read stock without adding it up over time, measure stock-outs and lost demand, compute days of inventory, turnover, sell-through and GMROI, class products by ABC–XYZ, set a safety stock and a reorder point, and say which service level they **really** buy.
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
import numpy as np
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import inventory, plots

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)
span = {"start": dates.start, "end": dates.end}

# %% [markdown] tags=["lang-fr"]
# ## En bref
#
# **Ce qui est là.** Le stock se lit à la clôture du dernier jour enregistré de la période.

# %% [markdown] tags=["lang-en"]
# ## In brief
#
# **What is there.** Stock is read at the close of the last day on record in the period.

# %%
parts = inventory.closing_parts(data, **span)
plots.sentences.inventory.position(parts, lang=reader)

# %% [markdown] tags=["lang-fr"]
# **Ce qui manque.** Un produit est en rupture, un jour et dans un lieu, quand la clôture ne laisse rien à vendre.

# %% [markdown] tags=["lang-en"]
# **What is missing.** A product is out of stock, on a day and in a place, when the close leaves nothing to sell.

# %%
unserved = inventory.lacking_for_lost_demand(data)
lost = None if unserved else inventory.lost_demand(data, **span)
now = inventory.levels(data, **span)
plots.sentences.inventory.stock_outs(now, lost, lang=reader, lacks=unserved)

# %% [markdown] tags=["lang-fr"]
# **Ce qui dort.** Le stock moyen, au coût, face à ce qui se vend par jour, au coût aussi.

# %% [markdown] tags=["lang-en"]
# **What sleeps.** The average stock, at cost, against what is sold a day, at cost too.

# %%
lacks = inventory.lacking_for_cover(data)
earlier = {"start": dates.previous_start, "end": dates.previous_end}
compared = not lacks and dates.previous_start and inventory.is_on_record(data, **earlier)
before = inventory.levels(data, **earlier) if compared else None
products = inventory.cover(data, **span)
plots.sentences.inventory.cover(now, before, products, lang=reader, lacks=lacks)

# %% [markdown] tags=["lang-fr"]
# **Ce que l'on promet.** Le point de commande de chaque produit, dans chaque lieu, pour 95 % de cycles sans rupture : la formule tient‑elle parole ?

# %% [markdown] tags=["lang-en"]
# **What is promised.** The reorder point of each product, in each place, for 95% of cycles without a stock-out: does the formula keep its word?

# %%
blind = inventory.lacking_for_reorder_points(data)
found = None if blind else inventory.reorder_points(data, **span, service_level=0.95)
paces = None if blind else inventory.service_by_pace(found)
plots.sentences.inventory.service(found, paces, lang=reader, lacks=blind)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## À la main, sur quatre jours
#
# Un magasin, deux produits, quatre clôtures. Le savon manque le dernier jour ; une tasse est abîmée.

# %% [markdown] tags=["lang-en", "lesson"]
# ## By hand, over four days
#
# One shop, two products, four closes. The soap is missing on the last day; a cup is damaged.

# %% tags=["lesson"]
days = pd.date_range("2025-03-01", periods=4)
stock = pd.DataFrame({"day": [*days, *days], "product_id": ["soap"] * 4 + ["cup"] * 4})
stock["on_hand"] = [6, 4, 1, 0, 3, 3, 2, 2]
stock["damaged"] = [0, 0, 0, 0, 0, 1, 1, 1]
stock = stock.assign(location_id="S1", reserved=0, received=0, unit_cost=[2] * 4 + [10] * 4)
stock["sellable"] = stock.on_hand - stock.damaged
stock

# %% [markdown] tags=["lang-fr", "lesson"]
# **Additionner le temps n'a pas de sens** : 6 + 4 + 1 savons comptent trois fois les mêmes. Le stock d'une période est celui de sa **dernière clôture**, ou sa **moyenne**.

# %% [markdown] tags=["lang-en", "lesson"]
# **To add up over time makes no sense**: 6 + 4 + 1 soaps count the same ones three times. The stock of a period is that of its **last close**, or its **average**.

# %% tags=["lesson"]
last = stock[stock.day == stock.day.max()]
on_hand, sellable = last.on_hand.sum(), last.sellable.sum()
out = (stock.sellable <= 0).mean()
on_hand, sellable, reader.percent(out)

# %% [markdown] tags=["lang-fr", "lesson"]
# Les ventes des mêmes jours : cinq savons et une tasse. Le stock moyen et les ventes se comptent tous deux **au coût** ; sinon, la marge raccourcit la couverture.

# %% [markdown] tags=["lang-en", "lesson"]
# The sales of the same days: five soaps and a cup. Average stock and sales are both counted **at cost**; otherwise the margin shortens the cover.

# %% tags=["lesson"]
lines = pd.DataFrame({"order_id": ["a", "b", "c", "d"], "line_id": "1"})
lines["product_id"] = ["soap", "soap", "soap", "cup"]
lines["quantity"], lines["unit_price"] = [2, 2, 1, 1], [5.0, 5.0, 5.0, 18.0]
lines["unit_cost"] = [2.0, 2.0, 2.0, 10.0]
orders = lines[["order_id"]].assign(ordered_at=[*days[1:], days[2]], store_id="S1")

# %% [markdown] tags=["lang-fr", "lesson"]
# Quatre rapports en sortent : jours de stock, rotation par an, GMROI, et la part de ce qui était là qui s'est vendue.

# %% [markdown] tags=["lang-en", "lesson"]
# Four ratios come out of them: days of inventory, turnover a year, GMROI, and the part of what was there that was sold.

# %% tags=["lesson"]
average = (stock.on_hand * stock.unit_cost).sum() / 4
cost = (lines.quantity * lines.unit_cost).sum()
profit = (lines.quantity * lines.unit_price).sum() - cost
by_hand = {"days_of_inventory": average / (cost / 4)}
by_hand["inventory_turnover"] = cost / 4 * 365 / average
by_hand["gmroi"] = profit / 4 * 365 / average
{name: reader.number(value) for name, value in by_hand.items()}

# %% [markdown] tags=["lang-fr", "lesson"]
# Le package dit‑il la même chose ?

# %% [markdown] tags=["lang-en", "lesson"]
# Does the package say the same?

# %% tags=["lesson"]
shop = mk.open_data({"orders": orders, "order_lines": lines, "stock": stock})
four = {"start": "2025-03-01", "end": "2025-03-05"}
kpis = ["stock_on_hand", "stock_sellable", "stockout_rate", *by_hand]
package = mk.compute(kpis, shop, **four)
assert list(package.iloc[0, :3]) == [on_hand, sellable, out]
assert all(abs(package.iloc[0][name] - value) < 1e-9 for name, value in by_hand.items())

# %% [markdown] tags=["lang-fr", "lesson"]
# Chaque jour a sa clôture, et aucune n'est une somme. Demandez le stock de chaque jour.

# %% [markdown] tags=["lang-en", "lesson"]
# Each day has its close, and none is a sum. Ask for the stock of each day.

# %% tags=["lesson"]
mk.compute(["stock_on_hand", "stock_sellable"], shop, grain="day", **four)

# %% [markdown] tags=["lang-fr"]
# ## Physique et vendable
#
# Ce que l'on possède n'est pas ce que l'on peut promettre : le réservé est déjà à quelqu'un, l'abîmé n'est à vendre à personne.

# %% [markdown] tags=["lang-en"]
# ## On hand and sellable
#
# What one owns is not what one can promise: what is reserved is somebody's already, what is damaged is for nobody.

# %%
plots.stock_parts(parts, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Mois après mois, à la dernière clôture de chacun :

# %% [markdown] tags=["lang-en"]
# Month after month, at the last close of each:

# %%
months = inventory.levels(data, **span, grain="month")
ax = plots.stock_by_month(months, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Un stock qui fond en fin d'année n'est pas une bonne gestion s'il laisse des ruptures derrière lui : lisez les deux ensemble, lieu par lieu.

# %% [markdown] tags=["lang-en"]
# Stock that melts at the end of the year is no good management where it leaves stock-outs behind: read both together, place by place.

# %%
places = inventory.levels(data, **span, by="location_id")
plots.stock_table(places, lost.lost if lost else None, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Une commande sans magasin (en ligne, par téléphone) ne dit pas d'où elle part : elle est donnée au seul lieu qui n'est pas un magasin ou, s'il y en a plusieurs, à celui dont le stock a laissé sortir, le même jour, au moins 90 % de ce que sa région a acheté. Des entrepôts qui se partagent une région restent sans ventes connues : ni demande perdue, ni point de commande. Pas de point de commande non plus là où les régions données au lieu ont acheté moins de 80 % de ce qui en est sorti.

# %% [markdown] tags=["lang-en"]
# An order of no store (online, by phone) does not say where it leaves from: it is given to the only place that is no store or, of several, to the one whose stock let out, on the same day, at least 90% of what its region bought. Warehouses that share a region are left without known sales: no lost demand, no reorder point. Nor is there a reorder point where the regions given to a place bought less than 80% of what left it.

# %%
plots.online_places(lost.lost, lang=reader) if lost else None

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que la rupture fait perdre
#
# Le taux de rupture compte des jours, tous égaux. La demande perdue compte ce que les clients auraient pris : c'est l'estimation de la leçon 11, rapportée à la demande.
#
# $$\text{demande perdue} = \frac{\text{unités perdues}}{\text{unités vendues} + \text{unités perdues}}$$

# %% [markdown] tags=["lang-en", "lesson"]
# ## What a stock-out loses
#
# The stock-out rate counts days, all alike. Lost demand counts what customers would have taken: it is the estimate of lesson 11, set against demand.
#
# $$\text{lost demand} = \frac{\text{lost units}}{\text{units sold} + \text{lost units}}$$

# %% tags=["lesson"]
rate = inventory.lost_demand_rate(50, units_sold=950)
assert rate == 50 / (950 + 50)
reader.percent(rate)

# %% [markdown] tags=["lang-fr", "lesson"]
# Boréal connaît la vérité : les unités demandées et non servies. L'intervalle contient‑il le vrai taux ?

# %% [markdown] tags=["lang-en", "lesson"]
# Boréal knows the truth: the units asked for and not served. Does the interval hold the true rate?

# %% tags=["lesson"]
boreal, whole = mk.demo(), {"start": "2025-01-01", "end": "2026-01-01"}
unmet = inventory.lost_demand(boreal, **whole)
missed = mk.truth()["stock_outs"]["unmet_units"]["2025"]
true_rate = inventory.lost_demand_rate(missed, units_sold=unmet.lost.sold)
[reader.percent(rate) for rate in (unmet.low, true_rate, unmet.high)]

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Une marge perdue se compare au coût de l'éviter : quelques unités de plus, gardées toute l'année. Le lieu qui manque le plus de jours n'est pas toujours celui qui manque le plus d'unités.

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** A lost margin is held against the cost of avoiding it: a few more units, kept all year. The place that misses most days is not always the one that misses most units.

# %% [markdown] tags=["lang-fr"]
# ## Jours de stock face à la cible
#
# Chaque barre est de l'argent : le stock moyen au coût, moins celui que la cible demande. Pleine, il y en a trop ; hachurée, pas assez.

# %% [markdown] tags=["lang-en"]
# ## Days of inventory against the target
#
# Each bar is money: the average stock at cost, less what the target wants. Plain, there is too much; hatched, too little.

# %%
ax = plots.cover_gaps(products, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Les mêmes en nombres, le plus gros excédent d'abord :

# %% [markdown] tags=["lang-en"]
# The same in numbers, the largest excess first:

# %%
plots.cover_table(products, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ne moyennez pas les jours.** La cible d'un groupe est celle de ses produits, chacun pesant ce qu'il vend par jour au coût. Et dans un groupe, le trop de l'un cache le trop peu de l'autre.

# %% [markdown] tags=["lang-en", "lesson"]
# **Do not average days.** The target of a group is that of its products, each weighing what it sells a day at cost. And in a group, too much of one hides too little of another.

# %% tags=["lesson"]
each = inventory.cover(boreal, **whole).dropna(subset=["target_days"])
stated = inventory.levels(boreal, **whole)
aimed = (each.target_days * each.daily_cost).sum() / each.daily_cost.sum()
gap = each.average_stock.sum() / each.daily_cost.sum() - aimed
assert abs(gap - stated.coverage_gap_days[0]) < 1e-6
reader.days(gap, 1), reader.days(each.coverage_gap_days.mean(), 1)

# %% [markdown] tags=["lang-fr"]
# ## Rotation, écoulement et rendement
#
# La rotation dit combien de fois par an le stock se vend, le GMROI combien de marge brute rapporte le stock, pour une unité de son coût.

# %% [markdown] tags=["lang-en"]
# ## Turnover, sell-through and return
#
# Turnover says how many times a year the stock is sold, GMROI how much gross profit the stock brings, for one unit of its cost.

# %%
family = "category" if data.has("products", "category") else "product_id"
families = inventory.cover(data, **span, by=family)
plots.sentences.inventory.returns(families, now, lang=reader, lacks=lacks)

# %% [markdown] tags=["lang-fr"]
# Toutes les familles :

# %% [markdown] tags=["lang-en"]
# All families:

# %%
plots.cover_table(families, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Par canal : les magasins vendent leur propre stock, les commandes sans magasin partent des entrepôts. Le stock ne dit pas lequel de leurs canaux il servira : ils le partagent.

# %% [markdown] tags=["lang-en"]
# By channel: stores sell their own stock, orders of no store leave from warehouses. Stock does not say which of their channels it will serve: they share it.

# %%
kinds = inventory.levels(data, **span, by="location_type")
plots.stock_table(kinds, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le GMROI est la rotation multipliée par le taux de marge.** Vérifiez : 365 divisé par les jours de stock donne la rotation ; le profit sur coût fait le reste.

# %% [markdown] tags=["lang-en", "lesson"]
# **GMROI is turnover times the markup.** Check: 365 divided by the days of inventory gives turnover; profit on cost does the rest.

# %% tags=["lesson"]
turns = 365 / stated.days_of_inventory[0]
assert abs(turns - stated.inventory_turnover[0]) < 1e-9
reader.number(turns), reader.percent(stated.gmroi[0] / turns)

# %% [markdown] tags=["lang-fr", "lesson"]
# **L'écoulement dépend de la durée.** Sur un an de réassort, presque tout finit par se vendre ; sur un mois, bien moins. Ne comparez que des durées égales, et jugez une collection, pas un basique.

# %% [markdown] tags=["lang-en", "lesson"]
# **Sell-through depends on the length.** Over a year of replenishment nearly everything is sold in the end; over a month, far less. Compare equal lengths only, and judge a collection, not a staple.

# %% tags=["lesson"]
monthly = mk.compute("sell_through_rate", boreal, grain="month", **whole).to_pandas()
shown = monthly.sell_through_rate.mean(), stated.sell_through_rate[0]
[reader.percent(rate) for rate in shown]

# %% [markdown] tags=["lang-fr"]
# ## ABC–XYZ : où regarder d'abord
#
# **A** réunit les produits qui font 80 % des ventes, **B** les 15 % suivants, **C** le reste. **X**, **Y** et **Z** disent combien les semaines d'un produit se ressemblent : l'écart‑type des unités, divisé par leur moyenne.

# %% [markdown] tags=["lang-en"]
# ## ABC–XYZ: where to look first
#
# **A** holds the products that make 80% of sales, **B** the next 15%, **C** the rest. **X**, **Y** and **Z** say how much a product's weeks are alike: the standard deviation of units, divided by their mean.

# %%
unclassed = inventory.lacking_for_classes(data)
classes = None if unclassed else inventory.classify(data, **span)
plots.sentences.inventory.classes(classes, lang=reader, lacks=unclassed)

# %% [markdown] tags=["lang-fr"]
# Un produit AX se commande presque seul ; un AZ se surveille ; un CZ se commande sur demande, ou ne se commande plus.

# %% [markdown] tags=["lang-en"]
# An AX product nearly orders itself; an AZ one is watched; a CZ one is ordered on demand, or no longer.

# %%
ax = plots.class_grid(classes, lang=reader, lacks=unclassed)

# %% [markdown] tags=["lang-fr"]
# Produit par produit, avec la variation que le **hasard seul** donnerait à si peu d'unités :

# %% [markdown] tags=["lang-en"]
# Product by product, with the variation that **chance alone** would give so few units:

# %%
plots.class_table(classes, lang=reader, lacks=unclassed)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège du Z.** Un produit qui vend une unité par semaine, au hasard, a une variation de 1 : il est Z quoi que fassent ses clients. À la main :

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of Z.** A product that sells one unit a week, at random, has a variation of 1: it is Z whatever its customers do. By hand:

# %% tags=["lesson"]
rng = np.random.default_rng(12)
calm = rng.poisson([1, 4, 16], size=(5_000, 3))
(calm.std(axis=0) / calm.mean(axis=0)).round(2)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Stock de sécurité et point de commande
#
# Quand commander ? Assez tôt pour que la demande du **délai** n'épuise pas le stock. En moyenne, elle vaut $d \times L$ ; le stock de sécurité couvre ce qui dépasse la moyenne, du côté de la demande **et** du délai :
#
# $$SS = z \sqrt{L \, \sigma_d^2 + d^2 \sigma_L^2}, \qquad \text{point} = d \times L + SS$$
#
# À la main, pour 4 unités par jour (écart‑type 3), un délai de 9 jours (écart‑type 0,5) et 95 % :

# %% [markdown] tags=["lang-en", "lesson"]
# ## Safety stock and reorder point
#
# When to order? Early enough for the demand of the **lead time** not to drain the stock. On average it is $d \times L$; safety stock covers what exceeds the average, of demand **and** of the lead time:
#
# $$SS = z \sqrt{L \, \sigma_d^2 + d^2 \sigma_L^2}, \qquad \text{point} = d \times L + SS$$
#
# By hand, for 4 units a day (standard deviation 3), a lead time of 9 days (standard deviation 0.5) and 95%:

# %% tags=["lesson"]
safety = 1.645 * np.sqrt(9 * 3**2 + 4**2 * 0.5**2)
terms = {"sd_demand": 3, "mean_lead_time": 9, "sd_lead_time": 0.5, "service_level": 0.95}
assert abs(safety - inventory.safety_stock(4, **terms)) < 0.01
order_at = inventory.reorder_point(4, mean_lead_time=9, safety_stock=safety)
reader.number(safety), reader.number(order_at)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Que promet ce 95 % ?** Que 95 % des **cycles**, d'une livraison à la suivante, passent sans rupture, *si* la demande du délai suit une loi normale et si l'on commande à l'unité près. Ce n'est pas 95 % des unités servies : celles‑là sont presque toujours plus nombreuses. Jouez la règle, jour après jour, avec une demande rare et groupée : quatre unités en moyenne, un jour sur dix.

# %% [markdown] tags=["lang-en", "lesson"]
# **What does this 95% promise?** That 95% of **cycles**, from one delivery to the next, pass without a stock-out, *if* the demand of the lead time is normal and one orders at that very unit. It is not 95% of units served: these are nearly always more. Play the rule, day after day, with demand that is rare and in bursts: four units on average, one day in ten.

# %% tags=["lesson"]
bursts = (rng.random((200, 2_000)) < 0.1) * rng.geometric(0.25, (200, 2_000))
leads = np.maximum(rng.normal(14, 4, 5_000).round(), 1).astype(int)
moments = {"sd_demand": bursts.std(), "mean_lead_time": 14, "sd_lead_time": 4}
margin = inventory.safety_stock(bursts.mean(), **moments, service_level=0.95)
point = np.ceil(inventory.reorder_point(bursts.mean(), mean_lead_time=14, safety_stock=margin))
played = inventory.simulate(bursts, leads, reorder_point=point, quantity=20, rng=rng)
reader.percent(played.service_level), reader.percent(played.fill_rate)

# %% [markdown] tags=["lang-fr", "lesson"]
# La promesse n'est pas tenue. Sans rien supposer de normal, on peut calculer ce que le point achète : la distribution exacte de la demande du délai, et des unités dont le stock avait **déjà dépassé** le point quand la commande est partie. Le calcul rejoint la simulation, et dit quel point il faudrait.

# %% [markdown] tags=["lang-en", "lesson"]
# The promise is not kept. Without supposing anything normal one can compute what the point buys: the exact distribution of the demand of the lead time, and of the units by which stock had **already passed** the point when the order left. It agrees with the simulation, and says which point it takes.

# %% tags=["lesson"]
exact = inventory.Demand(np.bincount(bursts.ravel()), np.bincount(leads))
assert abs(exact.service(point).level - played.service_level) < 0.02
reader.percent(exact.service(point).level), int(point), exact.needed(0.95)

# %% [markdown] tags=["lang-fr"]
# ## Le service que l'on achète
#
# Pour chaque produit, dans chaque lieu : la demande des jours où il y avait de quoi vendre, les délais des commandes reçues, le point de la formule, et le niveau qu'il achète vraiment.

# %% [markdown] tags=["lang-en"]
# ## The service that is bought
#
# For each product, in each place: the demand of the days when there was something to sell, the lead times of the orders received, the point of the formula, and the level that it really buys.

# %%
ax = plots.service_bought(paces, lang=reader, lacks=blind)

# %% [markdown] tags=["lang-fr"]
# Ce qu'il faudrait ajouter pour que chaque point tienne le niveau, en unités :

# %% [markdown] tags=["lang-en"]
# What it would take for each point to keep the level, in units:

# %%
plots.service_table(paces, lang=reader, lacks=blind) if paces is not None else None

# %% [markdown] tags=["lang-fr"]
# ### Jusqu'où s'y fier
#
# Le niveau est celui d'une demande qui ressemble à celle de la période, un jour comme un autre. Avant une saison, une promotion ou la fin d'un produit, il ne vaut plus : refaites le calcul sur les jours comparables. L'intervalle dit ce que tant de jours et tant de commandes peuvent savoir ; pour un seul produit qui se vend peu, c'est peu de chose. Quand une commande attend encore, son délai n'est pas connu et ne compte pas : un fournisseur qui ralentit se voit trop tard. Les jours de rupture sont écartés, puisqu'ils ne disent pas ce qui était demandé.
#
# Les produits les plus vendus, à relever en premier là où la promesse n'est pas tenue :

# %% [markdown] tags=["lang-en"]
# ### How far to trust it
#
# The level is that of demand like the period's, one day like another. Before a season, a promotion or the end of a product it no longer holds: compute it again on comparable days. The interval says what so many days and so many orders can know; for one product that sells little, that is not much. An order still awaited has no lead time yet and does not count: a supplier who slows down shows too late. Stock-out days are left out, since they do not say what was asked for.
#
# The products that sell most, to raise first where the promise is not kept:

# %%
plots.reorder_table(found, lang=reader) if found is not None else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Boréal connaît aussi ses fournisseurs : la moyenne et l'écart‑type vrais du délai. Les a‑t‑on retrouvés ?

# %% [markdown] tags=["lang-en", "lesson"]
# Boréal also knows its suppliers: the true mean and standard deviation of the lead time. Have they been found?

# %% tags=["lesson"]
waits = inventory.lead_times(boreal, **whole)
taken = np.repeat(waits.days, waits.orders)
supply = mk.truth()["supply"]
means = reader.number(taken.mean()), reader.number(supply["lead_time_days"])
means, (reader.number(taken.std()), reader.number(supply["lead_time_sd"]))

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Additionner un stock sur des mois.** Il se lit à la clôture, ou en moyenne.
# - **Promettre le stock physique.** Seul le vendable se promet.
# - **Diviser un stock au coût par des ventes au prix.** Les deux côtés au coût.
# - **Prendre la clôture du 31 décembre pour la moyenne.** Elle est au plus bas.
# - **Moyenner des jours ou des rotations.** Une somme divisée par une somme.
# - **Juger un basique à son écoulement**, ou comparer un mois à un an.
# - **Lire Z comme « imprévisible ».** Peu d'unités suffisent.
# - **Croire le 95 % de la formule.** Demandez quel 95 % : cycles ou unités ; et ce que donne la vraie demande.
# - **Compter les jours de rupture comme des jours sans demande.** La demande paraît plus faible, et la rupture suivante est commandée d'avance.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Adding up stock over months.** It is read at the close, or as an average.
# - **Promising stock on hand.** Only what is sellable can be promised.
# - **Dividing stock at cost by sales at price.** Both sides at cost.
# - **Taking the close of 31 December for the average.** It is at its lowest.
# - **Averaging days or turnovers.** A sum divided by a sum.
# - **Judging a staple by its sell-through**, or a month against a year.
# - **Reading Z as “unpredictable”.** Few units are enough.
# - **Believing the 95% of the formula.** Ask which 95%: cycles or units; and what the real demand gives.
# - **Counting stock-out days as days without demand.** Demand looks weaker, and the next stock-out is ordered in advance.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Lire un stock à la clôture ou en moyenne, et le vendable à côté du physique.
# - Peser les ruptures par la demande qu'elles perdent, avec son intervalle.
# - Tenir les jours de stock contre la cible de chaque produit, en jours et en argent.
# - Calculer rotation, écoulement et GMROI sans mêler coût et prix.
# - Classer par ABC–XYZ en sachant ce que le hasard donne déjà.
# - Poser un point de commande, et vérifier le service qu'il achète.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Read stock at the close or as an average, and the sellable beside the physical.
# - Weigh stock-outs by the demand that they lose, with its interval.
# - Hold days of inventory against each product's target, in days and in money.
# - Compute turnover, sell-through and GMROI without mixing cost and price.
# - Class by ABC–XYZ knowing what chance gives already.
# - Set a reorder point, and check the service that it buys.

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
q1, q2, q3, q4, q5, q6 = mk.exercises("12", lang=reader, seed=seed)

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

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Quiz
#
# Chaque réponse a son explication ; celle d'une mauvaise réponse dit quoi relire.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Quiz
#
# Each answer has its explanation; that of a wrong one says what to read again.

# %% tags=["lesson", "exercise"]
mk.quiz("12", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Refaites `inventory.reorder_points` avec `service_level=0.99`. Combien d'unités de plus pour quatre points de service ? Lesquels des produits méritent cette dépense ?
# 2. **Décider.** D'après la page, quels trois produits commanderiez‑vous plus tard, et quel lieu fourniriez‑vous d'abord ? Quels chiffres, absents d'ici, vous feraient changer d'avis ?
# 3. **Cas.** La direction veut « 98 % de disponibilité ». Écrivez la question qu'il faut lui poser (cycles, unités ou jours ?), le chiffre que vous suivriez, et ce que coûterait chaque point de plus.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Run `inventory.reorder_points` again with `service_level=0.99`. How many more units for four points of service? Which of the products deserve that money?
# 2. **Decide.** From this page, which three products would you order later, and which place would you supply first? Which figures that are not here would change your mind?
# 3. **Case.** Management wants “98% availability”. Write the question to ask them (cycles, units or days?), the figure that you would follow, and what each further point would cost.
