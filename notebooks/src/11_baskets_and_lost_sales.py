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
# # Que met‑on ensemble au panier, et que perd‑on faute de stock ?
#
# Un panier dit trois choses qu'un total ne dit pas : quels produits vont **ensemble**, à quel **prix** on les a laissés partir, et, par son absence, ce que l'on n'a **pas pu vendre**. Cette page les mesure, et dit jusqu'où l'on peut s'y fier.

# %% [markdown] tags=["lang-en"]
# # What goes together in baskets, and what is lost for want of stock?
#
# A basket tells three things that a total does not: which products go **together**, at what **price** they were let go and, by its absence, what **could not be sold**. This page measures them, and says how far they can be trusted.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez calculer support, confiance et lift et reconnaître une vraie affinité parmi des milliers de paires, dire ce que deviennent les dollars du prix catalogue, estimer ce que les ruptures ont fait manquer avec son intervalle, et noter un KPI candidat sans croire à ses notes plus qu'il ne faut.
#
# Voici les réglages de la page.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can compute support, confidence and lift and recognise a true affinity among thousands of pairs, say what becomes of the dollars of the list price, estimate what stock-outs missed with its interval, and mark a candidate KPI without believing the marks more than they deserve.
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
from marketing_kpi import baskets, finance, plots, revenue

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr"]
# ## En bref
#
# **Ce qui va ensemble.** Les paires sont rares : on les cherche dans toutes les commandes que l'on a, jusqu'à la fin de la période.

# %% [markdown] tags=["lang-en"]
# ## In brief
#
# **What goes together.** Pairs are rare: they are looked for in all the orders there are, up to the end of the period.

# %%
lacks_lines = baskets.lacking_for_pairs(data)
found = None if lacks_lines else baskets.pairs(data, end=dates.end, named=True)
plots.sentences.baskets.together(found, lang=reader, lacks=lacks_lines)

# %% [markdown] tags=["lang-fr"]
# **Ce que l'on fait payer.** Sur la période :

# %% [markdown] tags=["lang-en"]
# **What is paid.** Over the period:

# %%
span = {"start": dates.start, "end": dates.end}
earlier = {"start": dates.previous_start, "end": dates.previous_end}
lacks_prices = baskets.lacking_for_prices(data)
now = pd.DataFrame() if lacks_prices else baskets.prices_by(data, **span)
compared = not lacks_prices and revenue.is_compared(data, dates)
before = baskets.prices_by(data, **earlier) if compared else None
about = {"gap": revenue.longest_gap(data, periods=dates), "lang": reader}
about["less"] = finance.paid_less(data, **span)
plots.sentences.baskets.prices(now, before, lacks=lacks_prices, **about)

# %% [markdown] tags=["lang-fr"]
# **Ce que les ruptures ont fait manquer.** C'est une estimation, avec son intervalle à 95 % :

# %% [markdown] tags=["lang-en"]
# **What stock-outs missed.** This is an estimate, with its 95% interval:

# %%
lacks_stock = baskets.lacking_for_lost_sales(data)
lost = None if lacks_stock else baskets.lost_sales(data, **span)
plots.sentences.baskets.lost(lost, lang=reader, lacks=lacks_stock)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce qui va ensemble, à la main
#
# Dix paniers : trois réunissent une tente et un matelas, un autre une tente et une tasse.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What goes together, by hand
#
# Ten baskets: three hold a tent and a mat, another a tent and a cup.

# %% tags=["lesson"]
lines = pd.DataFrame({"order_id": [*"112233445667", "8", "9", "10"]})
lines["product_id"] = ["tent", "mat"] * 3 + ["tent", "cup", "tea", "cup", "mat"] + ["tea"] * 4
lines.groupby("order_id", sort=False).product_id.agg(list)

# %% [markdown] tags=["lang-fr", "lesson"]
# Comptez les paniers de chacun, et ceux qui ont les deux. Le **support** est la part des paniers qui ont la paire ; la **confiance**, la part de ceux qui ont la tente et prennent aussi le matelas ; le **lift** compare la paire à ce que donnerait le hasard si chacun était pris sans égard à l'autre :
#
# $$\text{lift} = \frac{n_{AB} / N}{(n_A / N) \, (n_B / N)}$$

