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
# # La commande arrive-t-elle à temps, et à quel prix ?
#
# Trois questions en une : la promesse faite au client est-elle tenue, combien de temps attend-il, et que coûte chaque commande ? Elles tirent l'une contre l'autre : livrer plus vite coûte, aller moins cher casse. Cette page les mesure ensemble, et dit ce que les chiffres permettent de décider.

# %% [markdown] tags=["lang-en"]
# # Does the order arrive on time, and at what price?
#
# Three questions in one: is the promise made to the customer kept, how long do they wait, and what does each order cost? They pull against one another: to deliver faster costs, to go cheaper breaks. This page measures them together, and says what the figures allow one to decide.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez choisir le bon dénominateur d'un taux de ponctualité, mesurer un temps de cycle sans oublier ce qui est encore en route, dire pourquoi des médianes ne s'additionnent pas, séparer ce qui fait le coût d'une commande, et refuser un classement que le hasard suffit à expliquer.
#
# Voici les réglages de la page. `sla_target` est la part de colis à temps que promet l'engagement (rien : aucun n'est connu) ; `balance_by`, ce par quoi l'on compare vitesse, coût et qualité : une région, un canal, la colonne d'un transporteur, `week` ou `month`.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can choose the right denominator of an on-time rate, measure a cycle time without forgetting what is still under way, say why medians do not add up, part what makes the cost of an order, and refuse a ranking that chance is enough to explain.
#
# Here are the settings of the page. `sla_target` is the share of parcels on time that the agreement promises (nothing: none is known); `balance_by`, what speed, cost and quality are compared by: a region, a channel, a carrier's column, `week` or `month`.

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
sla_target = 0.95
balance_by = "region"

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data.

# %%
import numpy as np
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import fulfilment, plots

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr"]
# ## L'essentiel
#
# Les commandes comptent au jour où elles sont passées, les promesses au jour promis, les coûts au jour du départ, le travail au jour où il est fait.

# %% [markdown] tags=["lang-en"]
# ## In short
#
# Orders count on the day they are placed, promises on the day promised, costs on the day of departure, work on the day it is done.

# %%
span = {"start": dates.start, "end": dates.end}
earlier = {"start": dates.previous_start, "end": dates.previous_end}
now = fulfilment.summary(data, **span)
then = None if dates.previous_start is None else fulfilment.summary(data, **earlier)
found = now if then is None else fulfilment.changes(then, now)
lacking = [*fulfilment.lacks_promises(data), *fulfilment.lacks_costs(data)]
plots.sentences.fulfilment.headline(found, lang=reader, **span, lacks=lacking)

# %% [markdown] tags=["lang-fr"]
# Chaque chiffre avec son intervalle, et ce qui a bougé depuis la période de comparaison :

# %% [markdown] tags=["lang-en"]
# Each figure with its interval, and what has moved since the period it is compared with:

# %%
plots.summary_table(found, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Une promesse tenue, à la main
#
# Dix colis promis pour le 5 mars : sept arrivent à temps, un avec deux jours de retard, et deux ne sont **jamais arrivés**. Le onzième est promis pour le 20 avril, et nous sommes le 1ᵉʳ avril.

# %% [markdown] tags=["lang-en", "lesson"]
# ## A promise kept, by hand
#
# Ten parcels promised for 5 March: seven come on time, one is two days late, and two **never came**. The eleventh is promised for 20 April, and today is 1 April.

# %% tags=["lesson"]
came = ["2025-03-04"] * 7 + ["2025-03-07"] + [None] * 3
parcels = pd.DataFrame({"shipment_id": range(11), "order_id": range(11)}).astype(str)
parcels["promised_at"] = pd.to_datetime(["2025-03-05"] * 10 + ["2025-04-20"])
parcels["delivered_at"] = pd.to_datetime(came)
parcels.tail(5)

# %% [markdown] tags=["lang-fr", "lesson"]
# Le taux de livraison à temps divise par ce qui était **promis**, livré ou non :
#
# $$\text{à temps} = \frac{\text{colis livrés au plus tard au moment promis}}{\text{colis promis dans la période, dont la promesse est passée}}$$
#
# Le onzième n'est ni à temps ni en retard : sa promesse n'est pas passée.

# %% [markdown] tags=["lang-en", "lesson"]
# The on-time delivery rate divides by what was **promised**, delivered or not:
#
# $$\text{on time} = \frac{\text{parcels delivered by the promised time}}{\text{parcels promised in the period whose promise has passed}}$$
#
# The eleventh is neither on time nor late: its promise has not passed.

# %% tags=["lesson"]
due = parcels[parcels.promised_at < "2025-04-01"]
by_hand = (due.delivered_at <= due.promised_at).mean()
reader.percent(by_hand)

# %% [markdown] tags=["lang-fr", "lesson"]
# Et si l'on divisait par les colis **livrés** ?

# %% [markdown] tags=["lang-en", "lesson"]
# And if one divided by the parcels **delivered**?

# %% tags=["lesson"]
flattering = (due.delivered_at <= due.promised_at).sum() / due.delivered_at.count()
reader.percent(flattering)

# %% [markdown] tags=["lang-fr", "lesson"]
# Plus on perd de colis, plus ce chiffre est beau. Confiez le calcul à la bibliothèque ; `assert` s'arrête si les deux diffèrent.

# %% [markdown] tags=["lang-en", "lesson"]
# The more parcels one loses, the better that figure. Hand the sum to the package; `assert` stops if the two differ.

# %% tags=["lesson"]
orders = parcels[["order_id"]].assign(ordered_at=pd.Timestamp("2025-03-01"))
orders.loc[10, "ordered_at"] = pd.Timestamp("2025-03-31")
small = mk.open_data({"orders": orders, "shipments": parcels})
assert mk.compute("on_time_delivery_rate", small).iloc[0, 0] == by_hand

# %% [markdown] tags=["lang-fr"]
# ## Les promesses sont-elles tenues ?
#
# À temps, complet, et les deux à la fois (OTIF).

# %% [markdown] tags=["lang-en"]
# ## Are promises kept?
#
# On time, in full, and both at once (OTIF).

# %%
no_promise = fulfilment.lacks_promises(data)
promises = pd.DataFrame() if no_promise else fulfilment.kept_promises(data, **span)
ax = plots.promise_rates(promises, lang=reader, lacks=no_promise)

# %% [markdown] tags=["lang-fr", "lesson"]
# La démonstration connaît la vérité : avec quelle probabilité chaque colis y est à temps, et complet. Les intervalles la contiennent-ils ?

# %% [markdown] tags=["lang-en", "lesson"]
# The demo knows the truth: the probability of each parcel to be on time, and in full. Do the intervals hold it?

# %% tags=["lesson"]
boreal, truth = mk.demo(), mk.truth()["delivery"]
year = {"start": "2025-01-01", "end": "2026-01-01"}
kept = fulfilment.kept_promises(boreal, **year).iloc[0]
assert kept.on_time_low <= truth["on_time"] <= kept.on_time_high
assert kept.on_time_in_full_low <= truth["on_time_in_full"] <= kept.on_time_in_full_high

# %% [markdown] tags=["lang-fr", "lesson"]
# **Pourquoi le jour comme unité ?** Un camion en panne retarde tous les colis d'un jour ensemble : cent colis d'un même jour ne sont pas cent tirages. Faites-en l'essai : quarante jours de vingt colis, dont certains jours sont mauvais, et l'intervalle de Wilson qui l'ignore.

# %% [markdown] tags=["lang-en", "lesson"]
# **Why the day as the unit?** A truck that breaks down delays all the parcels of a day together: a hundred parcels of one day are not a hundred draws. Try it: forty days of twenty parcels, some days being bad, and Wilson's interval, which does not know.

# %% tags=["lesson"]
from marketing_kpi.dispatch.chance import rate_interval
from marketing_kpi.kpis.intervals import wilson

rng = np.random.default_rng(13)
good = rng.binomial(20, rng.choice([0.97, 0.60], (500, 40), p=[0.9, 0.1]))
expected = 0.9 * 0.97 + 0.1 * 0.60

# %% [markdown] tags=["lang-fr", "lesson"]
# Sur cinq cents essais, combien d'intervalles contiennent la vérité : celui qui prend le colis comme unité, puis celui qui prend le jour ?

# %% [markdown] tags=["lang-en", "lesson"]
# Of five hundred tries, how many intervals hold the truth: the one with the parcel as the unit, then the one with the day?

# %% tags=["lesson"]
by_parcel = [wilson(row.sum() / 800, 800) for row in good]
by_day = [rate_interval(row, [20] * 40) for row in good]
[reader.percent(np.mean([a < expected < b for a, b in x])) for x in (by_parcel, by_day)]

# %% [markdown] tags=["lang-fr", "lesson"]
# Le premier se trompe bien plus souvent qu'il ne le dit. Des ennuis qui durent, sur peu de jours, trompent aussi le second : `benchmarks/fulfilment_coverage.md` montre de combien.

# %% [markdown] tags=["lang-en", "lesson"]
# The first is wrong far more often than it says. Trouble that lasts, over few days, misleads the second too: `benchmarks/fulfilment_coverage.md` shows by how much.

# %% [markdown] tags=["lang-fr"]
# ### L'engagement de service
#
# Un engagement (SLA) se compte, il ne s'estime pas : ce qui est dû dépend des colis de la période, pas d'un intervalle. L'intervalle répond à une autre question : l'engagement est-il à portée, à la longue ?

# %% [markdown] tags=["lang-en"]
# ### The service level agreement
#
# An agreement (SLA) is counted, not estimated: what is owed depends on the parcels of the period, not on an interval. The interval answers another question: is the agreement within reach, in the long run?

# %%
months = pd.DataFrame() if no_promise else fulfilment.kept_promises(data, by="month", **span)
is_owed = sla_target is not None and len(months) > 0
agreed = fulfilment.agreement(months, target=sla_target) if is_owed else pd.DataFrame()
plots.sentences.fulfilment.agreement(
    agreed, promises, target=sla_target, lang=reader, lacks=no_promise
)

# %% [markdown] tags=["lang-fr"]
# Mois par mois :

# %% [markdown] tags=["lang-en"]
# Month by month:

# %%
ax = None if months.empty else plots.on_time_track(months, target=sla_target, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Le compte de ce qui est dû :

# %% [markdown] tags=["lang-en"]
# The count of what is owed:

# %%
None if agreed.empty else plots.agreement_table(agreed, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Un mois manqué peut être de la malchance. Voici un transporteur qui tient vraiment 96 %, et six cents colis par mois : combien de mois manque-t-il un engagement de 95 % ? Et celui qui n'en tient que 93 % ?

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** A month missed may be bad luck. Here is a carrier that really keeps 96%, and six hundred parcels a month: how many months does it miss an agreement of 95%? And one that keeps 93% only?

# %% tags=["lesson"]
missed = [(rng.binomial(600, share, 5000) < 0.95 * 600).mean() for share in (0.96, 0.93)]
[reader.percent(share) for share in missed]

# %% [markdown] tags=["lang-fr", "lesson"]
# Le premier paiera des pénalités pour rien, de temps en temps ; le second échappe rarement. Signez un engagement que votre service dépasse de deux points, et mesurez-le sur un trimestre plutôt que sur un mois.

# %% [markdown] tags=["lang-en", "lesson"]
# The first will pay penalties for nothing, now and then; the second rarely escapes. Sign an agreement that your service exceeds by two points, and measure it over a quarter rather than a month.

# %% [markdown] tags=["lang-fr"]
# ### La commande parfaite
#
# À temps, complète, intacte, et dont rien n'est revenu. Les commandes récentes n'y sont pas : leurs retours sont encore en chemin.

# %% [markdown] tags=["lang-en"]
# ### The perfect order
#
# On time, in full, undamaged, and with nothing sent back. Recent orders are not in it: their returns are still on the way.

# %%
no_perfect = fulfilment.lacks_perfect(data)
perfect = pd.DataFrame() if no_perfect else fulfilment.perfect_orders(data, as_of=as_of, **span)
plots.sentences.fulfilment.perfect(perfect, lang=reader, lacks=no_perfect)

# %% [markdown] tags=["lang-fr"]
# Maillon par maillon :

# %% [markdown] tags=["lang-en"]
# Link by link:

# %%
ax = plots.perfect_links(perfect, lang=reader) if len(perfect) else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Si les défauts frappent au hasard, chacun de son côté, la part parfaite est le **produit** des quatre. Vérifiez : un écart dirait que les mêmes commandes cumulent.

# %% [markdown] tags=["lang-en", "lesson"]
# If faults strike at random, each on its own, the perfect share is the **product** of the four. Check: a gap would say that the same orders have several.

# %% tags=["lesson"]
links = fulfilment.perfect_orders(boreal, as_of="2026-01-01", **year).iloc[0]
product = links[["on_time", "in_full", "undamaged", "not_returned"]].prod()
reader.percent(product), reader.percent(links.perfect)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Le temps de cycle, à la main
#
# Trois colis, deux étapes : heures de la commande au départ, puis du départ à la livraison.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Cycle time, by hand
#
# Three parcels, two steps: hours from order to departure, then from departure to delivery.

# %% tags=["lesson"]
steps = pd.DataFrame({"until_shipped": [1.0, 2.0, 9.0], "on_the_road": [9.0, 2.0, 1.0]})
steps["total"] = steps.sum(axis=1)
steps.agg(["median", "mean"])

# %% [markdown] tags=["lang-fr", "lesson"]
# Les **médianes ne s'additionnent pas** : 2 et 2 ne font pas 10, car le colis médian d'une étape n'est pas celui de l'autre. Les **moyennes s'additionnent** : 4 et 4 font 8. Prenez la médiane et le 90ᵉ percentile pour dire ce que vit le client, la moyenne pour répartir le temps entre les étapes. La bibliothèque donne les deux.

# %% [markdown] tags=["lang-en", "lesson"]
# **Medians do not add up**: 2 and 2 do not make 10, since the median parcel of one step is not that of the other. **Means add up**: 4 and 4 make 8. Take the median and the 90th percentile to say what the customer lives through, the mean to share out the time between steps. The package gives both.

# %% tags=["lesson"]
start = pd.Timestamp("2025-01-06")
three = pd.DataFrame({"ordered_at": [start] * 3})
three["shipped_at"] = start + pd.to_timedelta(steps.until_shipped, "h")
three["delivered_at"] = start + pd.to_timedelta(steps.total, "h")
packaged = fulfilment.cycle_time_components(three, as_of="2025-02-01")
assert list(packaged["median"]) == [2, 2, 10] and list(packaged["mean"]) == [4, 4, 8]

# %% [markdown] tags=["lang-fr"]
# ## Combien de temps attend une commande ?
#
# De la commande à la préparation, à l'emballage, à l'expédition, à la livraison.

# %% [markdown] tags=["lang-en"]
# ## How long does an order wait?
#
# From order to pick, to pack, to ship, to delivery.

# %%
no_cycle = fulfilment.lacks_cycle(data)
times = None if no_cycle else fulfilment.parcel_times(data, **span)
parts = pd.DataFrame() if no_cycle else fulfilment.cycle_time_components(times, as_of=as_of)
plots.sentences.fulfilment.components(parts, lang=reader, lacks=no_cycle)

# %% [markdown] tags=["lang-fr"]
# Pour chaque étape, ce que la moitié des colis ne dépasse pas, et ce que neuf sur dix ne dépassent pas :

# %% [markdown] tags=["lang-en"]
# For each step, what half of the parcels do not exceed, and what nine in ten do not:

# %%
ax = None if parts.empty else plots.cycle_components(parts, lang=reader)

# %% [markdown] tags=["lang-fr"]
# En nombres ; la moyenne se répartit entre les étapes :

# %% [markdown] tags=["lang-en"]
# In numbers; the mean is shared out between the steps:

# %%
None if parts.empty else plots.component_table(parts, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce qui est en route compte.** Remontez au 15 décembre : des commandes de la semaine, beaucoup roulent encore. Ne garder que les livrées, c'est ne garder que les rapides. La suite est connue : on peut donc juger les deux méthodes.

# %% [markdown] tags=["lang-en", "lesson"]
# **What is under way counts.** Go back to 15 December: of the week's orders, many are still on the road. To keep the delivered ones only is to keep the fast ones. What came next is known: both methods can be judged.

# %% tags=["lesson"]
week = fulfilment.parcel_times(boreal, start="2025-12-08", end="2025-12-15").to_pandas()
hours = (week.delivered_at - week.ordered_at) / pd.Timedelta(hours=1)
naive = hours[week.delivered_at < "2025-12-15"].median()
fair = fulfilment.order_cycle_time(week, as_of="2025-12-15")["median"].iloc[0]
{"naive": naive, "fair": fair, "true": hours.median()}

# %% [markdown] tags=["lang-fr", "lesson"]
# La première se trompe et toujours du même côté : trop court. La seconde (Kaplan-Meier) fait compter chaque commande en route pour le temps qu'elle a déjà attendu.

# %% [markdown] tags=["lang-en", "lesson"]
# The first is wrong, and always on the same side: too short. The second (Kaplan–Meier) counts each order under way for the time it has waited so far.

# %% tags=["lesson"]
assert naive < fair and abs(fair - hours.median()) < abs(naive - hours.median())

# %% [markdown] tags=["lang-fr"]
# ## Que coûte une commande ?
#
# Transport, emballage et main-d'œuvre des colis partis, par commande expédiée.

# %% [markdown] tags=["lang-en"]
# ## What does an order cost?
#
# Transport, packaging and labour of the parcels that left, an order shipped.

# %%
no_cost = fulfilment.lacks_costs(data)
priced = data.has("shipments", "shipped_at") and bool(fulfilment.told_parts(data))
costs = fulfilment.cost_per_order(data, **span) if priced else pd.DataFrame()
compared = priced and dates.previous_start is not None
old = fulfilment.cost_per_order(data, **earlier) if compared else None
itemised = data.has("order_lines", "quantity") and not no_cost
items = fulfilment.cost_by_items(data, **span) if itemised else pd.DataFrame()
plots.sentences.fulfilment.cost(costs, old, items, lang=reader, lacks=no_cost)

# %% [markdown] tags=["lang-fr"]
# De quoi ce coût est fait :

# %% [markdown] tags=["lang-en"]
# What this cost is made of:

# %%
ax = plots.cost_split(costs, old, lang=reader) if priced else None

# %% [markdown] tags=["lang-fr"]
# ### Ce qui fait le coût
#
# Deux leviers : ce que l'on met dans un colis, et le travail qu'il demande.

# %% [markdown] tags=["lang-en"]
# ### What drives the cost
#
# Two levers: what is put into a parcel, and the work that it asks for.

# %%
ax = plots.cost_by_items(items, lang=reader) if len(items) else None

# %% [markdown] tags=["lang-fr"]
# Le coût du travail d'un colis est un produit : unités par colis, divisées par unités par heure, fois le coût de l'heure. Son changement se partage entre les trois, sans reste.

# %% [markdown] tags=["lang-en"]
# The cost of the work on a parcel is a product: units a parcel, over units an hour, times the cost of an hour. Its change is shared out between the three, with nothing left over.

# %%
worked = data.has("labour", "cost") and not fulfilment.lacks_labour(data) and not no_cycle
paired = worked and compared
moved = [fulfilment.labour_drivers(data, **one) for one in (earlier, span)] if paired else []
effects = fulfilment.labour_change(*moved) if moved else pd.DataFrame()
plots.sentences.fulfilment.work(effects, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Activité par activité :

# %% [markdown] tags=["lang-en"]
# Activity by activity:

# %%
None if effects.empty else plots.labour_table(effects, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Vérifiez : les trois parts s'additionnent jusqu'au KPI **coût de préparation et de livraison par commande**, et les trois effets jusqu'au changement.

# %% [markdown] tags=["lang-en", "lesson"]
# Check: the three parts add up to the KPI **fulfilment cost per order**, and the three effects to the change.

# %% tags=["lesson"]
paid = fulfilment.cost_per_order(boreal, **year).iloc[0]
kpi = mk.compute("fulfilment_cost_per_order", boreal, **year).execute().iloc[0, 0]
assert abs(paid[["transport", "packaging", "labour"]].sum() - kpi) < 1e-6
before = fulfilment.labour_drivers(boreal, start="2024-01-01", end="2025-01-01")
split = fulfilment.labour_change(before, fulfilment.labour_drivers(boreal, **year))
assert np.allclose(split[["by_workload", "by_pace", "by_wage"]].sum(axis=1), split.change)

# %% [markdown] tags=["lang-fr"]
# ## Que fait-on en une heure ?
#
# Lignes préparées, commandes emballées, colis expédiés, par heure de travail.

# %% [markdown] tags=["lang-en"]
# ## What gets done in an hour?
#
# Lines picked, orders packed, parcels shipped, an hour of work.

# %%
no_work = fulfilment.lacks_labour(data)
done = pd.DataFrame() if no_work else fulfilment.productivity(data, **span)
both = not no_work and dates.previous_start is not None
done_before = fulfilment.productivity(data, **earlier) if both else None
ax = plots.productivity_dots(done, done_before, lang=reader, lacks=no_work)

# %% [markdown] tags=["lang-fr", "lesson"]
# La démonstration connaît le rythme de chaque activité. L'intervalle le contient-il ? Et la moyenne des jours, que l'on voit souvent, dit-elle la même chose que le rapport des sommes ?

# %% [markdown] tags=["lang-en", "lesson"]
# The demo knows the pace of each activity. Does the interval hold it? And does the mean of the days, which one often sees, say the same as the ratio of sums?

# %% tags=["lesson"]
pace = fulfilment.productivity(boreal, **year).set_index("activity")
true_pace = pd.Series(mk.truth()["labour"]["units_per_hour"])
assert ((pace.low <= true_pace) & (true_pace <= pace.high)).all()
work = boreal.labour.to_pandas()
picked = work[work.activity == "pick"].astype({"units": float})
[reader.number((picked.units / picked.hours).mean()),
 reader.number(picked.units.sum() / picked.hours.sum())]

# %% [markdown] tags=["lang-fr", "lesson"]
# La moyenne des jours est plus haute : un jour tranquille où tout va vite y pèse autant qu'un jour plein. Divisez les sommes.

# %% [markdown] tags=["lang-en", "lesson"]
# The mean of the days is higher: a quiet day on which all goes fast weighs as much in it as a full one. Divide the sums.

# %% [markdown] tags=["lang-fr"]
# ## Vitesse, coût, qualité
#
# Les trois ensemble, ligne par ligne. Regardez les intervalles avant les points : deux barres qui se recouvrent largement ne font pas un classement.

# %% [markdown] tags=["lang-en"]
# ## Speed, cost, quality
#
# All three together, row by row. Look at the intervals before the dots: two bars that largely overlap make no ranking.

# %%
lacks = fulfilment.lacks_balance(data, by=balance_by)
sides = None if lacks else fulfilment.balance(data, by=balance_by, as_of=as_of, **span)
plots.sentences.fulfilment.balance(sides, lang=reader, lacks=lacks)

# %% [markdown] tags=["lang-fr"]
# Côte à côte :

# %% [markdown] tags=["lang-en"]
# Side by side:

# %%
ax = None if sides is None else plots.service_balance(sides, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Et dans le temps, mois par mois :

# %% [markdown] tags=["lang-en"]
# And over time, month by month:

# %%
no_month = fulfilment.lacks_balance(data, by="month")
by_month = None if no_month else fulfilment.balance(data, by="month", as_of=as_of, **span)
plots.sentences.fulfilment.balance(by_month, lang=reader, lacks=no_month)

# %% [markdown] tags=["lang-fr"]
# La vitesse d'un mois récent compte aussi les commandes pas encore arrivées :

# %% [markdown] tags=["lang-en"]
# The speed of a recent month counts the orders that have not come too:

# %%
ax = None if by_month is None else plots.service_balance(by_month, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Qu'en est-il vraiment ?** Dans la démonstration, la probabilité d'arriver à temps est la même dans toutes les régions ; la promesse est d'un jour plus courte au Québec, et le transport y coûte moins. Le tableau doit donc trouver un écart de vitesse et de coût, et **aucun** de qualité ; entre les canaux, aucun écart du tout.

# %% [markdown] tags=["lang-en", "lesson"]
# **What is true?** In the demo, the probability to come on time is the same in all regions; the promise is a day shorter in Quebec, and transport costs less there. The picture must then find a difference in speed and in cost, and **none** in quality; between channels, no difference at all.

# %% tags=["lesson"]
known = {"as_of": "2026-01-01", **year}
regions = fulfilment.balance(boreal, by="region", **known).equality
channels = fulfilment.balance(boreal, by="channel", **known).equality
assert max(regions[side].p_value for side in ("speed", "cost")) < 0.05
assert regions["quality"].p_value > 0.05
assert min(side.p_value for side in channels.values()) > 0.05

# %% [markdown] tags=["lang-fr", "lesson"]
# Une promesse plus longue rend aussi un mauvais transporteur ponctuel : jugez la qualité **et** la vitesse. Et un écart de coût entre régions dit d'abord la distance, pas le mérite.

# %% [markdown] tags=["lang-en", "lesson"]
# A longer promise makes a bad carrier punctual too: judge quality **and** speed. And a difference in cost between regions tells of distance first, not of merit.

# %% [markdown] tags=["lang-fr"]
# ## Méthode et limites
#
# - **À temps** : colis livrés au plus tard au moment promis, sur les colis promis dont le jour est dans les données ; non livré et échu, c'est en retard. Une promesse sans heure vaut jusqu'au soir.
# - **Temps de cycle** : estimateur de Kaplan et Meier ; une commande en route compte pour le temps déjà attendu. Une commande sans aucune ligne d'expédition n'est pas vue.
# - **Coût** : la main-d'œuvre d'un mois est partagée également entre les colis partis ce mois-là ; elle ne dit rien d'une région ou d'un transporteur.
# - **Intervalles à 95 %**, le jour comme unité. Des ennuis qui durent plusieurs jours sont cherchés sur une semaine ; plus longs, ou sur peu de jours, ils les rendent trop étroits.
# - **Ce que ces données ne disent pas** : pourquoi un colis est en retard, qui en est responsable, et ce qu'un retard coûte en clients perdus.

# %% [markdown] tags=["lang-en"]
# ## Method and limits
#
# - **On time**: parcels delivered by the promised time, over the parcels promised whose day is in the data; undelivered and overdue is late. A promise without a time of day holds until the evening.
# - **Cycle time**: Kaplan and Meier's estimate; an order under way counts for the time it has waited. An order without any shipment row is not seen.
# - **Cost**: the labour of a month is shared equally among the parcels that left in it; it tells nothing of a region or a carrier.
# - **95% intervals**, days as the unit. Trouble that lasts is looked for over a week; longer, or over few days, it makes them too narrow.
# - **What these data do not tell**: why a parcel is late, who is to blame, and what lateness costs in lost customers.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Diviser par les colis livrés** : les colis perdus disparaissent, et le taux monte.
# - **Compter les promesses de demain** : seules les livraisons en avance en sont connues, et le taux est trop beau.
# - **Additionner des médianes** ou des percentiles.
# - **Ne garder que les commandes livrées** pour mesurer un délai : il paraît plus court qu'il n'est.
# - **Faire la moyenne des productivités des jours** au lieu de diviser les sommes.
# - **Comparer deux semaines** dont les intervalles se recouvrent, et féliciter l'une.
# - **Vanter la vitesse sans la qualité**, ou le coût sans les deux autres.
# - **Allonger la promesse** pour améliorer la ponctualité : le client attend autant.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Dividing by the parcels delivered**: those that were lost disappear, and the rate rises.
# - **Counting tomorrow's promises**: only early deliveries are known of them, and the rate is too good.
# - **Adding up medians** or percentiles.
# - **Keeping delivered orders only** to measure a time: it looks shorter than it is.
# - **Averaging the productivity of days** instead of dividing the sums.
# - **Comparing two weeks** whose intervals overlap, and praising one.
# - **Boasting of speed without quality**, or of cost without both others.
# - **Lengthening the promise** to improve punctuality: the customer waits as long.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Choisir le dénominateur d'un taux de ponctualité, et ce que devient un colis perdu.
# - Distinguer ce qu'un engagement doit de ce qu'un service tiendrait à la longue.
# - Mesurer un délai en comptant ce qui est en route, et le répartir entre ses étapes.
# - Séparer les parts du coût d'une commande, et les effets qui le font bouger.
# - Lire vitesse, coût et qualité ensemble, sans classer ce que le hasard sépare.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Choose the denominator of an on-time rate, and what becomes of a lost parcel.
# - Tell what an agreement owes from what a service would keep in the long run.
# - Measure a time counting what is under way, and share it out between its steps.
# - Part the cost of an order, and the effects that move it.
# - Read speed, cost and quality together, without ranking what chance sets apart.

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
q1, q2, q3, q4, q5, q6 = mk.exercises("13", lang=reader, seed=seed)

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
mk.quiz("13", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Relancez la page avec `balance_by = "week"`. Pourquoi la page refuse-t-elle de dire quelle semaine fut la meilleure ? Que faudrait-il pour le savoir ?
# 2. **Décider.** Un transporteur propose de livrer un jour plus tôt pour 0,90 $ de plus par colis. Quels chiffres de cette page regardez-vous, et quelle expérience (leçon 04) montez-vous avant de signer ?
# 3. **Cas.** Le responsable de l'entrepôt veut une prime sur la productivité de préparation. Écrivez-lui trois phrases : ce que vous mesurerez, avec quel autre indicateur, et sur quelle durée.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Run the page again with `balance_by = "week"`. Why does the page refuse to say which week was the best? What would it take to know?
# 2. **Decide.** A carrier offers to deliver a day sooner for $0.90 more a parcel. Which figures of this page do you look at, and which experiment (lesson 04) do you set up before you sign?
# 3. **Case.** The warehouse manager wants a bonus on pick productivity. Write three sentences to them: what you will measure, with which other indicator, and over how long.
