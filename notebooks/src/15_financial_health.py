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
# # De l'étiquette à la caisse : que reste-t-il ?
#
# Un article affiché à 100 n'en laisse pas 100 : il y a la remise, le retour, le geste commercial, le paiement contesté. Cette page suit l'argent jusqu'au bout : ce qui part et pourquoi, ce que les clients de l'an dernier laissent encore, ce que valent les litiges, et si la comptabilité dit la même chose.

# %% [markdown] tags=["lang-en"]
# # From the price tag to the till: what is left?
#
# An item marked 100 does not leave 100: there is the discount, the return, the credit, the disputed payment. This page follows the money to the end: what leaves and why, what last year's customers still bring, what disputes are worth, and whether the accounts say the same.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez construire une cascade du brut au net qui tombe juste au cent, lire une rétention de revenus avec son intervalle sans la comparer à celle d'un abonnement, juger un taux de litiges sur des mois mûrs, et expliquer un écart avec le grand livre.
#
# Voici les réglages de la page. `dispute_cost` est ce que coûte la défense d'un litige ; `ripe_days`, le nombre de jours après une commande au bout duquel les contestations sont arrivées.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can build a waterfall from gross to net that is right to the cent, read revenue retention with its interval without comparing it with a subscription's, judge a chargeback rate on ripe months, and explain a gap with the ledger.
#
# Here are the settings of the page. `dispute_cost` is what it costs to fight one dispute; `ripe_days`, the number of days after an order by which disputes have come.

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
dispute_cost = 25.0
ripe_days = 120

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data.

# %%
import numpy as np
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import finance, plots

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Du brut au net, à la main
#
# Un mois, trois ventes : deux lampes affichées à 60 et payées 50, un vase à 40, un tapis à 100. Le vase revient ; le tapis a une tache, et la cliente le garde contre 15 ; la banque du premier client reprend son paiement de 100, et le litige est perdu.

# %% [markdown] tags=["lang-en", "lesson"]
# ## From gross to net, by hand
#
# One month, three sales: two lamps marked 60 and sold for 50, a vase at 40, a rug at 100. The vase comes back; the rug has a stain, and the customer keeps it against 15; the first customer's bank takes back the payment of 100, and the dispute is lost.

# %% tags=["lesson"]
lines = pd.DataFrame({"order_id": ["1", "2", "3"], "line_id": "1", "quantity": [2, 1, 1]})
lines["list_price"], lines["unit_price"] = [60.0, 40.0, 100.0], [50.0, 40.0, 100.0]
back = pd.DataFrame({"return_id": ["a", "b"], "order_id": ["2", "3"], "line_id": "1"})
back["kind"], back["refund_amount"] = ["return", "allowance"], [40.0, 15.0]
disputes = pd.DataFrame({"chargeback_id": ["x"], "order_id": ["1"], "amount": [100.0]})
disputes["outcome"] = ["lost"]
lines

# %% [markdown] tags=["lang-fr", "lesson"]
# Les revenus nets retirent des ventes brutes tout ce qui n'est pas resté :
#
# $$\text{revenus nets} = \underbrace{\sum_i q_i\,p^{\text{catalogue}}_i}_{\text{ventes brutes}} - \text{remises} - \text{retours} - \text{gestes} - \text{litiges perdus}$$

# %% [markdown] tags=["lang-en", "lesson"]
# Net revenue takes off gross sales all that did not stay:
#
# $$\text{net revenue} = \underbrace{\sum_i q_i\,p^{\text{list}}_i}_{\text{gross sales}} - \text{discounts} - \text{returns} - \text{allowances} - \text{lost disputes}$$

# %% tags=["lesson"]
gross = (lines.quantity * lines.list_price).sum()
discounts = (lines.quantity * (lines.list_price - lines.unit_price)).sum()
by_hand = gross - discounts - back.refund_amount.sum() - disputes.amount.sum()
reader.money(gross), reader.money(by_hand)

# %% [markdown] tags=["lang-fr", "lesson"]
# Sur 260 $ affichés, 85 $ sont restés. Confiez le calcul à la bibliothèque et vérifiez que les deux s'accordent : `assert` s'arrête s'ils diffèrent. Chaque montant y compte à **sa** date : celle de la vente, du retour, de la contestation.

# %% [markdown] tags=["lang-en", "lesson"]
# Of $260 marked, $85 stayed. Hand the sum to the package and check that the two agree: `assert` stops if they differ. Each amount counts at **its own** date: that of the sale, of the return, of the dispute.