# %% [markdown] tags=["lang-en", "lesson"]
# Count the baskets of each, and those that hold both. **Support** is the share of baskets with the pair; **confidence**, the share of those with the tent that take the mat too; **lift** compares the pair with what chance would give, were each taken regardless of the other:
#
# $$\text{lift} = \frac{n_{AB} / N}{(n_A / N) \, (n_B / N)}$$

# %% tags=["lesson"]
held = lines.groupby("product_id").order_id.agg(set)
both, tents, mats = len(held["tent"] & held["mat"]), len(held["tent"]), len(held["mat"])
n = lines.order_id.nunique()
support, confidence = both / n, both / tents
lift = support / ((tents / n) * (mats / n))
reader.percent(support), reader.percent(confidence), reader.number(lift, decimals=2)

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque a les mêmes trois formules ; `assert` s'arrête si elles diffèrent.

# %% [markdown] tags=["lang-en", "lesson"]
# The package has the same three formulas; `assert` stops if they differ.

# %% tags=["lesson"]
assert baskets.basket_support(both, baskets=n) == support
assert baskets.basket_confidence(both, first=tents) == confidence
assert abs(baskets.basket_lift(both, first=tents, second=mats, baskets=n) - lift) < 1e-12

# %% [markdown] tags=["lang-fr", "lesson"]
# Le lift est le même dans les deux sens ; la confiance, non. Voyez la confiance de la tasse vers la tente, puis de la tente vers la tasse.

# %% [markdown] tags=["lang-en", "lesson"]
# Lift is the same both ways; confidence is not. Look at the confidence from the cup to the tent, then from the tent to the cup.

# %% tags=["lesson"]
pair = len(held["cup"] & held["tent"])
reader.percent(pair / len(held["cup"])), reader.percent(pair / tents)

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Le piège des milliers de paires
#
# Un lift de presque deux sur dix paniers ne prouve rien. Et plus on regarde de paires, plus le hasard en offre de belles. Faites l'essai : mélangez au hasard les produits de toutes les lignes de Boréal, de sorte que **rien** n'aille plus ensemble.

# %% [markdown] tags=["lang-en", "lesson"]
# ### The trap of thousands of pairs
#
# A lift of nearly two on ten baskets proves nothing. And the more pairs one looks at, the finer those that chance offers. Try it: shuffle the products of all of Boréal's lines, so that **nothing** goes together any more.

# %% tags=["lesson"]
shop = mk.demo()
shuffled = shop.order_lines.select("order_id", "line_id", "product_id").to_pandas()
shuffled["product_id"] = shuffled.product_id.sample(frac=1, random_state=2026).to_numpy()
shuffled["quantity"], shuffled["unit_price"] = 1, 1
tables = {"orders": shop.orders.to_pandas(), "order_lines": shuffled}
nothing = baskets.pairs(mk.open_data(tables), end=as_of, within=())

# %% [markdown] tags=["lang-fr", "lesson"]
# Combien de paires passent pour liées si l'on se contente d'une valeur p sous 5 % ? Et combien si l'on corrige pour toutes les paires examinées (Benjamini et Hochberg : parmi celles que l'on nomme, un vingtième de fausses en moyenne) ? Sur une paire rare, le test est prudent : aucun compte entier ne tombe juste sur 5 %, et il reste en dessous ; il en passe moins d'une sur vingt, et bien trop tout de même.

# %% [markdown] tags=["lang-en", "lesson"]
# How many pairs pass for linked when one is content with a p-value below 5%? And how many when one corrects for all the pairs looked at (Benjamini and Hochberg: of those named, a twentieth false on average)? On a rare pair the test is cautious: no whole count falls just on 5%, and it stays below; fewer than one in twenty pass, and far too many all the same.

# %% tags=["lesson"]
naive = (nothing.pairs.p_value < 0.05).sum()
corrected = (nothing.pairs.verdict != "cannot_tell").sum()
reader.integer(nothing.tested), reader.integer(naive), reader.integer(corrected)

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Le piège de la saison
#
# En janvier, les bottes croisent les bonnets sans que l'un appelle l'autre : c'est l'hiver. Compter tous les mois ensemble prend la saison pour une affinité. La bibliothèque compare donc des paniers **du même mois et de même taille** : combien de fois plus que si l'on remplissait ces mêmes paniers au hasard, avec les produits de ce mois ? C'est le lift ajusté. Voici les deux façons de faire, sur la démonstration.

