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
# # Valeur vie client : combien vaut un client, et combien payer pour en gagner un ?
#
# Une campagne qui gagne des clients est-elle chère ? Tout dépend de ce que ce client rapportera avant de partir. Cette page mesure combien de clients partent, en déduit combien de temps ils restent, ce qu'ils ont rapporté, ce qu'ils rapporteront sans doute, et met le tout en face de ce que coûte leur acquisition.

# %% [markdown] tags=["lang-en"]
# # Customer lifetime value: what is a customer worth, and what to pay to win one?
#
# Is a campaign that wins customers expensive? It all depends on what that customer brings in before leaving. This page measures how many customers leave, works out how long they stay, what they have brought in, what they will probably bring, and sets it all against the cost of winning them.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez mesurer l'attrition sur des commandes au lieu de la supposer, passer d'un taux à une durée de vie, calculer une valeur vie de quatre façons et dire laquelle répond à quelle question, lire une prévision avec sa marge d'erreur, et décider si un canal d'acquisition se rembourse.
#
# Les réglages : `activity_days` dit combien de jours après une commande un client compte comme actif ; `discount_rate`, ce que vaut l'argent dans un an ; `horizon_months`, jusqu'où l'on regarde ; `margin_rate`, le taux de marque (la part du prix qui est de la marge) à employer quand les données n'en disent rien ; `holdout`, les derniers mois sur lesquels une prévision est éprouvée.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can measure attrition on orders instead of assuming it, go from a rate to a lifespan, work out a lifetime value in four ways and say which answers which question, read a forecast with its margin of error, and decide whether an acquisition channel pays back.
#
# The settings: `activity_days` says for how many days after an order a customer counts as active; `discount_rate`, what money is worth in a year; `horizon_months`, how far ahead to look; `margin_rate`, the margin rate to use when the data say nothing of it; `holdout`, the last months on which a forecast is put to the test.

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
activity_days = 365
discount_rate = 0.10
horizon_months = 36
margin_rate = None
holdout = "6 months"

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez les données, et fixez la période.

# %% [markdown] tags=["lang-en", "lesson"]
# Open the data, and fix the period.

# %%
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import clv, plots, retention, rfm

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr"]
# Les données disent-elles tout ce que cette page lit ?

# %% [markdown] tags=["lang-en"]
# Do the data say all that this page reads?