# %% tags=["lesson"]
orders_of_three = pd.DataFrame({"order_id": ["1", "2", "3"]})
orders_of_three["ordered_at"] = pd.Timestamp("2025-01-08")
back["returned_at"] = disputes["opened_at"] = orders_of_three.ordered_at[0]
tables = {"orders": orders_of_three, "order_lines": lines, "returns": back}
small = mk.open_data({**tables, "chargebacks": disputes})
january = {"start": "2025-01-01", "end": "2025-02-01"}
steps_by_hand = finance.bridge(small, **january)
assert steps_by_hand.level.iloc[-1] == by_hand
steps_by_hand

# %% [markdown] tags=["lang-fr"]
# ## Que reste-t-il des ventes brutes ?
#
# Chaque déduction est comptée à sa propre date, comme dans les livres : les retours de janvier peuvent venir des ventes de décembre.

# %% [markdown] tags=["lang-en"]
# ## What is left of gross sales?
#
# Each deduction counts at its own date, as in the books: January's returns may come from December's sales.

# %%
span = {"start": dates.start, "end": dates.end}
sold = mk.explain("net_sales", data) is None
lacks = finance.lacks_bridge(data)
steps = finance.bridge(data, **span) if sold else pd.DataFrame({"step": [], "amount": []})
less = finance.paid_less(data, **span)
plots.sentences.finance.headline(steps, lang=reader, less=less, lacks=lacks, **span)

# %% [markdown] tags=["lang-fr"]
# La cascade se lit de haut en bas : chaque barre hachurée retire quelque chose de ce qui précède.

# %% [markdown] tags=["lang-en"]
# Read the waterfall from the top down: each hatched bar takes something off what comes before.

# %%
ax = plots.net_bridge(steps, lang=reader) if sold else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Deux KPI du dictionnaire sont dans cette cascade : les **revenus nets**, son dernier étage, et les **fuites de revenus**, la somme de ce qu'elle retire. Vérifiez, au cent près.

# %% [markdown] tags=["lang-en", "lesson"]
# Two KPIs of the dictionary are in this waterfall: **net revenue**, its last floor, and **revenue leakage**, the sum of what it takes off. Check, to the cent.

# %% tags=["lesson"]
year = {"start": "2025-01-01", "end": "2026-01-01"}
boreal = mk.demo()
known = finance.bridge(boreal, **year).set_index("step").amount
row = mk.compute(["net_revenue", "revenue_leakage"], boreal, **year).execute().iloc[0]
assert round(known.net_revenue, 2) == round(float(row.net_revenue), 2)
assert round(known.gross_sales - known.net_revenue, 2) == round(float(row.revenue_leakage), 2)

# %% [markdown] tags=["lang-fr"]
# ### Qu'est-ce qui a bougé ?
#
# Les revenus nets changent pour deux raisons : on vend plus ou moins, ou l'on déduit une autre part de ce que l'on vend. Le tableau sépare les deux ; elles s'additionnent.

# %% [markdown] tags=["lang-en"]
# ### What moved?
#
# Net revenue changes for two reasons: more or less is sold, or another share of what is sold is taken off. The table separates the two; they add up.

# %%
earlier = {"start": dates.previous_start, "end": dates.previous_end}
compared = not lacks and finance.is_compared(data, dates)
old = finance.bridge(data, **earlier) if compared else None
change = finance.bridge_change(old, steps) if compared else pd.DataFrame()
spans = (earlier, span) if compared else ()
rates = [finance.deduction_rates(data, of=finance.share_of(old, steps), **one) for one in spans]
rates = finance.rate_changes(*rates) if compared else None
about = {"periods": dates, "lang": reader}
about["unpriced"] = finance.unpriced(data, periods=dates) if compared else None
about["listed"] = finance.listed(old, steps) if compared else None
about["gap"] = finance.longest_gap(data, periods=dates)
None if lacks else plots.sentences.finance.moved(change, rates, **about)

# %% [markdown] tags=["lang-fr"]
# Étape par étape :

# %% [markdown] tags=["lang-en"]
# Step by step:

# %%
plots.bridge_table(change, lang=reader) if compared else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Une déduction qui croît comme les ventes ne demande rien ; une déduction dont le **taux** monte demande une cause, si le hasard seul ne l'explique pas : quelques gros paniers rendus suffisent à faire bouger un taux. Ici, on connaît la vérité : la probabilité d'un retour n'a pas changé d'une année à l'autre dans la démonstration, et l'intervalle contient bien 0. À la main, pour les retours : l'effet des ventes est le montant d'avant, grossi comme les ventes ; le reste est l'effet du taux.

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** A deduction that grows as sales do asks for nothing; one whose **rate** rises asks for a cause, unless chance alone explains it: a few large baskets sent back are enough to move a rate. Here the truth is known: the probability of a return did not change from one year to the next in the demo, and the interval does hold 0. By hand, for returns: the effect of sales is the amount before, grown as sales grew; the rest is the effect of the rate.