# %% [markdown] tags=["lang-en", "lesson"]
# ### The season's trap
#
# In January boots meet hats though neither calls for the other: it is winter. To count all months together takes the season for an affinity. So the package compares baskets **of the same month and of the same size**: how many times more than if these very baskets were filled at random, with the products of that month? That is the adjusted lift. Here are both ways, on the demo.

# %% tags=["lesson"]
every_month = baskets.pairs(shop, end="2026-01-01", within=())
by_month = baskets.pairs(shop, end="2026-01-01")

# %% [markdown] tags=["lang-fr", "lesson"]
# Boréal est simulée : on sait quelles paires y ont été liées exprès. Comptez, pour chaque façon, les vraies et les fausses.

# %% [markdown] tags=["lang-en", "lesson"]
# Boréal is simulated: it is known which pairs were linked on purpose. Count, for each way, the true ones and the false ones.

# %% tags=["lesson"]
true = {frozenset(pair.values()) for pair in mk.truth()["affinity"]["pairs"]}
tables = [found.pairs[found.pairs.verdict == "together"] for found in (every_month, by_month)]
named = [set(map(frozenset, table[["first", "second"]].to_numpy())) for table in tables]
counts = {"found": map(len, named), "true": [len(one & true) for one in named]}
pd.DataFrame({**counts, "false": [len(one - true) for one in named]}, index=["all", "by_month"])

# %% [markdown] tags=["lang-fr", "lesson"]
# Toutes les vraies paires, et aucune fausse, une fois les mois séparés. Vérifiez que le support et le lift du tableau sont bien ceux du dictionnaire.

# %% [markdown] tags=["lang-en", "lesson"]
# All the true pairs and no false one, once months are kept apart. Check that the support and the lift of the table are those of the dictionary.

# %% tags=["lesson"]
assert named[1] == true
one = by_month.pairs.iloc[0]
sizes = {"first": one.first_baskets, "second": one.second_baskets, "baskets": by_month.baskets}
assert abs(baskets.basket_lift(one.together, **sizes) - one.lift) < 1e-9

# %% [markdown] tags=["lang-fr"]
# ## Quels produits vont ensemble ?
#
# Chaque point dit combien de fois plus souvent la paire se trouve dans un panier que le hasard ne l'y mettrait, parmi des paniers du même mois et de même taille. Seules les paires qui ressortent après correction sont là.

# %% [markdown] tags=["lang-en"]
# ## Which products go together?
#
# Each dot says how many times more often the pair is in a basket than chance would put it there, among baskets of the same month and of the same size. Only pairs that stand out after correction are here.

