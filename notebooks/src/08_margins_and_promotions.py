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
# # Que reste‑t‑il d'une vente, et que changent les promotions ?
#
# Vendre plus n'est pas gagner plus. Cette page suit chaque vente jusqu'au résultat, dit ce qu'il faut vendre pour payer les coûts fixes, et mesure ce que les promotions ont **vraiment** changé : ce qui se serait vendu sans elles n'est pas un gain.

# %% [markdown] tags=["lang-en"]
# # What is left of a sale, and what do promotions change?
#
# To sell more is not to earn more. This page follows each sale down to the result, says what must be sold to pay the fixed costs, and measures what promotions **really** changed: what would have sold without them is no gain.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez passer du taux de marque au taux de marge, répartir une remise ou une dépense au centime près, calculer un seuil de rentabilité, et dire d'une promotion ce qu'elle a gagné, ce qu'elle a pris ailleurs, et ce que l'on ne peut pas savoir.
#
# Voici les réglages de la page.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can go from margin to markup, share a discount or an expense out to the cent, compute a break-even, and say of a promotion what it gained, what it took from elsewhere, and what cannot be known.
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
from marketing_kpi import margins, plots

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)
span = {"start": dates.start, "end": dates.end}

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Deux taux pour une même marge, à la main
#
# Trois ventes : un sac acheté 60 et vendu 100, une gourde achetée 10 et vendue 25, une tente achetée 150 et vendue 200. Calculez la marge de chacune.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Two rates for one profit, by hand
#
# Three sales: a bag bought at 60 and sold at 100, a bottle bought at 10 and sold at 25, a tent bought at 150 and sold at 200. Work out the profit of each.

# %% tags=["lesson"]
lines = pd.DataFrame({"order_id": ["1", "1", "2"], "line_id": ["1", "2", "1"]})
lines["product_id"] = ["bag", "bottle", "tent"]
lines["quantity"] = [1, 1, 1]
lines["unit_price"], lines["unit_cost"] = [100.0, 25.0, 200.0], [60.0, 10.0, 150.0]
lines["profit"] = lines.unit_price - lines.unit_cost
lines

# %% [markdown] tags=["lang-fr", "lesson"]
# Le même profit se rapporte au **prix** (taux de marque, l'anglais *margin*) ou au **coût** (taux de marge, l'anglais *markup*) :
#
# $$\text{marque} = \frac{p - c}{p} \qquad \text{marge} = \frac{p - c}{c} = \frac{\text{marque}}{1 - \text{marque}}$$

# %% [markdown] tags=["lang-en", "lesson"]
# The same profit is divided by the **price** (margin, in French *taux de marque*) or by the **cost** (markup, *taux de marge*):
#
# $$\text{margin} = \frac{p - c}{p} \qquad \text{markup} = \frac{p - c}{c} = \frac{\text{margin}}{1 - \text{margin}}$$