# %% tags=["lesson"]
past = finance.bridge(boreal, start="2024-01-01", end="2025-01-01").set_index("step").amount
grown = past.refunds * known.gross_sales / past.gross_sales
reader.money(grown - past.refunds), reader.money(known.refunds - grown)

# %% [markdown] tags=["lang-fr"]
# ## D'où viennent les fuites ?
#
# Chaque montant parti a une **cause première** : la promotion d'une remise, le motif d'un retour, d'un geste ou d'un litige. Rangées de la plus grosse à la plus petite, quelques-unes font presque tout : c'est un **diagramme de Pareto**.

# %% [markdown] tags=["lang-en"]
# ## Where do the leaks come from?
#
# Each amount that left has a **root cause**: the promotion of a discount, the reason of a return, a credit or a dispute. Sorted from the largest to the smallest, a few make nearly all: that is a **Pareto chart**.

# %%
untold = finance.lacks_causes(data)
causes = pd.DataFrame() if untold else finance.root_causes(data, **span)
about = {"lacks": untold, "untold": finance.untold_causes(data)}
plots.sentences.finance.causes(causes, lang=reader, less=less, **about)

# %% [markdown] tags=["lang-fr"]
# Attaquez d'abord la plus grosse barre foncée dont une équipe tient la cause.

# %% [markdown] tags=["lang-en"]
# Work first on the largest dark bar whose cause a team can mend.

# %%
ax = None if causes.empty else plots.leak_pareto(causes, lang=reader)

# %% [markdown] tags=["lang-fr"]
# En nombres, avec combien de fois chaque cause a joué :

# %% [markdown] tags=["lang-en"]
# In numbers, with how often each cause was at work:

# %%
None if causes.empty else plots.leak_table(causes, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Une fuite n'est pas toujours une perte.** Un retour « défectueux » se corrige chez le fournisseur ; « a changé d'avis » est en partie le prix de la vente à distance. Une remise a pu faire la vente : la leçon 08 le mesure. Et le découpage décide du classement : réunissez les promotions en une seule cause, et la première n'est plus la même.

# %% [markdown] tags=["lang-en", "lesson"]
# **A leak is not always a loss.** A "defective" return is mended at the supplier's; "changed their mind" is in part the price of selling at a distance. A discount may have made the sale: lesson 08 measures that. And the way one cuts decides the ranking: put promotions together as one cause, and the first is no longer the same.

# %% tags=["lesson"]
found = finance.root_causes(boreal, **year)
found.groupby("cause").amount.sum().sort_values(ascending=False).map(reader.money)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que les clients de l'an dernier laissent encore, à la main
#
# Cinq clients, leurs revenus nets de l'an dernier (`before`) et de cette année (`now`). `e` est nouvelle : elle n'est pas de la **base**.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What last year's customers still bring, by hand
#
# Five customers, their net revenue of last year (`before`) and of this year (`now`). `e` is new: she is not of the **base**.

# %% tags=["lesson"]
five = pd.DataFrame({"customer_id": list("abcde")})
five["before"], five["now"] = [100.0, 200, 100, 100, 0], [160.0, 120, 0, 100, 90]
base = five[five.before > 0]
base

# %% [markdown] tags=["lang-fr", "lesson"]
# La **rétention nette** divise ce que la base laisse maintenant par ce qu'elle laissait. La **rétention brute** plafonne chaque client à ce qu'il laissait : elle ignore ceux qui achètent davantage.
#
# $$\text{nette} = \frac{\sum_{c \in B} r_c}{\sum_{c \in B} r^0_c} \qquad \text{brute} = \frac{\sum_{c \in B} \min(r_c, r^0_c)}{\sum_{c \in B} r^0_c}$$

# %% [markdown] tags=["lang-en", "lesson"]
# **Net retention** divides what the base brings now by what it brought. **Gross retention** caps each customer at what they brought: it ignores those who buy more.
#
# $$\text{net} = \frac{\sum_{c \in B} r_c}{\sum_{c \in B} r^0_c} \qquad \text{gross} = \frac{\sum_{c \in B} \min(r_c, r^0_c)}{\sum_{c \in B} r^0_c}$$

# %% tags=["lesson"]
net = base.now.sum() / base.before.sum()
gross_kept = base[["now", "before"]].min(axis=1).sum() / base.before.sum()
reader.percent(net), reader.percent(gross_kept)

# %% [markdown] tags=["lang-fr", "lesson"]
# La différence entre les deux est ce que `a` achète en plus ; ce qui manque à la brute, ce que `b` achète en moins et le départ de `c`. La bibliothèque donne les mêmes, avec cette décomposition.

# %% [markdown] tags=["lang-en", "lesson"]
# The difference between the two is what `a` buys more; what gross lacks, what `b` buys less and the departure of `c`. The package gives the same, with this breakdown.

# %% tags=["lesson"]
kept_by_hand = finance.retention_of(five)
assert list(kept_by_hand[["net_retention", "gross_retention"]].iloc[0]) == [net, gross_kept]
kept_by_hand[["before", "expansion", "contraction", "churn", "now"]]

# %% [markdown] tags=["lang-fr"]
# ## Que laissent cette année les clients de l'an dernier ?
#
# La base : les clients dont les revenus nets des 12 mois précédents dépassent zéro. Les ventes sans client connu n'y sont pas.

# %% [markdown] tags=["lang-en"]
# ## What do last year's customers bring this year?
#
# The base: customers whose net revenue of the 12 months before is above zero. Sales without a known customer are left out.

# %%
nobody = finance.lacks_kept(data)
kept = pd.DataFrame() if nobody else finance.revenue_retention(data, as_of=as_of)
years = pd.DataFrame() if nobody else finance.year_on_year(data, as_of=as_of)
plots.sentences.finance.retention(kept, years, lang=reader, lacks=nobody)

# %% [markdown] tags=["lang-fr"]
# Chaque point a son intervalle : de combien le hasard seul, celui des clients que l'on a eus, déplace-t-il le chiffre ?

# %% [markdown] tags=["lang-en"]
# Each dot has its interval: how far does chance alone, that of the customers one happened to have, move the figure?

# %%
told = not nobody and len(kept) > 0
ax = plots.retention_rates(kept, lang=reader) if told else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Pourquoi un tel intervalle ?** Quelques clients dépensent vingt fois plus que les autres, et le rapport de deux sommes suit leurs caprices. L'erreur type habituelle d'un rapport (méthode delta) suppose une cloche ; l'intervalle de **Fieller** demande quels rapports un test ne refuserait pas. Essayez les deux là où l'on connaît la vérité : 60 clients tirés au sort dans la démonstration, cent fois.

# %% [markdown] tags=["lang-en", "lesson"]
# **Why such an interval?** A few customers spend twenty times what others do, and a ratio of two sums follows their whims. The usual standard error of a ratio (the delta method) supposes a bell; **Fieller's** interval asks which ratios a test would not refuse. Try both where the truth is known: draw 60 customers of the demo, a hundred times.

# %% tags=["lesson"]
population = finance.base_customers(boreal, as_of="2026-01-01")
draws = [population.sample(60, replace=True, random_state=n) for n in range(100)]
found = pd.concat([finance.retention_of(one) for one in draws], ignore_index=True)

# %% [markdown] tags=["lang-fr", "lesson"]
# Combien d'intervalles contiennent le rapport de toute la population ? D'abord la méthode delta, puis Fieller.

# %% [markdown] tags=["lang-en", "lesson"]
# How many intervals hold the ratio of the whole population? First the delta method, then Fieller.

# %% tags=["lesson"]
truth, ratio = population.now.sum() / population.before.sum(), found.net_retention
away = [(one.now - r * one.before).std() / one.before.mean() for one, r in zip(draws, ratio)]
by_delta = (ratio - truth).abs() <= 1.96 * pd.Series(away) / 60**0.5
by_fieller = (found.net_retention_low <= truth) & (truth <= found.net_retention_high)
reader.percent(by_delta.mean()), reader.percent(by_fieller.mean())

# %% [markdown] tags=["lang-fr", "lesson"]
# Cent tirages ne situent une part qu'à quatre points près : ils ne départagent pas les deux. `benchmarks/revenue_retention.md` en fait des milliers, sur des dépenses plus ou moins extrêmes : Fieller y tient sa promesse, l'autre non.
#
# **Boutique ou abonnement ?** Une entreprise à abonnement vise une rétention nette de plus de 100 % : ses clients paient chaque mois tant qu'ils ne partent pas. Voici mille abonnés à 10 $ par mois dont 2 % partent chaque mois, et mille clients d'une boutique qui achètent en moyenne une fois par an, au hasard, **sans que personne ne parte jamais**.

# %% [markdown] tags=["lang-en", "lesson"]
# A hundred draws place a share within four points only: they do not decide between the two. `benchmarks/revenue_retention.md` makes thousands, on spending more or less extreme: there Fieller keeps its promise, the other does not.
#
# **Shop or subscription?** A subscription business aims at net retention above 100%: its customers pay every month until they leave. Here are a thousand subscribers at $10 a month of whom 2% leave each month, and a thousand customers of a shop who buy once a year on average, at random, **without anyone ever leaving**.

# %% tags=["lesson"]
rng = np.random.default_rng(15)
stayed = rng.geometric(0.02, 1000)
members = 10 * pd.DataFrame({"before": stayed.clip(max=12), "now": (stayed - 12).clip(0, 12)})

# %% [markdown] tags=["lang-fr", "lesson"]
# La boutique, où chaque achat vaut 60 $, puis les deux côte à côte :

# %% [markdown] tags=["lang-en", "lesson"]
# The shop, where each purchase is worth $60, then both side by side:

# %% tags=["lesson"]
shoppers = 60.0 * pd.DataFrame(rng.poisson(1, (1000, 2)), columns=["before", "now"])
both = [finance.retention_of(one).iloc[0] for one in (members, shoppers)]
both = pd.DataFrame(both, index=["subscription", "shop"])
both[["net_retention", "gross_retention", "kept_share"]].map(reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# La boutique dont personne ne part paraît plus malade que l'abonnement qui perd un cinquième de ses clients par an : un acheteur qui n'a rien acheté cette année n'est pas parti, il n'a pas eu l'occasion. Comparez donc une boutique **à elle-même**, d'une année à l'autre. La démonstration connaît la vérité : parmi les clients actifs, quelle part a vraiment quitté la boutique en 2025, et quelle part n'a simplement rien laissé ?

# %% [markdown] tags=["lang-en", "lesson"]
# The shop that nobody leaves looks sicker than the subscription that loses a fifth of its customers a year: a shopper who bought nothing this year has not left, there was no occasion. So compare a shop **with itself**, from one year to the next. The demo knows the truth: of active customers, which share really left the shop in 2025, and which simply brought nothing?

# %% tags=["lesson"]
silent = 1 - finance.retention_of(population)[["kept_share", "kept_high", "kept_low"]].iloc[0]
assert silent.kept_high <= mk.truth()["attrition"]["observed_2025_limit"] <= silent.kept_low
reader.percent(silent.kept_share), reader.percent(mk.truth()["attrition"]["left_2025"])

# %% [markdown] tags=["lang-fr"]
# ### D'une année à l'autre, en montants
#
# La même chose en montants, avec ce que la rétention ne voit pas : les clients qui n'avaient rien laissé l'an dernier, et les ventes sans client connu. Les étapes s'additionnent.

# %% [markdown] tags=["lang-en"]
# ### From one year to the next, in amounts
#
# The same in amounts, with what retention does not see: customers who brought nothing the year before, and sales without a known customer. The steps add up.

# %%
ax = plots.revenue_years(years, lang=reader) if told else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Vérifiez : les deux bouts sont le KPI **revenus nets** des deux années, et la base y laisse la rétention nette du dictionnaire.

# %% [markdown] tags=["lang-en", "lesson"]
# Check: both ends are the KPI **net revenue** of the two years, and the base brings the net retention of the dictionary.

# %% tags=["lesson"]
steps_of_year = finance.year_on_year(boreal, as_of="2026-01-01").set_index("step")
amounts = steps_of_year.amount.round(2)
names = ["net_revenue_retention", "gross_revenue_retention"]
kpis = mk.compute(names, boreal, **year).execute()
whole = finance.retention_of(population).iloc[0]
assert round(amounts.drop("now").sum(), 2) == amounts.now == known.net_revenue
assert abs(kpis.net_revenue_retention[0] - whole.net_retention) < 1e-9
assert abs(kpis.gross_revenue_retention[0] - whole.gross_retention) < 1e-9

# %% [markdown] tags=["lang-fr"]
# ### Selon le mois d'entrée
#
# La base se partage selon le mois où chaque client y apparaît.

# %% [markdown] tags=["lang-en"]
# ### By month of entry
#
# The base splits by the month in which each customer first appears in it.

# %%
cohorts = finance.revenue_retention(data, as_of=as_of, by="cohort") if told else pd.DataFrame()
ax = plots.retention_cohorts(cohorts, lang=reader) if told else None
plots.sentences.finance.cohorts(cohorts, lang=reader) if told else None

# %% [markdown] tags=["lang-fr"]
# Les montants de chaque mois d'entrée :

# %% [markdown] tags=["lang-en"]
# The amounts of each month of entry:

# %%
plots.retention_table(cohorts, lang=reader) if told else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège de la base courte.** Les entrés de décembre dépassent 100 % : non qu'ils soient fidèles, mais un mois d'achats y est comparé à douze. Comparez donc chaque mois d'entrée au même mois de l'année d'avant.

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of the short base.** December's entrants exceed 100%: not that they are loyal, but a month of purchases is compared with twelve. So compare each month of entry with the same month of the year before.

# %% tags=["lesson"]
days = ("2025-01-01", "2026-01-01")
runs = {at: finance.revenue_retention(boreal, as_of=at, by="cohort") for at in days}
by_month = {at: one.net_retention.set_axis(one.cohort.dt.month) for at, one in runs.items()}
pd.DataFrame(by_month).map(lambda rate: reader.percent(rate, decimals=0))

# %% [markdown] tags=["lang-fr"]
# ## Combien de commandes sont contestées ?
#
# Une **rétrofacturation** arrive des semaines après la commande. Un mois dont les contestations peuvent encore venir est trop jeune pour être jugé : son point est creux.

# %% [markdown] tags=["lang-en"]
# ## How many orders are disputed?
#
# A **chargeback** comes weeks after the order. A month whose disputes may still come is too young to be judged: its dot is hollow.

# %%
mute = finance.lacks_disputes(data)
about = {"as_of": as_of, "ripe_days": ripe_days}
months = pd.DataFrame() if mute else finance.chargebacks_by(data, by="month", **span, **about)
closed = months.month[months.ripe].max() + pd.offsets.MonthBegin(1) if len(months) else None
until = {"start": dates.start, "end": closed.date()} if pd.notna(closed) else None
ripe = finance.chargebacks_by(data, **until, **about) if until else pd.DataFrame()
delays = None if mute else finance.dispute_delays(data, **about)
plots.sentences.finance.disputes(months, ripe, delays, lang=reader, lacks=mute)

# %% [markdown] tags=["lang-fr"]
# Un mois compte peu de litiges : tant que sa barre touche les tirets, il ne se distingue pas des autres.

# %% [markdown] tags=["lang-en"]
# A month holds few disputes: as long as its bar touches the dashes, it does not stand apart from the others.

# %%
overall = ripe.rate.iloc[0] if len(ripe) else None
ax = None if mute else plots.disputes_by_month(months, overall=overall, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège du dernier mois.** Il paraît toujours meilleur. Refaites la page d'octobre 2025 (`as_of`), puis relisez les mêmes mois de commande au 1er janvier : ceux qui étaient jeunes ont pu monter, aucun n'a baissé.

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of the last month.** It always looks better. Make the page of October 2025 again (`as_of`), then read the same months of order on 1 January: those that were young may have risen, none has fallen.

# %% tags=["lesson"]
same = {"start": "2025-05-01", "end": "2025-10-01", "by": "month"}
days = ("2025-10-01", "2026-01-01")
then, now = (finance.chargebacks_by(boreal, as_of=day, **same) for day in days)
assert (now.disputed >= then.disputed).all()
pd.DataFrame({"then": then.disputed, "now": now.disputed}).set_axis(then.month.dt.date)

# %% [markdown] tags=["lang-fr", "lesson"]
# Dans la démonstration, une commande en ligne est contestée avec une probabilité connue, et aucune commande en magasin ne l'est. Sur trois ans, l'intervalle du site contient-il cette vérité ?

# %% [markdown] tags=["lang-en", "lesson"]
# In the demo, an online order is disputed with a known probability, and no order in a store is. Over three years, does the site's interval hold that truth?

# %% tags=["lesson"]
three_years = {"start": "2023-01-01", "end": "2026-01-01"}
channels = finance.chargebacks_by(boreal, by="channel", as_of="2026-01-01", **three_years)
share = mk.truth()["chargebacks"]["share_of_online_orders"]
online = channels[channels.channel != "store"]
assert ((online.low <= share) & (share <= online.high)).all()
channels[["channel", "orders", "disputed", "low", "high"]].round(4)

# %% [markdown] tags=["lang-fr"]
# ### Qui gagne, et que vaut la défense ?
#
# Les litiges sont peu nombreux : la page prend tout ce que les données contiennent jusqu'à la fin de la période. Les commandes frauduleuses n'y sont pas.

# %% [markdown] tags=["lang-en"]
# ### Who wins, and what is fighting worth?
#
# Disputes are few: the page takes all that the data hold up to the end of the period. Fraudulent orders are left out.

# %%
ever = {"start": "1900-01-01", "end": dates.end}
disputed = pd.DataFrame() if mute else finance.dispute_outcomes(data, **ever)
None if mute else plots.sentences.finance.outcomes(disputed, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Par motif :

# %% [markdown] tags=["lang-en"]
# By reason:

# %%
reasons = not mute and data.has("chargebacks", "reason")
by_reason = finance.dispute_outcomes(data, by="reason", **ever) if reasons else pd.DataFrame()
plots.dispute_table(by_reason, lang=reader) if reasons else None

# %% [markdown] tags=["lang-fr"]
# Défendre un litige coûte, qu'on le gagne ou non : preuve de livraison, échanges, une heure de travail. Les frais de la banque, dus dans les deux cas, n'entrent pas dans ce choix.

# %% [markdown] tags=["lang-en"]
# Fighting a dispute costs money, won or not: proof of delivery, messages, an hour of work. The bank's fee, due either way, does not enter this choice.

# %%
fought = None if mute else finance.fighting(data, cost=dispute_cost, **ever)
ax = plots.fighting_gain(fought, lang=reader) if fought and fought.won else None
None if mute else plots.sentences.finance.fighting(fought, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main : défendre un litige de montant $a$ rapporte $p\,a - c$ en moyenne, où $p$ est le taux de litiges gagnés et $c$ le coût. Le seuil est $c / p$. La vérité de la démonstration pour $p$ est-elle dans l'intervalle ?

# %% [markdown] tags=["lang-en", "lesson"]
# By hand: fighting a dispute over an amount $a$ brings $p\,a - c$ on average, where $p$ is the win rate and $c$ the cost. The threshold is $c / p$. Does the interval hold the demo's truth for $p$?

# %% tags=["lesson"]
case = finance.fighting(boreal, cost=25, **three_years)
threshold = 25 / (case.won / case.decided)
assert abs(threshold - case.break_even) < 1e-9
assert case.win_low <= mk.truth()["chargebacks"]["win_probability"] <= case.win_high
reader.money(threshold), reader.money(25 / mk.truth()["chargebacks"]["win_probability"])

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Le taux observé est une estimation, et le seuil avec lui : les litiges qui dépassent la borne haute se défendent sans hésiter, ceux sous la borne basse se remboursent. Entre les deux, testez.
#
# ## Rapprocher du grand livre, à la main
#
# La finance inscrit pour juin 60 $ de remboursements, et 100 $ pour juillet. Nos retours disent 80 $ et 80 $ ; le reste concorde. Le revenu de juin est donc trop haut de 20 $ au grand livre, et celui de juillet trop bas d'autant :
#
# $$\text{écart} = \text{grand livre} - \text{nos données}$$

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** The rate observed is an estimate, and so is the threshold: disputes above its high end are fought without hesitation, those below its low end refunded. In between, test.
#
# ## Reconciling with the ledger, by hand
#
# Finance enters $60 of refunds for June, and $100 for July. Our returns say $80 and $80; the rest agrees. So June's revenue is $20 too high in the ledger, and July's too low by as much:
#
# $$\text{gap} = \text{ledger} - \text{our data}$$

# %% tags=["lesson"]
book = pd.DataFrame({"month": pd.to_datetime(["2025-06-01", "2025-07-01"] * 2)})
book["account"] = ["refunds", "refunds", "revenue", "revenue"]
book["ledger"], book["ours"] = [60.0, 100.0, 940.0, 900.0], [80.0, 80.0, 920.0, 920.0]
book["gap"] = book.ledger - book.ours
book

# %% [markdown] tags=["lang-fr", "lesson"]
# L'écart du revenu découle de celui des remboursements : on ne l'explique pas deux fois. Et ce que juin a de trop peu, juillet le rend : c'est une affaire de **date**. La bibliothèque liste chaque écart une fois, avec ce que les chiffres montrent de sa raison.

# %% [markdown] tags=["lang-en", "lesson"]
# Revenue's gap follows from that of refunds: it is not explained twice. And what June has too little of, July gives back: it is a matter of **timing**. The package lists each gap once, with what the figures show of its reason.

# %% tags=["lesson"]
listed = finance.gaps(book).found
assert listed.reason.tolist() == ["timing", "timing"] and listed.gap.tolist() == [-20, 20]
listed[["month", "account", "gap", "on_revenue", "reason"]]

# %% [markdown] tags=["lang-fr"]
# ## La comptabilité dit-elle la même chose ?
#
# Le grand livre est tenu par mois et par compte ; nos chiffres viennent des commandes, quand leur revenu est comptabilisé, des retours et des litiges. La page compare les mois entiers de la période et de celle d'avant.

# %% [markdown] tags=["lang-en"]
# ## Do the accounts say the same?
#
# The ledger is kept by month and account; our figures come from orders, when their revenue is recognised, from returns and from disputes. The page compares the whole months of the period and of the one before.

# %%
silence = finance.lacks_books(data)
booked = [] if silence else finance.compared_months(dates)
bounds = {"start": booked[0][0], "end": booked[-1][1]} if booked else {}
ways = ("recognised", "ordered") if booked else ()
books = [finance.reconciliation(data, **bounds, at=at) for at in ways]
gaps = finance.gaps(books[0], ordered=books[1], months=booked) if booked else None
plots.sentences.finance.books(gaps, lang=reader, lacks=silence)

# %% [markdown] tags=["lang-fr"]
# Le revenu, mois par mois :

# %% [markdown] tags=["lang-en"]
# Revenue, month by month:

# %%
ax = plots.ledger_gaps(gaps, lang=reader) if gaps else None

# %% [markdown] tags=["lang-fr"]
# Chaque écart, une fois. Un décalage et une écriture manuelle se lisent dans les chiffres ; le reste dit de quel côté chercher, et se demande.

# %% [markdown] tags=["lang-en"]
# Each gap, once. Timing and an entry by hand show in the figures; the rest says on which side to look, and has to be asked.

# %%
plots.gap_table(gaps, lang=reader) if gaps else None

# %% [markdown] tags=["lang-fr", "lesson"]
# La vérité est connue : ces écarts, et ceux-là seuls, ont été mis dans le grand livre de la démonstration. Les a-t-on tous, et rien d'autre ? Lisez ensuite les vraies raisons (`why`) : la dernière, une provision, aucune donnée ne pouvait la dire.

# %% [markdown] tags=["lang-en", "lesson"]
# The truth is known: these gaps, and these alone, were put into the demo's ledger. Are all of them found, and nothing else? Then read the true reasons (`why`): the last, a provision, no data could tell.

# %% tags=["lesson"]
stated = pd.DataFrame(mk.truth()["ledger"]["gaps"])
seen = finance.gaps(finance.reconciliation(boreal, **three_years)).found
assert seen.gap.tolist() == stated.amount.tolist()
assert seen.month.astype(str).tolist() == stated.month.tolist()
assert seen.account.tolist() == stated.account.tolist()
stated.assign(reason=seen.reason)[["account", "amount", "reason", "why"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Additionner des flottants.** Mille prix en cents ne s'additionnent pas juste en virgule flottante ; l'argent se compte en nombres exacts, et un écart d'un cent se voit.
# - **Compter au prix payé une ligne sans prix catalogue** : elle paraît vendue sans remise, et le taux de remise baisse là où seules les données ont changé.
# - **Ranger chaque retour dans le mois de sa vente** : des mois déjà clos changeraient. Pour juger un produit, si ; pour les revenus, chaque déduction a sa date.
# - **Lire la nette sans la brute.** Quelques gros clients cachent bien des départs.
# - **Comparer une boutique à un abonnement**, ou les entrés de décembre à ceux de janvier.
# - **Féliciter le dernier mois** de son peu de litiges : ils arrivent encore.
# - **Ne défendre que les litiges sûrs** : le taux monte, l'argent non. Jugez le gain, non le taux.
# - **Clore un rapprochement à l'année.** Deux erreurs qui se compensent restent deux erreurs.
# - **Tenir le plus gros poste pour le plus urgent.** Une fuite se juge à ce qu'on peut en reprendre.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Adding floats.** A thousand prices in cents do not add up right in floating point; money is counted in exact numbers, and a gap of a cent shows.
# - **Counting a line without a list price at the price paid**: it looks sold without a discount, and the discount rate falls where only the data changed.
# - **Putting each return into the month of its sale**: months already closed would change. To judge a product, do; for revenue, each deduction has its date.
# - **Reading net without gross.** A few large customers hide many departures.
# - **Comparing a shop with a subscription**, or December's entrants with January's.
# - **Praising the last month** for its few disputes: they are still coming.
# - **Fighting sure cases only**: the rate rises, money does not. Judge the gain, not the rate.
# - **Closing a reconciliation by the year.** Two errors that cancel out are still two errors.
# - **Taking the largest item for the most urgent.** A leak is judged by what can be got back.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Passer du brut au net par des étapes qui s'additionnent, et séparer l'effet des ventes de celui des taux.
# - Ranger les causes premières d'une fuite, et ne pas toutes les tenir pour des pertes.
# - Calculer une rétention nette et une rétention brute, leur intervalle, et leurs pièges.
# - Juger des litiges sur des mois mûrs, et décider à partir de quel montant les défendre.
# - Rapprocher un grand livre, et dire de chaque écart ce que les chiffres en montrent.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Go from gross to net by steps that add up, and tell the effect of sales from that of rates.
# - Sort the root causes of a leak, and not take all of them for losses.
# - Compute net and gross retention, their interval, and their traps.
# - Judge disputes on ripe months, and decide from which amount to fight them.
# - Reconcile a ledger, and say of each gap what the figures show.

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
q1, q2, q3, q4, q5, q6, q7 = mk.exercises("15", lang=reader, seed=seed)

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
mk.quiz("15", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Relancez la page avec `as_of = "2025-07-01"` et `period = "6 months"`. Quels mois de litiges deviennent jeunes ? Que devient l'écart de juin avec le grand livre, et pourquoi ne peut-on plus l'expliquer ?
# 2. **Décider.** La direction veut afficher la rétention nette comme objectif de l'équipe commerciale. Que lui répondez-vous, et que mettriez-vous à la place ?
# 3. **Cas.** La finance annonce 315 $ de litiges en novembre, que vos données ignorent. Écrivez-lui trois phrases : ce que vous voyez, ce que vous supposez, ce que vous demandez.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Run the page again with `as_of = "2025-07-01"` and `period = "6 months"`. Which months of disputes become young? What becomes of June's gap with the ledger, and why can it no longer be explained?
# 2. **Decide.** Management wants net retention as the sales team's target. What do you answer, and what would you put in its place?
# 3. **Case.** Finance reports $315 of chargebacks in November that your data do not know. Write three sentences to them: what you see, what you suppose, what you ask.