# %%
ax = None if lacks_lines else plots.pair_lifts(found, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Le tableau donne aussi le support (combien de paniers une action touche) et la confiance (à qui proposer quoi) :

# %% [markdown] tags=["lang-en"]
# The table also gives support (how many baskets an action reaches) and confidence (what to offer to whom):

# %%
plots.pair_table(found, lang=reader) if not lacks_lines else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Une paire au-dessus de 1 appelle une suggestion au panier, un lot ou un rayon commun, dans le sens de la plus forte confiance. Mais l'affinité existe **déjà** : ce que la suggestion ajoute se mesure par un groupe de contrôle (leçon 04), car beaucoup auraient pris le second de toute façon.

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** A pair above 1 calls for a suggestion in the basket, a bundle or a shared shelf, in the direction of the higher confidence. Yet the affinity **already** exists: what the suggestion adds is measured with a control group (lesson 04), since many would have taken the second anyway.

# %% [markdown] tags=["lang-fr"]
# ### À trois ?
#
# Trois produits peuvent aller ensemble au-delà de leurs paires. Chaque ensemble est comparé à sa partie la plus forte : une paire, et le troisième produit par hasard.

# %% [markdown] tags=["lang-en"]
# ### By threes?
#
# Three products may go together beyond their pairs. Each set is compared with its strongest part: a pair, and the third product by chance.

# %%
triples = None if lacks_lines else baskets.sets(data, end=dates.end, named=True)
plots.sentences.baskets.sets(triples, beside=found, lang=reader, lacks=lacks_lines)

# %% [markdown] tags=["lang-fr", "lesson"]
# Les ensembles de trois qui reviennent le plus ont un lift énorme, et pourtant ils ne disent rien de plus : sur une poignée de paniers, c'est le hasard qui parle.

# %% [markdown] tags=["lang-en", "lesson"]
# The sets of three that recur most have a huge lift, and yet they tell nothing more: on a handful of baskets, chance is speaking.

# %% tags=["lesson"]
plots.set_table(triples, lang=reader) if triples else None

# %% [markdown] tags=["lang-fr"]
# ### Combien de commandes croisent les catégories ?
#
# Le taux de vente croisée : la part des commandes qui tiennent au moins deux catégories.

# %% [markdown] tags=["lang-en"]
# ### How many orders cross categories?
#
# The cross-sell rate: the share of orders that hold two categories or more.

# %%
channel = ["channel"] if data.has("orders", "channel") else []
lacks_categories = baskets.lacking_for_cross_sell(data)
crossed = None if lacks_categories else baskets.cross_sell(data, by=channel, **span)
plots.cross_sell_table(crossed, lang=reader) if not lacks_categories else None

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Le prix obtenu, à la main
#
# Trois lignes de vente : un manteau à 100 vendu 80 en promotion, trois tasses à 20 au prix affiché, et un sac à 40 vendu 20 par un vendeur généreux.

# %% [markdown] tags=["lang-en", "lesson"]
# ## The price obtained, by hand
#
# Three lines of sale: a coat at 100 sold for 80 on promotion, three cups at 20 at the price shown, and a bag at 40 sold for 20 by a generous clerk.

# %% tags=["lesson"]
lines = pd.DataFrame({"order_id": list("123"), "line_id": "1", "quantity": [1, 3, 1]})
lines["list_price"], lines["unit_price"] = [100.0, 20.0, 40.0], [80.0, 20.0, 20.0]
lines["promotion_id"] = ["P1", None, None]
lines

# %% [markdown] tags=["lang-fr", "lesson"]
# La **réalisation du prix** divise ce qui a été payé par ce qui était affiché ; le **taux de remise** est le reste. Séparez ce que prennent les promotions de ce que prennent les autres remises : les trois parts font le prix catalogue.
#
# $$\text{réalisation} = \frac{\sum q_i\,p_i}{\sum q_i\,\ell_i} = 1 - \text{taux de remise}$$

# %% [markdown] tags=["lang-en", "lesson"]
# **Price realisation** divides what was paid by what was shown; the **discount rate** is the rest. Part what promotions take from what other discounts do: the three parts make the list price.
#
# $$\text{realisation} = \frac{\sum q_i\,p_i}{\sum q_i\,\ell_i} = 1 - \text{discount rate}$$

# %% tags=["lesson"]
gross, net = lines.quantity * lines.list_price, lines.quantity * lines.unit_price
promoted = lines.promotion_id.notna()
realised, on_promotion = net.sum() / gross.sum(), net[promoted].sum() / net.sum()
given = (gross - net).groupby(promoted).sum() / gross.sum()
[reader.percent(part) for part in (realised, given[True], given[False], on_promotion)]

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque fait de même, et ses trois parts s'additionnent au cent près.

# %% [markdown] tags=["lang-en", "lesson"]
# The package does the same, and its three parts add up to the cent.

# %% tags=["lesson"]
orders = pd.DataFrame({"order_id": list("123"), "ordered_at": pd.Timestamp("2025-03-03")})
till = mk.open_data({"orders": orders, "order_lines": lines})
small = baskets.prices_by(till, start="2025-03-01", end="2025-04-01").iloc[0]
assert abs(small.price_realisation - realised) < 1e-12
assert abs(small.promotion_share - on_promotion) < 1e-12
assert small.gross_sales == small.net_sales + small.promotion_discounts + small.other_discounts

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège de la moyenne.** La moyenne des trois remises n'est pas le taux de remise : elle donne au sac autant de poids qu'au manteau.

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of averages.** The average of the three discounts is not the discount rate: it gives the bag as much weight as the coat.

# %% tags=["lesson"]
reader.percent((1 - lines.unit_price / lines.list_price).mean()), reader.percent(1 - realised)

# %% [markdown] tags=["lang-fr"]
# ## Que devient le prix catalogue ?
#
# Chaque barre dit quelle part du prix catalogue d'une catégorie a été prise par les promotions, puis par les autres remises. Le reste a été payé.

# %% [markdown] tags=["lang-en"]
# ## What becomes of the list price?
#
# Each bar says which part of a category's list price was taken by promotions, then by other discounts. The rest was paid.

# %%
sorted_by = ["category"] if data.has("products", "category") else channel
split_prices = bool(sorted_by) and not lacks_prices
prices = baskets.prices_by(data, by=sorted_by, **span) if split_prices else now
ax = plots.list_price_parts(prices, lang=reader) if split_prices else None

# %% [markdown] tags=["lang-fr"]
# En nombres :

# %% [markdown] tags=["lang-en"]
# In numbers:

# %%
plots.list_price_table(prices, lang=reader) if not lacks_prices else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Une promotion se juge sur ce qu'elle ajoute (leçon 08) ; une remise hors promotion, sur qui l'accorde et pourquoi. Une part des ventes sous promotion qui monte d'année en année veut dire que les clients ont appris à attendre.

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** A promotion is judged on what it adds (lesson 08); a discount outside one, on who gives it and why. A share of sales on promotion that rises year after year means that customers have learned to wait.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Les ventes perdues, à la main
#
# Un magasin vend des tasses et du thé. Les huit premiers jours, 2 tasses et 10 boîtes de thé par jour. Puis les tasses manquent deux jours, un samedi et un dimanche où le thé part deux fois plus vite.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Lost sales, by hand
#
# A store sells cups and tea. For the first eight days, 2 cups and 10 boxes of tea a day. Then cups are missing for two days, a Saturday and a Sunday on which tea goes twice as fast.

# %% tags=["lesson"]
sold = pd.DataFrame({"day": pd.date_range("2025-03-07", periods=10)})
sold["tea"], sold["cup"] = [10] * 8 + [20] * 2, [2] * 8 + [0] * 2
sold["in_stock"] = [True] * 8 + [False] * 2
sold.tail(4)

# %% [markdown] tags=["lang-fr", "lesson"]
# Trois façons d'estimer les tasses manquées. La moyenne de **tous** les jours compte les ruptures comme des jours sans demande. La moyenne des jours **en stock** oublie que c'était le week‑end. La troisième compare à ce que vendait le reste du magasin ces jours‑là :
#
# $$\hat{d} = \underbrace{\frac{16}{80}}_{\text{en stock}} \times 40$$

# %% [markdown] tags=["lang-en", "lesson"]
# Three ways to estimate the cups missed. The average of **all** days counts stock-outs as days without demand. The average of days **in stock** forgets that it was the weekend. The third compares with what the rest of the store sold on those days:
#
# $$\hat{d} = \underbrace{\frac{16}{80}}_{\text{in stock}} \times 40$$

# %% tags=["lesson"]
here, out = sold[sold.in_stock], sold[~sold.in_stock]
all_days, in_stock = sold.cup.mean() * len(out), here.cup.mean() * len(out)
comparable = here.cup.sum() / here.tea.sum() * out.tea.sum()
reader.number(all_days), reader.number(in_stock), reader.number(comparable)

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque part de la troisième. Préparez ces mêmes jours en tables : les ventes, et le stock de tasses à la clôture de chaque jour.

# %% [markdown] tags=["lang-en", "lesson"]
# The package starts from the third. Prepare these same days as tables: sales, and the stock of cups at the close of each day.

# %% tags=["lesson"]
lines = sold.melt("day", ["tea", "cup"], var_name="product_id", value_name="quantity")
lines = lines[lines.quantity > 0].reset_index(drop=True)
lines["order_id"] = lines["line_id"] = lines.index.astype(str)
orders = lines[["order_id"]].assign(ordered_at=lines.pop("day"), store_id="S1")
stock = pd.DataFrame({"day": sold.day, "product_id": "cup", "location_id": "S1"})
stock["sellable"] = sold.in_stock * 9.0

# %% [markdown] tags=["lang-fr", "lesson"]
# Puis comparez : les unités manquées sont les mêmes, et leur valeur est au prix de vente moyen.

# %% [markdown] tags=["lang-en", "lesson"]
# Then compare: the units missed are the same, and their value is at the average selling price.

# %% tags=["lesson"]
tables = {"orders": orders, "order_lines": lines.assign(unit_price=6.0), "stock": stock}
small = baskets.lost_sales(mk.open_data(tables), start="2025-03-01", end="2025-04-01")
assert abs(small.units - comparable) < 1e-9
assert abs(small.revenue - 6 * comparable) < 1e-9

# %% [markdown] tags=["lang-fr", "lesson"]
# Sur de vraies données s'ajoutent deux corrections : combien ce produit plaît dans **ce** magasin, et ce que changent le **mois** et une **promotion**, observés dans tous les magasins. Là où peu d'unités le disent, la correction reste proche de 1.

# %% [markdown] tags=["lang-en", "lesson"]
# On real data two corrections come on top: how much the product is liked in **this** store, and what the **month** and a **promotion** change, observed in all stores. Where few units tell, the correction stays close to 1.

# %% [markdown] tags=["lang-fr"]
# ## Que coûtent les ruptures ?
#
# Un jour est en rupture quand il ne reste rien à vendre à la clôture. La demande attendue vient de jours comparables : ce que vendaient ce jour‑là les autres produits en stock, rapporté à leur part habituelle, la part du produit quand il était en stock, le lieu, le mois et les promotions.

# %% [markdown] tags=["lang-en"]
# ## What do stock-outs cost?
#
# A day is out of stock when nothing is left to sell at its close. The demand expected comes from comparable days: what the other products in stock sold that day, over their usual share, the share of the product when it was in stock, the place, the month and promotions.

# %%
split = "name" if lost and "name" in lost.cells else "product_id"
losses = baskets.lost_by(lost, by=split) if lost else pd.DataFrame()
ax = plots.lost_revenue(losses, lang=reader) if lost else None
plots.sentences.baskets.where(losses, lang=reader) if lost else None

# %% [markdown] tags=["lang-fr"]
# Les plus fortes pertes, en unités et en valeur :

# %% [markdown] tags=["lang-en"]
# The largest losses, in units and in value:

# %%
plots.lost_table(losses, lang=reader) if lost else None

# %% [markdown] tags=["lang-fr"]
# ### Où, et quand ?
#
# Par lieu de stockage, puis mois par mois.

# %% [markdown] tags=["lang-en"]
# ### Where, and when?
#
# By place of stock, then month by month.

# %%
places = baskets.lost_by(lost, by="location_id") if lost else None
plots.lost_table(places, lang=reader) if lost else None

# %% [markdown] tags=["lang-fr"]
# Un mois de forte perte est souvent celui d'une forte demande, non de plus de ruptures : comparez les deux avant d'accuser l'approvisionnement.

# %% [markdown] tags=["lang-en"]
# A month of heavy losses is often one of strong demand, not of more stock-outs: compare both before you blame supply.

# %%
months = baskets.lost_by(lost, by="month") if lost else pd.DataFrame()
ax = plots.lost_revenue(months, lang=reader) if lost else None

# %% [markdown] tags=["lang-fr"]
# Les commandes sans magasin (en ligne, par téléphone) ne disent pas de quel entrepôt elles partent. On le lit dans le stock : quel entrepôt a laissé sortir, ce jour‑là, ce que la région a acheté ?

# %% [markdown] tags=["lang-en"]
# Orders of no store (online, by phone) do not say which warehouse they leave from. It is read in the stock: which warehouse let out, that day, what the region bought?

# %%
plots.online_places(lost, lang=reader) if lost else None

# %% [markdown] tags=["lang-fr"]
# ### Jusqu'où s'y fier
#
# Ce que l'intervalle contient, et ce qu'il ne peut pas savoir :

# %% [markdown] tags=["lang-en"]
# ### How far to trust it
#
# What the interval holds, and what it cannot know:

# %%
plots.sentences.baskets.limits(lost, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Boréal connaît la vérité : ce que les clients ont demandé et n'ont pas trouvé. L'intervalle la contient‑il, chaque année ?

# %% [markdown] tags=["lang-en", "lesson"]
# Boréal knows the truth: what customers asked for and did not find. Does the interval hold it, each year?

# %% tags=["lesson"]
years = {"2024": "2024-01-01", "2025": "2025-01-01", "2026": "2026-01-01"}
ends = zip(list(years.values())[:2], list(years.values())[1:])
estimates = [baskets.lost_sales(shop, start=first, end=last) for first, last in ends]
rows = [(one.low, one.units, one.high) for one in estimates]
known = pd.DataFrame(rows, index=["2024", "2025"])
known.columns = ["low", "estimate", "high"]
known.assign(truth=pd.Series(mk.truth()["stock_outs"]["unmet_units"])).map(reader.integer)

# %% [markdown] tags=["lang-fr", "lesson"]
# Et ce qui était perdu pour de bon ? La démonstration sait aussi combien ont acheté autre chose. Retirez‑les avant d'annoncer une perte au contrôleur de gestion.

# %% [markdown] tags=["lang-en", "lesson"]
# And what was lost for good? The demo also knows how many bought something else. Take them out before you announce a loss to the controller.

# %% tags=["lesson"]
outs = mk.truth()["stock_outs"]
reader.percent(outs["lost_units"]["2025"] / outs["unmet_units"]["2025"])

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Trouver, noter et choisir un nouveau KPI
#
# Un KPI naît d'une **décision** que personne ne sait prendre, non d'une donnée que l'on possède. Trois questions avant toute formule : qui décide quoi ? quelle valeur le ferait changer d'avis ? qui peut faire bouger le chiffre ? Ici, la décision est « quelles fiches doivent suggérer un complément ? », et le chiffre qui manque : combien de paniers prennent le premier produit d'une vraie paire **sans** le second ?

# %% [markdown] tags=["lang-en", "lesson"]
# ## Find, score and choose a new KPI
#
# A KPI is born of a **decision** that nobody knows how to take, not of data one happens to have. Three questions before any formula: who decides what? which value would change their mind? who can move the number? Here the decision is “which product pages should suggest a complement?”, and the number that is missing: how many baskets take the first product of a true pair **without** the second?

# %% tags=["lesson"]
linked = by_month.pairs[by_month.pairs.verdict == "together"]
alone = linked.first_baskets - linked.together
reader.integer(alone.sum()), reader.percent(alone.sum() / linked.first_baskets.sum())

# %% [markdown] tags=["lang-fr", "lesson"]
# Voilà un candidat : numérateur, dénominateur, unité, et un levier. D'autres attendent. Donnez à chacun trois notes de 1 à 10 : l'**impact** de la décision, la **confiance** dans les données et la formule, la **facilité** à le produire. Le score est leur produit. À la main, pour un candidat noté 8, 5 et 6 :

# %% [markdown] tags=["lang-en", "lesson"]
# Here is a candidate: numerator, denominator, unit, and a lever. Others are waiting. Give each three marks from 1 to 10: the **impact** of the decision, the **confidence** in data and formula, the **ease** of producing it. The score is their product. By hand, for a candidate marked 8, 5 and 6:

# %% tags=["lesson"]
score = 8 * 5 * 6
assert baskets.kpi_priority_score(8, confidence=5, ease=6) == score
reader.integer(score)

# %% [markdown] tags=["lang-fr", "lesson"]
# Notez maintenant six KPI de cette page, comme une équipe l'aurait fait.

# %% [markdown] tags=["lang-en", "lesson"]
# Now mark six KPIs of this page, as a team might have done.

# %% tags=["lesson"]
ids = ["lost_sales_revenue", "price_realisation", "promotion_share", "basket_lift"]
ids += ["cross_sell_rate", "basket_support"]
marks = {"impact": [9, 8, 6, 7, 5, 2], "confidence": [6, 8, 9, 7, 8, 5]}
marks["ease"] = [5, 6, 7, 6, 9, 4]
candidates = pd.DataFrame({"kpi": [mk.dictionary()[id].name[lang] for id in ids], **marks})
ranked = baskets.prioritise(candidates)
plots.priority_table(ranked, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège des notes.** Une note est un avis, à un point près. Que devient le classement si chaque note bouge d'un point ?

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of marks.** A mark is an opinion, give or take a point. What becomes of the ranking if each mark moves by one?

# %% tags=["lesson"]
ranges = plots.priority_ranges(ranked, lang=reader)
plots.sentences.baskets.priorities(ranked, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Le score sert à **écarter** les derniers, non à départager les premiers. Et il a un biais : la facilité y pèse autant que l'impact, si bien que ce que l'on mesure déjà gagne souvent. Relisez l'ordre par impact seul avant de décider.

# %% [markdown] tags=["lang-en", "lesson"]
# The score serves to **drop** the last ones, not to part the first. And it has a bias: ease weighs in it as much as impact, so that what is already measured often wins. Read the order by impact alone before deciding.

# %% tags=["lesson"]
ranked.sort_values(["impact", "score"], ascending=False)[["kpi", "impact", "rank"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Classer par support ou par confiance.** On retrouve les best‑sellers. Le lift, et son intervalle, disent l'affinité.
# - **Croire la plus belle de mille paires.** Corrigez pour toutes celles que vous avez regardées, même celles dont vous ne parlez pas.
# - **Prendre la saison pour un lien.** Comparez des paniers du même mois et, s'il le faut, du même magasin (`within`).
# - **Compter deux fois.** Deux lignes du même produit font un seul panier.
# - **Moyenner des pourcentages de remise.** Divisez une somme par une somme.
# - **Moyenner les jours de rupture.** Un jour sans stock ne dit rien de la demande.
# - **Crier à la perte.** Ce qui manque n'est pas tout perdu, et le chiffre d'affaires perdu n'est pas la marge perdue.
# - **Un KPI sans décision.** Si aucune valeur ne change ce que l'on fera, ne le suivez pas.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Ranking by support or by confidence.** That finds the best sellers. Lift, with its interval, tells affinity.
# - **Believing the finest of a thousand pairs.** Correct for all those you looked at, even those you do not speak of.
# - **Taking the season for a link.** Compare baskets of the same month and, where needed, of the same store (`within`).
# - **Counting twice.** Two lines of one product make one basket.
# - **Averaging discount percentages.** Divide a sum by a sum.
# - **Averaging over stock-out days.** A day without stock says nothing of demand.
# - **Crying loss.** What was missing is not all lost, and revenue lost is not margin lost.
# - **A KPI without a decision.** If no value changes what will be done, do not follow it.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Calculer support, confiance et lift, et les comparer au hasard de paniers comparables.
# - Nommer des paires en corrigeant pour toutes celles que l'on a examinées.
# - Suivre le prix catalogue jusqu'au prix payé, promotions et autres remises séparées.
# - Estimer les ventes perdues par rupture, avec un intervalle qui tient ses promesses.
# - Partir d'une décision pour trouver un KPI, le noter, et savoir ce que ses notes ne disent pas.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Compute support, confidence and lift, and hold them against chance among comparable baskets.
# - Name pairs while correcting for all those that were looked at.
# - Follow the list price to the price paid, promotions and other discounts apart.
# - Estimate sales lost to stock-outs, with an interval that keeps its promise.
# - Start from a decision to find a KPI, score it, and know what its marks do not say.

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
q1, q2, q3, q4, q5, q6 = mk.exercises("11", lang=reader, seed=seed)

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
mk.quiz("11", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Refaites `baskets.pairs` avec `within=["month", "store_id"]`, puis sur la seule année 2025 (`start`). Quelles paires disparaissent, et est‑ce parce qu'elles étaient fausses ?
# 2. **Décider.** D'après la page, quels trois produits recevraient d'abord du stock de sécurité ? De quels chiffres, absents d'ici, avez‑vous besoin pour en fixer la quantité ?
# 3. **Cas.** La direction veut un KPI « taux de suggestion acceptée » affiché chaque lundi. Écrivez sa fiche : décision, formule, source, pièges, qui peut le faire bouger. Puis notez‑le, et dites ce qui vous ferait y renoncer.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Run `baskets.pairs` again with `within=["month", "store_id"]`, then on the year 2025 alone (`start`). Which pairs disappear, and is it because they were false?
# 2. **Decide.** From this page, which three products would get safety stock first? Which figures that are not here do you need to set how much?
# 3. **Case.** Management wants a KPI “suggestions accepted” shown every Monday. Write its entry: decision, formula, source, pitfalls, who can move it. Then mark it, and say what would make you drop it.