# %% tags=["lesson"]
lines["on_price"] = lines.profit / lines.unit_price
lines["on_cost"] = lines.profit / lines.unit_cost
lines[["product_id", "profit", "on_price", "on_cost"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# La gourde a le plus fort taux et rapporte le moins. Pour l'ensemble, divisez les **sommes** : la moyenne des trois taux donnerait à la gourde le poids de la tente.

# %% [markdown] tags=["lang-en", "lesson"]
# The bottle has the highest rate and brings least. For the whole, divide the **sums**: the average of the three rates would give the bottle the weight of the tent.

# %% tags=["lesson"]
assert (lines.on_cost - lines.on_price / (1 - lines.on_price)).abs().max() < 1e-12
rate = lines.profit.sum() / lines.unit_price.sum()
reader.percent(rate), reader.percent(lines.on_price.mean())

# %% [markdown] tags=["lang-fr", "lesson"]
# Confiez le calcul à la bibliothèque, puis vérifiez que les deux s'accordent.

# %% [markdown] tags=["lang-en", "lesson"]
# Hand the sum to the package, then check that the two agree.

# %% tags=["lesson"]
day = pd.to_datetime(["2025-01-10", "2025-01-20"])
two = pd.DataFrame({"order_id": ["1", "2"], "ordered_at": day})
sold = lines.drop(columns=["profit", "on_price", "on_cost"])
small = mk.open_data({"orders": two, "order_lines": sold})
whole = margins.margins_by(small, start="2025-01-01", end="2025-02-01")
assert abs(whole.gross_margin_rate[0] - rate) < 1e-12
assert abs(whole.markup_rate[0] - lines.profit.sum() / lines.unit_cost.sum()) < 1e-12

# %% [markdown] tags=["lang-fr"]
# ## Ce que les ventes laissent
#
# La marge brute, une fois la marchandise payée. Seules comptent les lignes dont le coût est connu.

# %% [markdown] tags=["lang-en"]
# ## What sales leave
#
# The gross profit, once the goods are paid. Only lines whose cost is known count.

# %%
lacks = margins.lacking(data, "margin")
whole = pd.DataFrame() if lacks else margins.margins_by(data, **span)
alone = dates._replace(previous_start=None, previous_end=None)
about = {"gap": margins.longest_gap(data, periods=alone), "lang": reader}
plots.sentences.margins.kept(whole, lacks=lacks, **about, **span)

# %% [markdown] tags=["lang-fr"]
# ### Par catégorie
#
# Les deux taux côte à côte : le rond divise par le prix, le losange par le coût. Ils disent la même chose sur deux bases ; demandez toujours laquelle.

# %% [markdown] tags=["lang-en"]
# ### By category
#
# The two rates side by side: the dot divides by the price, the diamond by the cost. They say the same on two bases; always ask which.

# %%
lacks_category = margins.lacking(data, "margin", by=["category"])
told = not lacks_category
categories = margins.margins_by(data, by=["category"], **span) if told else pd.DataFrame()
ax = None if lacks else plots.margin_rates(categories, lang=reader, lacks=lacks_category)
plots.sentences.margins.spread(categories, lang=reader)

# %% [markdown] tags=["lang-fr"]
# En nombres, de la plus forte marge brute à la plus faible :

# %% [markdown] tags=["lang-en"]
# In numbers, from the highest gross profit down:

# %%
about = {"lang": reader, "id": "margins_by_category"}
plots.margin_table(categories, **about) if len(categories) else None

# %% [markdown] tags=["lang-fr"]
# ### Par produit et par canal
#
# Les produits qui rapportent le plus ne sont pas toujours ceux qui ont le plus fort taux. Le classeur d'un rapport les contient tous.

# %% [markdown] tags=["lang-en"]
# ### By product and by channel
#
# The products that bring most are not always those with the highest rate. The workbook of a report holds all of them.

# %%
product = "name" if data.has("products", "name") else "product_id"
by_product = not margins.lacking(data, "margin", by=[product])
products = margins.margins_by(data, by=[product], **span) if by_product else pd.DataFrame()
plots.margin_table(products, lang=reader, id="margins_by_product") if by_product else None

# %% [markdown] tags=["lang-fr"]
# Et par canal, avant les coûts de livraison :

# %% [markdown] tags=["lang-en"]
# And by channel, before delivery costs:

# %%
by_channel = not margins.lacking(data, "margin", by=["channel"])
channels = margins.margins_by(data, by=["channel"], **span) if by_channel else pd.DataFrame()
plots.margin_table(channels, lang=reader, id="margins_by_channel") if by_channel else None

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Répartir une remise au centime près
#
# Une commande de trois articles à 10 porte un code de 10 de remise. Un tiers chacun fait 3,33 : il manque un centime. La règle des **plus forts restes** arrondit chaque part vers le bas, puis donne les centimes qui manquent à ceux que l'arrondi a le plus lésés.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Sharing a discount out to the cent
#
# An order of three items at 10 carries a code worth 10 off. A third each makes 3.33: a cent is missing. The rule of **largest remainders** rounds each part down, then gives the missing cents to those that lost most by rounding.

# %% tags=["lesson"]
exact = pd.Series([10 / 3] * 3, index=["a", "b", "c"])
down = (exact * 100) // 1 / 100
round(10 - down.sum(), 2)

# %% [markdown] tags=["lang-fr", "lesson"]
# Un centime reste à donner. À restes égaux, il faut une règle écrite, ou deux équipes trouveront deux marges : ici, d'abord la ligne la plus chère, puis la plus petite clé, jamais l'ordre du fichier.

# %% [markdown] tags=["lang-en", "lesson"]
# One cent is left to give. Between equal remainders a written rule is needed, or two teams find two margins: here the dearest line first, then the smallest key, never the order of the file.

# %% tags=["lesson"]
shared = margins.share_out(10.0, [10, 10, 10], keys=["a", "b", "c"])
assert shared == [down["a"] + 0.01, down["b"], down["c"]]
assert margins.share_out(10.0, [10, 10, 10], keys=["c", "b", "a"]) == shared[::-1]

# %% [markdown] tags=["lang-fr", "lesson"]
# Avec des prix différents, la remise suit les prix : 20 sur le sac et la gourde de la première commande.

# %% [markdown] tags=["lang-en", "lesson"]
# With different prices, the discount follows them: 20 off the bag and the bottle of the first order.

# %% tags=["lesson"]
pieces = margins.allocate(lines, pd.Series({"1": 20.0}), weight="unit_price")
assert pieces.sum() == 20
lines[["product_id", "unit_price"]].assign(discount=pieces)

# %% [markdown] tags=["lang-fr"]
# ## De la marge brute au résultat
#
# La marge brute doit encore payer la livraison, les paiements et les promotions : ce qui reste, la **marge contributive**, paie les coûts fixes. La remise n'y figure pas, car les ventes nettes la comptent déjà.

# %% [markdown] tags=["lang-en"]
# ## From the gross profit to the result
#
# The gross profit has yet to pay for delivery, payments and promotions: what is left, the **contribution margin**, pays the fixed costs. The discount is not in it, since net sales are already after it.

# %%
levels = pd.DataFrame() if lacks else margins.levels(data, **span)
costs = {"unknown": None if lacks else margins.unknown_costs(data, **span), "lang": reader}
plots.sentences.margins.steps(levels, **costs) if len(levels) else None

# %% [markdown] tags=["lang-fr"]
# La même chose, pour 100 de ventes nettes :

# %% [markdown] tags=["lang-en"]
# The same, for each 100 of net sales:

# %%
ax = None if lacks else plots.sales_split(levels, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Les mêmes étapes, en monnaie :

# %% [markdown] tags=["lang-en"]
# The same steps, in money:

# %%
plots.level_table(levels, lang=reader) if len(levels) else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Vérifiez que les étapes sont bien les KPI du dictionnaire.

# %% [markdown] tags=["lang-en", "lesson"]
# Check that the steps are the KPIs of the dictionary.

# %% tags=["lesson"]
demo, year = mk.demo(), {"start": "2025-01-01", "end": "2026-01-01"}
steps = margins.levels(demo, **year).set_index("step").amount
kpis = mk.compute(["gross_profit", "contribution_margin"], demo, **year).to_pandas().iloc[0]
assert all(abs(float(kpis[name]) - steps[name]) < 0.005 for name in kpis.index)

# %% [markdown] tags=["lang-fr"]
# ### Quel canal contribue ?
#
# Chaque coût va aux lignes qui l'ont causé : les frais et les colis d'une commande à ses lignes, au prorata de leurs ventes ; la dépense d'une promotion aux lignes vendues sous cette promotion. Seules comptent les ventes dont tous les coûts sont connus. Les parts redonnent le total au centime près.

# %% [markdown] tags=["lang-en"]
# ### Which channel contributes?
#
# Each cost goes to the lines that caused it: an order's fees and parcels to its lines, in proportion to their sales; a promotion's spending to the lines sold on it. Only sales whose costs are all known count. The parts add up to the total, to the cent.

# %%
lacks_costs = margins.lacking(data, "contribution", by=["channel"])
told = not lacks_costs
parts = margins.contribution_by(data, by=["channel"], **span) if told else pd.DataFrame()
about = {"id": "contribution_by_channel", "lacks": lacks_costs, "lang": reader}
None if lacks else plots.contribution_table(parts, **about)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Deux canaux au même taux de marque peuvent contribuer très différemment, une fois les colis payés. La somme des parts est la marge contributive de la boutique, quelle que soit la façon de couper.

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** Two channels with the same margin on price may contribute very differently once parcels are paid. The parts add up to the shop's contribution margin, however it is cut.

# %% tags=["lesson"]
cuts = [margins.contribution_by(demo, by=[by], **year) for by in ("channel", "category")]
totals = [cut.contribution_margin.sum() for cut in cuts]
assert all(abs(total - steps.contribution_margin) < 0.005 for total in totals)
(cuts[0].set_index("channel").contribution_margin_rate).map(reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Le seuil de rentabilité, à la main
#
# Un mois de 30 jours : 1 000 de ventes, 700 de coûts variables, 240 de coûts fixes. Chaque dollar vendu laisse 30 cents ; combien en faut‑il pour payer 240 ?
#
# $$S = \frac{F}{m} \qquad \text{jours} = \frac{S}{V} \times J$$

# %% [markdown] tags=["lang-en", "lesson"]
# ## Break-even, by hand
#
# A month of 30 days: 1,000 of sales, 700 of variable costs, 240 of fixed costs. Each dollar sold leaves 30 cents; how many does it take to pay 240?
#
# $$S = \frac{F}{m} \qquad \text{days} = \frac{S}{V} \times J$$

# %% tags=["lesson"]
rate = (1000 - 700) / 1000
revenue = 240 / rate
revenue, revenue / 1000 * 30

# %% [markdown] tags=["lang-fr"]
# ## Quand les coûts fixes sont‑ils payés ?
#
# Le seuil de rentabilité est le chiffre d'affaires à partir duquel la boutique gagne de l'argent ; le point mort en jours suppose des ventes égales chaque jour, ce que la saison dément.

# %% [markdown] tags=["lang-en"]
# ## When are fixed costs paid?
#
# The break-even revenue is that from which the shop makes money; the break-even in days supposes equal sales every day, which the season belies.

# %%
lacks_fixed = margins.lacking(data, "break_even")
cuts_a_month = dates.start.day != 1 or dates.end.day != 1
threshold = None if lacks_fixed or cuts_a_month else margins.break_even(data, **span)
ax = None if lacks else plots.break_even_lines(threshold, lang=reader, lacks=lacks_fixed)
plots.sentences.margins.break_even(threshold, lang=reader) if threshold else None

# %% [markdown] tags=["lang-fr"]
# La contribution, jour après jour, jusqu'à ce qu'elle ait payé les coûts fixes de tous les mois comptés :

# %% [markdown] tags=["lang-en"]
# The contribution, day after day, until it has paid the fixed costs of all the months counted:

# %%
ax = plots.break_even_calendar(threshold, lang=reader) if threshold else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège du taux de marque.** Diviser les coûts fixes par le taux de marque oublie la livraison et les paiements : de combien le seuil paraîtrait‑il plus bas ?

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of the gross margin rate.** To divide fixed costs by the gross margin rate forgets delivery and payments: how much lower would the threshold look?

# %% tags=["lesson"]
known = margins.break_even(demo, **year)
wrong = known.fixed_costs / (steps.gross_profit / steps.net_sales)
reader.money(known.revenue - wrong, decimals=0)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce qu'une remise demande
#
# À 50 % de marque, un article à 100 laisse 50. À 30 % de remise, il laisse 20 : il faut en vendre deux fois et demie autant pour gagner autant, donc 150 % **de plus**.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What a discount asks for
#
# At a 50% margin, an item at 100 leaves 50. At 30% off it leaves 20: two and a half times as many must sell to earn as much, that is 150% **more**.

# %% tags=["lesson"]
usual, reduced = 100 - 50, 70 - 50
assert margins.needed_lift(discount=0.30, margin_rate=0.50) == usual / reduced - 1
rates, discounts = [0.3, 0.4, 0.5, 0.6], [0.1, 0.2, 0.3]
needed = [[margins.needed_lift(discount=d, margin_rate=m) for d in discounts] for m in rates]
shown = pd.DataFrame(needed, index=rates, columns=discounts).map(reader.percent)
shown.rename(index=reader.percent, columns=reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce qui se serait vendu sans la promotion
#
# Le gain se mesure contre une **référence** : ce que les mêmes produits auraient vendu. Les semaines d'avant ne la donnent pas : la saison change, et la semaine d'avant Noël n'est pas celle d'après. Voici l'idée, à la main : la part de ces produits dans ce que vendent les **autres rayons**. Si elle est de 10 % d'ordinaire et que les autres rayons vendent 900 pendant la promotion, on attendait 90.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What would have sold without the promotion
#
# The gain is measured against a **baseline**: what the same products would have sold. The weeks before do not give it: the season changes, and the week before Christmas is not the one after. Here is the idea, by hand: these products' share of what the **other shelves** sell. If it is usually 10% and the other shelves sell 900 during the promotion, 90 were to be expected.

# %% tags=["lesson"]
weeks = pd.DataFrame({"own": [80, 85, 210, 60], "others": [800, 850, 900, 750]})
weeks.index = ["1", "2", "promotion", "after"]
usual = weeks.own[["1", "2"]].sum() / weeks.others[["1", "2"]].sum()
weeks["baseline"] = usual * weeks.others
weeks.assign(extra=weeks.own - weeks.baseline)

# %% [markdown] tags=["lang-fr", "lesson"]
# La promotion a vendu 120 unités de plus, et 15 manquent la semaine d'après : elles ont été **avancées**. Reste ce que les **substituts** ont perdu (la cannibalisation), ce que d'autres rayons ont gagné (le **halo**), et la marge de chacun. La marge incrémentale additionne le tout.

# %% [markdown] tags=["lang-en", "lesson"]
# The promotion sold 120 units more, and 15 are missing the week after: they were **pulled forward**. There remain what **substitutes** lost (cannibalisation), what other shelves gained (the **halo**), and the margin of each. The incremental margin adds it all up.

# %% tags=["lesson"]
observed, baseline, lost, ahead = 210 * 20.0, 90 * 50.0, 30 * 45.0, 15 * 50.0
money = {"displaced": lost + ahead, "cost": 300.0, "supplier_funding": 500.0}
gain = margins.promotion_incremental_margin(observed=observed, baseline=baseline, **money)
assert gain == observed - baseline - lost - ahead - 300 + 500
gain, margins.cannibalisation_rate(lost_units=30, extra_units=120)

# %% [markdown] tags=["lang-fr"]
# ## Que changent les promotions ?
#
# Pour chaque promotion de la période : ce que ses produits ont vendu, moins ce qu'ils auraient vendu, d'après leur part habituelle des ventes des autres rayons.

# %% [markdown] tags=["lang-en"]
# ## What do promotions change?
#
# For each promotion of the period: what its products sold, less what they would have sold, from their usual share of the sales of other shelves.

# %%
lacks_promotions = margins.lacking(data, "promotions")
study = None if lacks_promotions else margins.promotions(data, **span)
plots.sentences.margins.promotions(study, lang=reader, lacks=lacks_promotions)

# %% [markdown] tags=["lang-fr"]
# Une barre tout entière sous zéro dit que la promotion a perdu. Tout entière au‑dessus, elle dit qu'elle a gagné, une fois connues les semaines d'après, où manquent les achats avancés. Une barre qui touche zéro ne permet pas de trancher.

# %% [markdown] tags=["lang-en"]
# A bar wholly below zero says that the promotion lost. One wholly above says that it earned, once the weeks after are known, where what customers bought ahead is missing. A bar that touches zero does not let you tell.

# %%
ax = plots.promotion_margins(study, lang=reader) if study else None

# %% [markdown] tags=["lang-fr"]
# Le détail. « Hausse nécessaire » est celle qui aurait laissé autant de marge sur ces produits, au prix de la promotion.

# %% [markdown] tags=["lang-en"]
# The details. "Lift needed" is the one that would have left as much margin on these products, at the promotion's price.

# %%
plots.promotion_table(study, lang=reader) if study else None

# %% [markdown] tags=["lang-fr"]
# Et en unités, ce qui fait ces marges :

# %% [markdown] tags=["lang-en"]
# And in units, what makes these margins:

# %%
plots.promotion_unit_table(study, lang=reader) if study else None

# %% [markdown] tags=["lang-fr"]
# ### Une promotion de près
#
# Celle qui a ajouté le plus d'unités, semaine par semaine. La bande dit jusqu'où le hasard et la saison auraient pu porter les ventes sans elle.

# %% [markdown] tags=["lang-en"]
# ### One promotion up close
#
# The one that added most units, week by week. The band says how far chance and season could have taken sales without it.

# %%
ax = plots.promotion_track(study, lang=reader) if study else None
plots.sentences.margins.track(study, lang=reader) if study else None

# %% [markdown] tags=["lang-fr"]
# ### Toutes ensemble
#
# Une seule promotion est courte ; plusieurs ensemble en disent plus. Une barre qui touche zéro ne permet pas de trancher.

# %% [markdown] tags=["lang-en"]
# ### All of them together
#
# A single promotion is short; several together say more. A bar that touches zero does not let you tell.

# %%
ax = plots.promotion_rates(study, lang=reader) if study else None

# %% [markdown] tags=["lang-fr"]
# **Méthode et limites.** La référence s'apprend sur les jours sans promotion de ces produits, en tenant compte de la saison, des jours de la semaine, de la tendance, des ruptures de stock et des autres promotions. Une promotion de toute la boutique n'a rien à quoi se comparer. Une promotion qui revient chaque année aux mêmes dates cache la saison : l'intervalle est alors large. Le halo est laissé hors de la marge, car rien ne dit quelles commandes la promotion a fait venir : on n'en connaît que des bornes, de « aucune » à « une par unité en plus ». Un halo relève aussi les rayons auxquels on compare, donc la référence : les unités en plus sont alors un peu sous‑estimées.

# %% [markdown] tags=["lang-en"]
# **Method and limits.** The baseline is learned on days without a promotion of these products, with account of season, week days, trend, stock-outs and other promotions. A promotion of the whole shop has nothing to be compared with. A promotion that comes back every year on the same dates hides the season, and its interval is wide. The halo is left out of the margin, since nothing tells which orders the promotion brought: only bounds of it are known, from "none" to "one for each extra unit". A halo also raises the shelves compared with, and so the baseline: extra units are then a little low.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## La vérité de la démonstration
#
# La boutique de démonstration est simulée : on y sait quelles unités doivent leur vente à la promotion. Quelle part des intervalles contient la vérité ?

# %% [markdown] tags=["lang-en", "lesson"]
# ## The demo's truth
#
# The demo shop is simulated: it is known there which units owe their sale to the promotion. What share of the intervals holds the truth?

# %% tags=["lesson"]
known = margins.promotions(demo, start="2023-01-01", end="2026-01-01")
units = pd.DataFrame(mk.truth()["promotions"]["promotions"]).set_index("promotion_id")
true = units[["switched_units", "pulled_forward_units", "halo_units"]]
true = true.set_axis(["lost", "pulled", "halo"], axis="columns")
true = true.assign(extra=units.incremental_units + units.switched_units)

# %% [markdown] tags=["lang-fr", "lesson"]
# Un intervalle à 95 % manque la vérité une fois sur vingt : c'est ce qu'on lui demande.

# %% [markdown] tags=["lang-en", "lesson"]
# A 95% interval misses the truth one time in twenty: that is what is asked of it.

# %% tags=["lesson"]
measured = known.promotions.set_index("promotion_id").loc[true.index]
ends = {n: (measured[n + "_low"], measured[n + "_high"]) for n in true.columns}
inside = pd.DataFrame({n: true[n].between(*ends[n]) for n in true.columns})
inside.mean().map(reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# Et que donnerait la comparaison naïve, les 28 jours d'avant contre ceux de la promotion ? Voici, en médiane, l'erreur de chaque méthode en part de la vérité.

# %% [markdown] tags=["lang-en", "lesson"]
# And what would the naive comparison give, the 28 days before against those of the promotion? Here is the median error of each method, as a share of the truth.

# %% tags=["lesson"]
track = known.tracks.merge(measured[["starts_on", "days"]], on="promotion_id")
near = (track.week < track.starts_on) & (track.week >= track.starts_on - pd.Timedelta(days=28))
before = track[near].groupby("promotion_id").units.mean() / 7 * measured.days
guesses = pd.DataFrame({"naive": measured.units - before, "baseline": measured.extra})
errors = guesses.sub(true.extra, axis=0).div(true.extra, axis=0)
errors.abs().median().map(reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Marque et marge.** 40 % de marque font 66,7 % de marge. Un fournisseur qui promet « 50 % de marge » doit dire sur quelle base.
# - **La moyenne des taux.** Elle donne à une gourde le poids d'une tente. Divisez les sommes.
# - **Compter la remise deux fois.** Elle est déjà dans les ventes nettes ; le coût de la promotion, c'est l'affichage.
# - **Arrêter un produit « déficitaire » après une part du loyer.** Tant qu'il contribue, il aide à le payer.
# - **Comparer aux semaines d'avant.** C'est mesurer la saison.
# - **Oublier la suite.** Les unités avancées manquent après ; les substituts ont vendu moins, souvent à plein prix.
# - **Féliciter la hausse.** Une hausse de 100 % perd de l'argent si la remise en demandait 150.
# - **Conclure d'une seule promotion.** L'intervalle contient souvent zéro : gardez des magasins sans promotion et comparez (leçons 04 et 05).

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Margin and markup.** A 40% margin is a 66.7% markup. A supplier who promises "50%" must say on what base.
# - **The average of rates.** It gives a bottle the weight of a tent. Divide the sums.
# - **Counting the discount twice.** Net sales are already after it; the cost of the promotion is the display.
# - **Dropping a product that "loses money" after a share of the rent.** As long as it contributes, it helps to pay it.
# - **Comparing with the weeks before.** That measures the season.
# - **Forgetting what follows.** Units pulled forward are missing later; substitutes sold less, often at full price.
# - **Applauding the lift.** A lift of 100% loses money if the discount asked for 150.
# - **Concluding from one promotion.** The interval often holds zero: keep stores without the promotion and compare (lessons 04 and 05).

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Distinguer taux de marque et taux de marge, et passer de l'un à l'autre.
# - Répartir une remise, des frais et une dépense sans perdre un centime.
# - Lire la marge contributive, le seuil de rentabilité et le point mort en jours.
# - Dire de combien les ventes doivent monter pour payer une remise.
# - Mesurer une promotion contre sa référence, avec ce qu'elle déplace et ce qu'on ignore.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Tell margin from markup, and go from one to the other.
# - Share out a discount, fees and an expense without losing a cent.
# - Read the contribution margin and the break-even in revenue and in days.
# - Say how far sales must rise to pay for a discount.
# - Measure a promotion against its baseline, with what it displaces and what is not known.

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
q1, q2, q3, q4, q5, q6 = mk.exercises("08", lang=reader, seed=seed)

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
mk.quiz("08", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Relancez la page avec `as_of = "2025-02-10"`. Quelles promotions perdent leurs « manquantes ensuite », et pourquoi est‑ce une bonne chose ?
# 2. **Décider.** D'après le tableau des promotions, laquelle referiez‑vous, à quelle remise et sur quels produits ? Que demanderiez‑vous au fournisseur ?
# 3. **Cas.** La direction veut refaire le « Vendredi fou » parce que « les ventes ont triplé ». Pourquoi cette page ne peut‑elle pas le juger ? Proposez, en cinq phrases, une façon de le mesurer l'an prochain (leçons 04 et 05).

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Run the page again with `as_of = "2025-02-10"`. Which promotions lose their "missing afterwards", and why is that a good thing?
# 2. **Decide.** From the table of promotions, which one would you run again, at what discount and on which products? What would you ask the supplier?
# 3. **Case.** Management wants to run the "Vendredi fou" again because "sales tripled". Why can this page not judge it? In five sentences, propose a way to measure it next year (lessons 04 and 05).