# %%
needed = ["orders.customer_id", "orders.amount", "marketing_spend.amount"]
needed += ["marketing_spend.purpose", "contacts.acquisition_channel", "contacts.registered_at"]
lacking = clv.lacking_costs(data)
absent = [name for name in needed if not data.has(*name.split("."))]
absent = list(dict.fromkeys([*absent, *(name for names in lacking.values() for name in names)]))
plots.lacking(absent, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Seules comptent les commandes dont on connaît le client : une vente anonyme ne peut ni rester ni partir.

# %% [markdown] tags=["lang-en"]
# Only orders whose customer is known count: an anonymous sale can neither stay nor leave.

# %%
data = data.filled("orders.customer_id", "orders.amount")
orders = rfm.identified_orders(data)
plots.sentences.rfm.left_out(rfm.left_out(data, as_of=as_of), lang=reader, shares=False)

# %% [markdown] tags=["lang-fr"]
# Leurs achats viennent-ils à dates fixes ?

# %% [markdown] tags=["lang-en"]
# Do their purchases come on fixed dates?

# %%
cohort = retention.newcomers_orders(data)
regularity = clv.regularity(cohort, as_of=as_of)
plots.sentences.clv.fixed_dates(regularity, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Combien de clients partent ?

# %% [markdown] tags=["lang-en"]
# ## How many customers leave?

# %% [markdown] tags=["lang-fr", "lesson"]
# Un client ne prévient pas quand il part : il cesse seulement de commander. On le déclare donc **perdu** quand il est resté silencieux assez longtemps. Voici cinq clients et leur dernière commande avant le début de 2025, puis leur dernière commande de toutes.

# %% [markdown] tags=["lang-en", "lesson"]
# A customer gives no notice when leaving: the orders just stop. So we call **lost** whoever has stayed silent long enough. Here are five customers with their last order before the start of 2025, then their last order of all.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Actif au début** : une commande dans les 365 jours d'avant le 1er janvier 2025. **Encore actif à la fin** : une commande dans les 365 jours d'avant le 1er janvier 2026. Le client `d` n'était pas actif au début : il ne peut pas être perdu.

# %% [markdown] tags=["lang-en", "lesson"]
# **Active at the start**: an order in the 365 days before 1 January 2025. **Still active at the end**: an order in the 365 days before 1 January 2026. Customer `d` was not active at the start, so cannot be lost.

# %% tags=["lesson"]
five = pd.DataFrame({"customer_id": list("abcde")})
before = ["2024-11-03", "2024-02-10", "2024-07-21", "2023-05-05", "2024-12-24"]
last = ["2025-08-14", "2024-02-10", "2025-03-02", "2025-10-01", "2024-12-24"]
five["before"], five["last"] = pd.to_datetime(before), pd.to_datetime(last)
year = pd.Timedelta(days=365)
five["active"] = five.before >= pd.Timestamp("2025-01-01") - year
five["stayed"] = five["last"] >= pd.Timestamp("2026-01-01") - year
five

# %% [markdown] tags=["lang-fr", "lesson"]
# Le **taux d'attrition** est la part des actifs du début qui ne le sont plus à la fin :
#
# $$\text{attrition} = \frac{\text{perdus}}{\text{actifs au début}}$$

# %% [markdown] tags=["lang-en", "lesson"]
# The **attrition rate** is the share of those active at the start who no longer are at the end:
#
# $$\text{attrition} = \frac{\text{lost}}{\text{active at the start}}$$

# %% [markdown] tags=["lang-fr", "lesson"]
# Calculez-le à la main (`rate`). La bibliothèque, elle, lit des commandes : donnez-lui les dix que ce tableau décrit (une commande répétée ne change rien), puis les mêmes et une de plus, et vérifiez qu'elle compte comme vous.

# %% [markdown] tags=["lang-en", "lesson"]
# Compute it by hand (`rate`). The package reads orders: give it the ten that this table describes (an order told twice changes nothing), then the same and one more, and check that it counts as you do.

# %% tags=["lesson"]
active = five[five.active]
rate = (~active.stayed).sum() / len(active)
ten = five.melt("customer_id", ["before", "last"], value_name="ordered_at")
new = pd.DataFrame({"customer_id": ["f"], "ordered_at": [pd.Timestamp("2025-12-31")]})
period_of_five = {"start": "2025-01-01", "end": "2026-01-01", "activity_days": 365}
cut, whole = (clv.attrition(rows, **period_of_five) for rows in (ten, pd.concat([ten, new])))
assert whole.rate[0] == rate
pd.concat([cut, whole])[["active", "lost", "rate", "low", "high", "reason"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# La première ligne n'a pas de taux ! Les données commencent en mai 2023, ce qui suffit ; mais elles s'arrêtent en octobre 2025, bien avant la fin de la période : la boutique était-elle fermée, ou l'extrait tronqué ? Dans le doute, la bibliothèque ne dit rien. Pour la seconde, un client de plus commande le dernier jour : le taux paraît, et c'est celui que vous avez calculé.

# %% [markdown] tags=["lang-en", "lesson"]
# The first row has no rate! The data begin in May 2023, which is enough; but they stop in October 2025, well before the period ends: was the shop closed, or the extract cut short? In doubt, the package says nothing. For the second, one more customer orders on the last day: the rate appears, and it is the one you computed.

# %% [markdown] tags=["lang-fr", "lesson"]
# Lisez l'intervalle : avec quatre clients, la moitié de perdus peut être un hasard ; l'attrition réelle pourrait être n'importe quoi, ou presque. Passez maintenant à des milliers de clients.

# %% [markdown] tags=["lang-en", "lesson"]
# Read the interval: of four customers, half lost may be luck; the real attrition could be nearly anything. Now move on to thousands of customers.

# %%
when = {"start": dates.start, "end": dates.end, "activity_days": activity_days}
measured = clv.attrition(orders, **when).execute()
plots.sentences.clv.attrition(measured, lang=reader, **when)

# %% [markdown] tags=["lang-fr", "lesson"]
# La boutique de la démonstration est simulée : on connaît la vérité. Le taux vers lequel tend cette mesure, si la boutique grandissait sans fin, est-il dans l'intervalle ? Le second nombre est la part des clients qui sont vraiment partis.

# %% [markdown] tags=["lang-en", "lesson"]
# The shop of the demo is simulated, so the truth is known. Is the rate that this measure tends to, if the shop grew without end, inside the interval? The second number is the share of customers who really left.

# %% tags=["lesson"]
truth = mk.truth()["attrition"]
print(reader.percent(truth["observed_2025_limit"]), reader.percent(truth["left_2025"]))
bool(measured.low[0] <= truth["observed_2025_limit"] <= measured.high[0])

# %% [markdown] tags=["lang-fr", "lesson"]
# Mais attention : parmi les clients déclarés perdus, beaucoup sont seulement **lents**. La différence entre les deux nombres est de taille, et c'est elle qui rend nécessaire le modèle de la fin de la page.

# %% [markdown] tags=["lang-en", "lesson"]
# But beware: among the customers declared lost, many are only **slow**. The difference between the two numbers is large, and it is the reason for the model at the end of this page.

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Du taux à la durée de vie
#
# Si quatre clients sur dix partent chaque année, un client reste en moyenne $1 / 0{,}4 = 2{,}5$ ans, soit 30 mois. Pourquoi l'inverse du taux ? Suivez mille clients dont 40 % partent chaque année, et additionnez les années vécues.

# %% [markdown] tags=["lang-en", "lesson"]
# ### From the rate to the lifespan
#
# If four customers in ten leave each year, a customer stays $1 / 0.4 = 2.5$ years on average, or 30 months. Why one over the rate? Follow a thousand customers of whom 40% leave each year, and add up the years lived.

# %% tags=["lesson"]
left_after = pd.Series(range(1, 60))
share = 0.4 * 0.6 ** (left_after - 1)
assert abs(12 * (left_after * share).sum() - clv.lifespan_months(0.40)) < 1e-6
clv.lifespan_months(0.40), clv.lifespan_months(0.0)

# %% [markdown] tags=["lang-fr", "lesson"]
# Et si personne ne part ? La division n'a pas de réponse : l'inverse de zéro n'est pas « très longtemps », c'est « les données ne montrent pas de fin ». La bibliothèque rend `None`, et l'intervalle dit au moins combien.

# %% [markdown] tags=["lang-en", "lesson"]
# And if nobody leaves? The division has no answer: one over zero is not "very long", it is "the data show no end". The package gives `None`, and the interval says at least how long.

# %% [markdown] tags=["lang-fr"]
# ### Tous les clients ne partent pas au même rythme
#
# Les clients actifs au début de la période, par case de la grille récence-fréquence de ce jour-là.

# %% [markdown] tags=["lang-en"]
# ### Not all customers leave at the same pace
#
# The customers active at the start of the period, by the box of the recency-frequency grid of that day.

# %%
boxes = rfm.segment(rfm.score(rfm.summary(orders, as_of=dates.start)))
by_box = clv.attrition(orders, **when, segments=boxes, by="box").execute()
ax = plots.attrition_rates(by_box, lang=reader, overall=measured["rate"].iloc[0])

# %% [markdown] tags=["lang-fr"]
# Ce que ces cases disent de la moyenne :

# %% [markdown] tags=["lang-en"]
# What these boxes say of the average:

# %%
plots.sentences.clv.lost_most(by_box, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ### Et si l'on attendait plus, ou moins, avant de déclarer un client perdu ?

# %% [markdown] tags=["lang-en"]
# ### And if we waited longer, or less, before calling a customer lost?

# %%
tried = clv.attrition_by_window(orders, start=dates.start, end=dates.end)
by_window = tried.execute().sort_values("activity_days")
ax = plots.attrition_windows(by_window, lang=reader)

# %% [markdown] tags=["lang-fr"]
# À retenir de cette comparaison :

# %% [markdown] tags=["lang-en"]
# To remember from this comparison:

# %%
plots.sentences.clv.windows(by_window, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Ce que les clients ont rapporté : la CLTV historique
#
# Aucune hypothèse ici, seulement une addition : ce que chaque client a acheté à ce jour, et ce qu'il en est resté une fois la marchandise payée. Les clients inscrits avant le début des données n'y sont pas, car on n'a pas vu leurs premières commandes.

# %% [markdown] tags=["lang-en"]
# ## What customers have brought in: historical CLTV
#
# No assumption here, only a sum: what each customer has bought to date, and what was left of it once the goods were paid for. Customers who registered before the data begin are left out, since their first orders were not seen.

# %%
past = clv.historical(data, as_of=as_of, acquired=True)
cohorts = clv.by_cohort(past, as_of=as_of)
cohorts = cohorts if isinstance(cohorts, pd.DataFrame) else cohorts.execute()
plots.cltv_cohorts(cohorts.sort_values("cohort"), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Trois pièges dans ce tableau. **Le revenu n'est pas la marge** : comparez les deux colonnes, et ne dépensez que la seconde. **La moyenne cache l'asymétrie** : la marge médiane est bien plus basse, quelques clients portent les autres. **Les survivants** : ici, tous ceux qui ont commencé comptent, même s'ils ne sont jamais revenus ; la moyenne des seuls clients encore actifs serait plus flatteuse, et fausse.

# %% [markdown] tags=["lang-en", "lesson"]
# Three traps in this table. **Revenue is not margin**: compare the two columns, and spend only the second. **The average hides the skew**: the median margin is far lower, a few customers carry the others. **Survivors**: here everyone who began counts, even if they never came back; the average of those still active would be more flattering, and wrong.

# %% tags=["lesson"]
everyone = past.execute()
days = clv.summary(orders, as_of=as_of, unit="day").execute()
seen = everyone.merge(days, on="customer_id")
survivors = seen[seen["T"] - seen.recency < 365]
print(reader.money(everyone.margin.astype(float).mean(), decimals=0))
print(reader.money(survivors.margin.astype(float).mean(), decimals=0))

# %% [markdown] tags=["lang-fr"]
# ## La formule simple
#
# $$\text{CLTV} = \text{panier moyen} \times \text{commandes par an} \times \text{taux de marque} \times \text{années}$$

# %% [markdown] tags=["lang-en"]
# ## The simple formula
#
# $$\text{CLTV} = \text{average order} \times \text{orders a year} \times \text{margin rate} \times \text{years}$$

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main : un panier de 80 $, trois commandes par an, 40 % de marge et 2,5 ans.

# %% [markdown] tags=["lang-en", "lesson"]
# By hand: an order of $80, three orders a year, a 40% margin and 2.5 years.

# %% tags=["lesson"]
by_hand = 80 * 3 * 0.40 * 2.5
parts = {"yearly_frequency": 3, "gross_margin_rate": 0.40, "lifespan_years": 2.5}
assert by_hand == clv.simple_cltv(80, **parts)
by_hand

# %% [markdown] tags=["lang-fr", "lesson"]
# Sur les clients de la période, avec l'attrition mesurée plus haut :

# %% [markdown] tags=["lang-en", "lesson"]
# On the customers of the period, with the attrition measured above:

# %%
basics = clv.simple(data, **when, margin_rate=margin_rate)
plots.simple_cltv(basics, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Ce que le tableau permet de dire :

# %% [markdown] tags=["lang-en"]
# What the table allows one to say:

# %%
plots.sentences.clv.simple(basics, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Une fréquence de six mois se double-t-elle ?** C'est tentant : 1,8 commande par acheteur en six mois ferait 3,6 par an. Mais chaque fenêtre a ses propres acheteurs : qui n'achète qu'une fois l'an est absent de l'une des deux moitiés, et compte pour une commande dans l'autre. Un acheteur compte au moins une commande ; doublée, au moins deux.

# %% [markdown] tags=["lang-en", "lesson"]
# **Can a six-month frequency be doubled?** It is tempting: 1.8 orders per buyer in six months would make 3.6 a year. But each window has its own buyers: whoever buys once a year is missing from one half, and counts for one order in the other. A buyer counts for at least one order; doubled, at least two.

# %%
frequencies = clv.frequency_by_window(orders, end=as_of).execute()
plots.sentences.clv.frequencies(frequencies, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# La formule multiplie des moyennes, comme si chaque client était moyen. Or ceux qui achètent souvent restent aussi plus longtemps : leur valeur dépasse ce produit. Gardez-la pour un ordre de grandeur.

# %% [markdown] tags=["lang-en", "lesson"]
# The formula multiplies averages, as if every customer were average. But those who buy often also stay longer: they are worth more than this product. Keep it for an order of magnitude.

# %% [markdown] tags=["lang-fr"]
# ## L'argent de demain vaut moins : la CLTV actualisée

# %% [markdown] tags=["lang-en"]
# ## Tomorrow's money is worth less: discounted CLTV

# %% [markdown] tags=["lang-fr", "lesson"]
# Cent dollars dans un an, à 10 %, valent $100 / 1{,}10$ aujourd'hui ; et il n'est pas sûr que le client soit encore là. Avec $m$ la marge d'une année, $c$ le coût marketing annuel, $r$ la rétention, $d$ le taux d'actualisation et $A$ le coût d'acquisition :
#
# $$\text{CLTV} = \sum_{t=1}^{H} (m - c)\,\frac{r^t}{(1 + d)^t} - A$$
#
# Deux années à la main : 100 $ de marge, 60 % de rétention, 10 %.

# %% [markdown] tags=["lang-en", "lesson"]
# A hundred dollars in a year, at 10%, are worth $100 / 1.10$ today; and it is not sure that the customer will still be there. With $m$ the margin of a year, $c$ the yearly marketing cost, $r$ the retention, $d$ the discount rate and $A$ the cost of acquisition:
#
# $$\text{CLTV} = \sum_{t=1}^{H} (m - c)\,\frac{r^t}{(1 + d)^t} - A$$
#
# Two years by hand: a margin of $100, 60% retention, 10%.

# %% [markdown] tags=["lang-fr", "lesson"]
# Sans horizon, la somme est celle d'une suite géométrique : $(m - c)\,r / (1 + d - r) - A$. Ici, l'infini ajoute peu, car presque personne ne reste vingt ans. Et 150 $ d'acquisition, est-ce trop ?

# %% [markdown] tags=["lang-en", "lesson"]
# Without a horizon, the sum is that of a geometric series: $(m - c)\,r / (1 + d - r) - A$. Here infinity adds little, since hardly anyone stays twenty years. And is $150 of acquisition too much?

# %% tags=["lesson"]
two_years = 100 * 0.6 / 1.1 + 100 * 0.6**2 / 1.1**2
package = clv.discounted_cltv(100, retention=0.6, discount_rate=0.10, years=2)
assert abs(two_years - package) < 1e-9
forever = clv.discounted_cltv(100, retention=0.6, discount_rate=0.10)
assert abs(forever - 100 * 0.6 / (1 + 0.10 - 0.6)) < 1e-9
print(reader.money(two_years), reader.money(forever), reader.money(forever - 150))

# %% [markdown] tags=["lang-fr", "lesson"]
# Sur vos clients : la marge d'une année est le panier × la fréquence × le taux de marque, et la rétention est ce que l'attrition laisse. La première marge compte tout de suite, puisque le client vient d'être gagné.

# %% [markdown] tags=["lang-en", "lesson"]
# On your customers: the margin of a year is order × frequency × margin rate, and retention is what attrition leaves. The first margin counts at once, since the customer has just been won.

# %%
horizon = clv.discounted_by_year(basics, discount_rate=discount_rate)
ax = plots.discounted_years(horizon, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Ce que les clients laissent vraiment : la rentabilité
#
# Servir un client coûte : livrer, encaisser, reprendre les retours, lui écrire. Certains clients coûtent plus qu'ils ne rapportent.

# %% [markdown] tags=["lang-en"]
# ## What customers really leave: profitability
#
# Serving a customer costs money: delivering, taking payment, taking returns back, writing to them. Some customers cost more than they bring.

# %%
profits = data.keep(clv.profitability(data, start=dates.start, end=dates.end))
losses = clv.unprofitable(profits)
unsure = clv.unsure_returns(data, start=dates.start, end=dates.end)
plots.customer_costs(clv.cost_totals(profits), lang=reader, unsure=unsure)

# %% [markdown] tags=["lang-fr"]
# Rangez les clients du plus rentable au moins rentable et cumulez : la courbe monte, puis redescend.

# %% [markdown] tags=["lang-en"]
# Line customers up from the most profitable to the least and add up: the curve rises, then falls.

# %%
curve = clv.whale_curve(profits)
curve = curve if isinstance(curve, pd.DataFrame) else curve.execute()
curve = curve.sort_values("customers_share")
ax = plots.whale_curve(curve, lang=reader) if losses.customers else None

# %% [markdown] tags=["lang-fr"]
# Combien sont-ils à droite du sommet ?

# %% [markdown] tags=["lang-en"]
# How many are right of the top?

# %%
told = {"lang": reader, "lacking": lacking, "unsure": unsure}
plots.sentences.clv.unprofitable(losses, **told) if losses.customers else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Ne les chassez pas pour autant : un loyer, un salaire restent à payer sans eux, et un client peu rentable cette année peut l'être la suivante. Regardez d'abord ce qui coûte (les retours, les petits paniers livrés), et changez cela.

# %% [markdown] tags=["lang-en", "lesson"]
# Do not drive them away for all that: rent and wages remain to be paid without them, and a customer of little profit this year may be profitable the next. Look first at what costs (returns, small baskets delivered), and change that.

# %% [markdown] tags=["lang-fr"]
# ## Ce que les clients rapporteront : la CLTV prédictive
#
# Un client silencieux est-il parti, ou seulement lent ? Le modèle BG/NBD répond par une probabilité : chacun achète à son rythme, et peut partir après chaque achat. Il apprend de ceux dont on a vu la première commande.

# %% [markdown] tags=["lang-en"]
# ## What customers will bring: predicted CLTV
#
# Has a silent customer left, or is that one only slow? The BG/NBD model answers with a probability: everyone buys at a pace of their own, and may leave after each purchase. It learns from those whose first order was seen.

# %% [markdown] tags=["lang-fr", "lesson"]
# Voyez trois clients suivis depuis 52 semaines. Tous ont acheté pour la dernière fois il y a 22 semaines ; mais l'un n'a racheté qu'une fois, l'autre quatre, le dernier douze. Pour lequel ce silence vous inquiète-t-il le plus ?

# %% [markdown] tags=["lang-en", "lesson"]
# Look at three customers followed for 52 weeks. All bought for the last time 22 weeks ago; but one has bought again once, another four times, the last twelve. For which does this silence worry you most?

# %% [markdown] tags=["lang-fr", "lesson"]
# Les quatre nombres qui décrivent toute la clientèle se lisent dans les achats de chacun : le nombre d'achats répétés, quand eut lieu le dernier, depuis quand on observe.

# %% [markdown] tags=["lang-en", "lesson"]
# The four numbers that describe the whole customer base are read in everyone's purchases: how many repeat purchases, when the last was, for how long they have been observed.

# %% [markdown] tags=["lang-fr", "lesson"]
# **L'horloge de la saison.** En décembre, tout le monde achète : vu du 1er janvier, chacun paraît vif, et un modèle qui compte les jours du calendrier prévoit trop. Comptez le temps autrement : dans un mois où chacun achète deux fois plus, un jour en vaut deux ; sur une telle horloge, le rythme de chacun redevient régulier, et le modèle s'applique tel quel. À la main : si décembre va deux fois plus vite, ses 31 jours en valent 62, et les autres mois vont un peu moins vite, pour qu'un an reste un an.

# %% [markdown] tags=["lang-en", "lesson"]
# **The season's clock.** In December everyone buys: seen from 1 January, all look lively, and a model that counts calendar days foretells too much. Count time otherwise: in a month in which everyone buys twice as much, a day counts for two; on such a clock everyone's pace is steady again, and the model applies as it is. By hand: if December runs twice as fast, its 31 days count for 62, and the other months run a little slower, so that a year remains a year.

# %%
refunded = data.has("returns", "order_id", "returned_at", "refund_amount")
net = {"returns": data.returns if refunded else None, "count_fully_refunded": True}
clock = clv.forecast_clock(cohort, as_of=as_of)
summary = data.keep(clv.summary(cohort, as_of=as_of, clock=clock, **net))
modelled = {"unit": "week", "regularity": regularity}
fit = clv.fit_bg_nbd(summary, clock=clock, **modelled)
plots.sentences.clv.fit(fit, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Les nombres dont la simulation a tiré les achats, en semaines de cette horloge, sont-ils à moins de deux erreurs types, ou presque ?

# %% [markdown] tags=["lang-en", "lesson"]
# Are the numbers that the simulation drew purchases from, in weeks of this clock, within two standard errors or nearly so?

# %% tags=["lesson"]
drawn = mk.truth()["bg_nbd"]
known = pd.Series({name: drawn[name] for name in fit.names}, name="truth").to_frame()
known.loc["alpha", "truth"] = drawn["alpha_weeks"]
known["estimate"] = [fit.r, fit.alpha, fit.a, fit.b]
known["standard_error"] = [fit.standard_errors[name] for name in known.index]
known.round(3)

# %% [markdown] tags=["lang-fr", "lesson"]
# La probabilité d'être encore client, pour $x$ achats répétés, le dernier à $t_x$, observés jusqu'à $T$, est ($x \ge 1$) :
#
# $$P(\text{actif}) = \frac{1}{1 + \frac{a}{b + x - 1}\left(\frac{\alpha + T}{\alpha + t_x}\right)^{r + x}}$$
#
# Faites-le à la main pour les trois clients, avec les nombres dont la boutique de démonstration a été tirée, puis avec la bibliothèque.

# %% [markdown] tags=["lang-en", "lesson"]
# The probability of still being a customer, with $x$ repeat purchases, the last at $t_x$, observed until $T$, is ($x \ge 1$):
#
# $$P(\text{active}) = \frac{1}{1 + \frac{a}{b + x - 1}\left(\frac{\alpha + T}{\alpha + t_x}\right)^{r + x}}$$
#
# Do it by hand for the three customers, with the numbers that the shop of the demo was drawn from, then with the package.

# %% tags=["lesson"]
three = pd.DataFrame({"customer_id": list("abc"), "frequency": [1, 4, 12]})
three["recency"], three["T"] = 30.0, 52.0
r, alpha, a, b = 0.8, 8.0, 0.95, 3.8
x, silence = three.frequency, (alpha + three["T"]) / (alpha + three.recency)
three["p_alive"] = 1 / (1 + a / (b + x - 1) * silence ** (r + x))
assert (abs(three.p_alive - clv.p_alive(three, r=r, alpha=alpha, a=a, b=b)) < 1e-9).all()
three

# %% [markdown] tags=["lang-fr", "lesson"]
# Le même silence ne dit pas la même chose : pour qui achetait douze fois en trente semaines, vingt-deux semaines sans rien sont presque un adieu ; pour qui achète une fois de temps en temps, elles sont normales. Un seuil fixe de jours traite les deux pareil.

# %% [markdown] tags=["lang-en", "lesson"]
# The same silence does not say the same: for someone who bought twelve times in thirty weeks, twenty-two weeks of nothing are almost a farewell; for someone who buys now and then, they are normal. A fixed number of days treats both alike.

# %%
alive = fit.p_alive(summary)
ax = plots.alive_counts(clv.alive_counts(alive), lang=reader) if fit.is_fitted else None

# %% [markdown] tags=["lang-fr"]
# ### Peut-on croire cette prévision ?
#
# Le modèle est refait sur ce qui précède la période, puis sa prévision est comparée à ce que les clients y ont fait.

# %% [markdown] tags=["lang-en"]
# ### Can this forecast be believed?
#
# The model is fitted again on what came before the period, then its forecast is set against what customers did in it.

# %%
timed = clv.forecast_clock(cohort, as_of=dates.start)
asked = {"calibration_end": dates.start, "end": dates.end}
held = data.keep(clv.holdout(cohort, clock=timed, **asked))
trained = clv.fit_bg_nbd(held, clock=timed, **modelled)
verdict = clv.holdout_verdict(trained, held)
plots.sentences.clv.held_out(verdict, lang=reader)

# %% [markdown] tags=["lang-fr"]
# La même épreuve avec une période plus courte. Si les deux verdicts diffèrent, cherchez ce qui a fait acheter tout le monde ensemble : une campagne, ou une saison que moins de deux ans d'historique ne font pas connaître.

# %% [markdown] tags=["lang-en"]
# The same test with a shorter period. If the two verdicts differ, look for what made everyone buy together: a campaign, or a season that less than two years of history do not make known.

# %%
half = mk.periods(as_of=as_of, period=holdout, compare="none")
near = clv.forecast_clock(cohort, as_of=half.start)
recent = data.keep(clv.holdout(cohort, calibration_end=half.start, end=half.end, clock=near))
again = clv.holdout_verdict(clv.fit_bg_nbd(recent, clock=near, **modelled), recent)
plots.sentences.clv.held_out(again, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Par nombre d'achats répétés avant la période :

# %% [markdown] tags=["lang-en"]
# By the number of repeat purchases before the period:

# %%
by_past = clv.by_frequency(trained, held)
ax = plots.holdout_by_frequency(by_past, lang=reader) if trained.is_fitted else None

# %% [markdown] tags=["lang-fr"]
# Semaine après semaine, depuis la première commande de ces clients :

# %% [markdown] tags=["lang-en"]
# Week by week, since these customers' first order:

# %%
tracked = clv.tracking(trained, cohort, **asked)
ax = plots.holdout_tracking(tracked, lang=reader) if trained.is_fitted else None

# %% [markdown] tags=["lang-fr", "lesson"]
# La courbe prévue ondule avec la réelle : l'horloge sait que décembre revient. Elle ne sait ni la semaine, ni ce qui n'est venu qu'une fois, comme le courriel du printemps 2025 : de là l'écart qui reste. Sur le calendrier, la même année, prévue juste après les fêtes, serait trop haute dans la plupart des boutiques simulées comme celle-ci (le tableau `benchmarks/coverage.md` le mesure).

# %% [markdown] tags=["lang-en", "lesson"]
# The predicted curve sways with the real one: the clock knows that December comes back. It knows neither the week, nor what came only once, such as the e-mail of spring 2025: hence the gap that remains. On the calendar the same year, foretold right after the holidays, would be too high in most shops simulated like this one (the table `benchmarks/coverage.md` measures it).

# %% [markdown] tags=["lang-fr"]
# Un second avis : un autre modèle, où l'on peut partir à tout moment, sur la même période ou, faute d'achats à prévoir, sur la plus courte.

# %% [markdown] tags=["lang-en"]
# A second opinion: another model, in which one can leave at any time, on the same period or, where it has nothing to foretell, on the shorter one.

# %%
tested, first, shown = (held, verdict, timed) if verdict.predicted else (recent, again, near)
other = clv.holdout_verdict(clv.fit_pareto_nbd(tested, clock=shown, **modelled), tested)
plots.sentences.clv.second_opinion(first, other, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ### De combien sera chaque achat ?
#
# Ce que vaut en moyenne un achat répété, et si ceux qui achètent souvent dépensent autrement :

# %% [markdown] tags=["lang-en"]
# ### What will each purchase be worth?
#
# What a repeat purchase is worth on average, and whether those who buy often spend otherwise:

# %% [markdown] tags=["lang-fr", "lesson"]
# Un client a acheté une fois pour 300 dollars. En attendez-vous autant du prochain achat ? Le modèle Gamma-Gamma tempère : avec un seul achat, il croit surtout la moyenne de tous ; avec vingt, surtout le client. C'est une moyenne pondérée, avec $z$ la valeur moyenne des achats répétés du client :
#
# $$E = \frac{q - 1}{p x + q - 1} \cdot \frac{p v}{q - 1} + \frac{p x}{p x + q - 1} \cdot z$$

# %% [markdown] tags=["lang-en", "lesson"]
# A customer bought once for 300 dollars. Do you expect as much of the next purchase? The Gamma-Gamma model tempers: with one purchase it mostly believes everyone's average; with twenty, mostly the customer. It is a weighted average, with $z$ the mean value of the customer's repeat purchases:
#
# $$E = \frac{q - 1}{p x + q - 1} \cdot \frac{p v}{q - 1} + \frac{p x}{p x + q - 1} \cdot z$$

# %%
amounts = clv.fit_gamma_gamma(summary)
plots.sentences.clv.values(amounts, lang=reader, net=refunded)

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main, sur la boutique de démonstration, pour un client de 300 $, après un, puis vingt achats répétés :

# %% [markdown] tags=["lang-en", "lesson"]
# By hand, on the shop of the demo, for a customer at $300, after one, then twenty repeat purchases:

# %% tags=["lesson"]
learned = clv.fit_gamma_gamma(clv.summary(mk.demo().orders, as_of="2026-01-01"))
p, q, v = learned.p, learned.q, learned.v
two = pd.DataFrame({"customer_id": ["a", "b"], "frequency": [1, 20]})
two["monetary_value"] = 300.0
weight = p * two.frequency / (p * two.frequency + q - 1)
two["expected"] = (1 - weight) * p * v / (q - 1) + weight * two.monetary_value
assert (abs(two.expected - learned.expected_value(two).estimate) < 1e-6).all()
two

# %% [markdown] tags=["lang-fr"]
# ### La valeur attendue
#
# Achats attendus × valeur attendue × taux de marque, mois par mois, actualisés. Quand les données ne disent pas les coûts et qu'aucun taux n'est donné, les montants sont du chiffre d'affaires, non de la marge. Quand une partie des coûts manque, le taux des ventes de coût connu vaut pour toutes, alors que la CLTV à ce jour compte les autres pour 0.

# %% [markdown] tags=["lang-en"]
# ### The expected value
#
# Expected purchases × expected value × margin rate, month by month, discounted. Where the data do not tell costs and no rate is given, the amounts are revenue, not margin. Where part of the costs is missing, the rate of the goods of known cost serves for all, while CLTV to date counts the others at 0.

# %%
margin = basics.gross_margin_rate
terms = {"months": horizon_months, "discount_rate": discount_rate}
terms["margin_rate"] = 1.0 if margin is None else margin
shown = {"lang": reader, "is_margin": margin is not None, "fit": fit, "amounts": amounts}
said = {**shown, "months": horizon_months, "verdict": verdict}
said["season"] = clv.season(cohort, as_of=as_of)
plots.sentences.clv.predicted(clv.total_value(fit, amounts, summary, **terms), **said)

# %% [markdown] tags=["lang-fr"]
# Par case de la grille récence-fréquence d'aujourd'hui :

# %% [markdown] tags=["lang-en"]
# By today's box of the recency-frequency grid:

# %%
now = rfm.segment(rfm.score(rfm.summary(cohort, as_of=as_of)))
boxed = summary.join(now.select("customer_id", "box"), "customer_id")
by_box_today = clv.total_value(fit, amounts, boxed, by="box", **terms)
ax = plots.predicted_by_group(by_box_today, **shown)

# %% [markdown] tags=["lang-fr"]
# Les clients dont on attend le plus, avec la marge d'erreur de chacun :

# %% [markdown] tags=["lang-en"]
# The customers of whom most is expected, each with a margin of error:

# %%
predicted = clv.predict(fit, amounts, summary, **terms).execute()
plots.predicted_table(predicted, **shown)

# %% [markdown] tags=["lang-fr", "lesson"]
# Une espérance n'est pas une promesse : la plupart des clients rapporteront moins, quelques-uns bien davantage. Elle sert à comparer des groupes et à fixer un budget, non à juger une personne.

# %% [markdown] tags=["lang-en", "lesson"]
# An expectation is no promise: most customers will bring less, a few far more. It serves to compare groups and set a budget, not to judge a person.

# %% [markdown] tags=["lang-fr"]
# ## Combien payer pour gagner un client ?
#
# D'abord le plafond : ce qu'un nouveau client est censé rapporter.

# %% [markdown] tags=["lang-en"]
# ## What to pay to win a customer?
#
# First the ceiling: what a new customer is expected to bring.

# %%
plots.sentences.clv.new_customer(clv.new_customer_value(fit, amounts, **terms), **said)

# %% [markdown] tags=["lang-fr"]
# Puis ce que chaque canal a coûté et rapporté : les clients gagnés pendant la période de comparaison, ou la période elle-même s'il n'y en a pas, suivis jusqu'à aujourd'hui.

# %% [markdown] tags=["lang-en"]
# Then what each channel cost and brought in: the customers won in the comparison period, or in the period itself if there is none, followed until today.

# %%
won = {"start": dates.previous_start or dates.start, "end": dates.previous_end or dates.end}
by = "acquisition_channel" if data.has("contacts", "acquisition_channel") else None
months = clv.payback(data, **won, as_of=as_of, by=by)
if months.empty:
    won = {"start": dates.start, "end": dates.end}
    months = clv.payback(data, **won, as_of=as_of, by=by)
acquired = clv.acquisition(data, **won, as_of=as_of, by=by, months=months)
plots.acquisition_table(acquired, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Ce que ces moyennes cachent :

# %% [markdown] tags=["lang-en"]
# What these averages hide:

# %%
plots.acquisition_averages(acquired, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Ce qu'on peut en conclure, et ce qu'on ne peut pas :

# %% [markdown] tags=["lang-en"]
# What can be concluded, and what cannot:

# %%
plots.sentences.clv.acquisition(acquired, lang=reader, lacking=absent)

# %% [markdown] tags=["lang-fr"]
# En combien de mois la marge rembourse-t-elle l'acquisition ?

# %% [markdown] tags=["lang-en"]
# In how many months does the margin repay the acquisition?

# %%
costs = dict(zip(acquired.iloc[:, 0], acquired["cac"], strict=True))
ax = plots.payback_curve(months, lang=reader, cac=costs)

# %% [markdown] tags=["lang-fr", "lesson"]
# Reprenez maintenant la formule actualisée avec ce que vous payez vraiment : $A$, la dépense d'acquisition par nouveau client, tous canaux ensemble ; $c$, ce que coûtent en un an les campagnes envoyées à un client. De combien la courbe descend-elle ?

# %% [markdown] tags=["lang-en", "lesson"]
# Now take up the discounted formula again with what you really pay: $A$, the acquisition spend per new customer, all channels together; $c$, what the campaigns sent to a customer cost in a year. How far does the line come down?

# %% tags=["lesson"]
paid = acquired.spend.sum() / max(acquired.new_customers.sum(), 1)
a_year = clv.cost_totals(profits).set_index("part").per_customer.fillna(0)
both = {"acquisition_cost": paid, "marketing_cost": a_year["marketing_cost"]}
after_costs = clv.discounted_by_year(basics, discount_rate=discount_rate, **both)
lowered = plots.discounted_years(after_costs, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Reprenez la colonne « si l'on prenait le revenu pour la marge » : à presque tous les canaux, elle donnerait un ratio deux fois plus beau. C'est l'erreur la plus fréquente, et la plus chère.
#
# **Et la cause ?** Un client gagné par un canal serait peut-être venu sans lui. Le ratio dit si l'on rentre dans ses frais en comptant tous les clients du canal ; ce que le canal *ajoute* se mesure avec un groupe de contrôle.

# %% [markdown] tags=["lang-en", "lesson"]
# Go back to the column "if revenue were taken for margin": for nearly all channels it would give a ratio twice as fine. It is the most common mistake, and the most expensive one.
#
# **And the cause?** A customer won by a channel might have come without it. The ratio says whether costs are covered when all the customers of the channel count; what the channel *adds* is measured with a control group.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Prendre le revenu pour la marge** : on finance alors des clients à perte.
# - **Ne regarder que les survivants** : les clients encore là ne disent rien de ceux qu'on a payés et perdus.
# - **Donner un taux d'attrition sans sa fenêtre** : à 90 jours ou à 365, ce n'est pas le même chiffre.
# - **Diviser par zéro** : personne n'est parti *encore* ; ce n'est pas une durée de vie infinie.
# - **Doubler une fréquence de six mois.**
# - **Lire une espérance comme une promesse**, ou la moyenne d'un segment comme la valeur de chacun.
# - **Croire un modèle sans l'avoir éprouvé** sur des jours qu'il n'avait pas vus.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Taking revenue for margin**: customers are then financed at a loss.
# - **Looking at survivors only**: customers who are still there say nothing of those who were paid for and lost.
# - **Giving an attrition rate without its window**: at 90 days or at 365 it is not the same number.
# - **Dividing by zero**: nobody has left *yet*; that is no infinite lifespan.
# - **Doubling a six-month frequency.**
# - **Reading an expectation as a promise**, or the average of a segment as everyone's value.
# - **Believing a model that was not tried** on days it had not seen.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Mesurer l'attrition sur des commandes, avec son intervalle, et en tirer une durée de vie.
# - Distinguer quatre CLTV : l'historique (ce qui a été), la simple (un ordre de grandeur), l'actualisée (une hypothèse claire), la prédictive (un modèle éprouvé).
# - Trouver les clients qui coûtent plus qu'ils ne rapportent.
# - Lire une probabilité d'être actif et une valeur attendue, avec leur marge d'erreur.
# - Dire si un canal se rembourse, en combien de mois, et ce que cela ne prouve pas.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Measure attrition on orders, with its interval, and draw a lifespan from it.
# - Tell four CLTVs apart: historical (what was), simple (an order of magnitude), discounted (a clear assumption), predicted (a model put to the test).
# - Find the customers who cost more than they bring.
# - Read a probability of being active and an expected value, with their margin of error.
# - Say whether a channel pays back, in how many months, and what that does not prove.

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
q1, q2, q3, q4, q5, q6, q7 = mk.exercises("03", lang=reader, seed=seed)

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
mk.quiz("03", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Appliquer.** Mettez `activity_days` à `180`, relancez : que deviennent l'attrition, la durée de vie, la CLTV simple ? Que devient la CLTV prédictive, et pourquoi ?
# 2. **Décider.** Choisissez, dans le tableau des canaux, celui dont vous augmenteriez le budget. De combien, par quels paliers, et quel chiffre vous ferait arrêter ?
# 3. **Cas.** La direction veut « se débarrasser des clients non rentables ». Répondez en cinq phrases, avec un chiffre de cette page et une autre proposition.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Apply.** Set `activity_days` to `180` and run again: what becomes of attrition, lifespan and simple CLTV? What becomes of predicted CLTV, and why?
# 2. **Decide.** In the table of channels, choose the one whose budget you would raise. By how much, in what steps, and which figure would make you stop?
# 3. **Case.** Management wants to "get rid of the customers who are not profitable". Answer in five sentences, with a figure of this page and another proposal.
