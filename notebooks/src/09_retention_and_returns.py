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
# # Les clients reviennent‑ils, et les produits aussi ?
#
# Une vente n'est acquise que si l'article reste chez le client ; un client n'est acquis que s'il revient. Cette page mesure les deux retours : celui des **produits**, qui coûte, et celui des **clients**, qui fait vivre la boutique.

# %% [markdown] tags=["lang-en"]
# # Do customers come back, and do products?
#
# A sale is won only if the item stays with the customer; a customer is won only if they return. This page measures both: the **products** that come back, which cost money, and the **customers** who do, who keep the shop alive.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez calculer un taux de retour et dire s'il diffère vraiment d'un produit à l'autre, lire un triangle de cohortes sans condamner les plus jeunes, et estimer le temps avant le deuxième achat en comptant aussi ceux qui ne l'ont pas encore fait.
#
# Voici les réglages de la page. `grain` fait les cohortes par mois ou par trimestre ; `return_days` dit combien de jours après une vente ses retours sont tous arrivés.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can compute a return rate and say whether it really differs from one product to another, read a cohort triangle without condemning the youngest, and estimate the time to the second purchase while counting those who have not made it yet.
#
# Here are the settings of the page. `grain` makes cohorts by month or by quarter; `return_days` says how many days after a sale all its returns have come.

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
grain = "month"
return_days = 60

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data.

# %%
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import plots, retention, rfm

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Les produits qui reviennent, à la main
#
# Trois commandes de janvier : un manteau à 200, quatre tasses à 20, puis cinq tasses à 20 et une écharpe à 60. Le manteau et une tasse sont renvoyés avant la fin du mois (`back`).

# %% [markdown] tags=["lang-en", "lesson"]
# ## The products that come back, by hand
#
# Three orders in January: a coat at 200, four cups at 20, then five cups at 20 and a scarf at 60. The coat and one cup are sent back before the end of the month (`back`).

# %% tags=["lesson"]
lines = pd.DataFrame({"order_id": ["1", "2", "3", "3"], "line_id": ["1", "1", "1", "2"]})
lines["product_id"] = ["coat", "cup", "cup", "scarf"]
lines["quantity"], lines["unit_price"] = [1, 4, 5, 1], [200.0, 20.0, 20.0, 60.0]
back = pd.DataFrame({"return_id": ["a", "b"], "order_id": ["1", "2"], "line_id": ["1", "1"]})
back["quantity"] = [1, 1]
back["returned_at"] = pd.to_datetime(["2025-01-20", "2025-01-25"])
lines

# %% [markdown] tags=["lang-fr", "lesson"]
# Le taux de retour divise ce qui revient par ce qui a été vendu. En **unités**, un manteau compte comme une tasse ; en **valeur**, il en pèse dix :
#
# $$\text{unités} = \frac{\sum_r q_r}{\sum_i q_i} \qquad \text{valeur} = \frac{\sum_r q_r\,p_r}{\sum_i q_i\,p_i}$$

# %% [markdown] tags=["lang-en", "lesson"]
# The return rate divides what comes back by what was sold. In **units**, a coat counts as much as a cup; in **value**, it weighs ten:
#
# $$\text{units} = \frac{\sum_r q_r}{\sum_i q_i} \qquad \text{value} = \frac{\sum_r q_r\,p_r}{\sum_i q_i\,p_i}$$

# %% tags=["lesson"]
priced = back.merge(lines, on=["order_id", "line_id"], suffixes=("", "_sold"))
units = back.quantity.sum() / lines.quantity.sum()
value = (priced.quantity * priced.unit_price).sum() / (lines.quantity * lines.unit_price).sum()
reader.percent(units), reader.percent(value)

# %% [markdown] tags=["lang-fr", "lesson"]
# Deux unités sur onze, mais la moitié de la valeur : la boutique a rendu 220 sur 440. Confiez le même calcul à la bibliothèque, puis vérifiez que les deux s'accordent : `assert` s'arrête s'ils diffèrent. L'intervalle, lui, manque : trois clients ne disent rien de sûr.

# %% [markdown] tags=["lang-en", "lesson"]
# Two units in eleven, but half of the value: the shop gave back 220 out of 440. Hand the same sum to the package, then check that the two agree: `assert` stops if they differ. The interval is missing, though: three customers tell nothing for sure.

# %% tags=["lesson"]
orders_of_three = pd.DataFrame({"order_id": ["1", "2", "3"], "customer_id": list("xyz")})
orders_of_three["ordered_at"] = pd.to_datetime(["2025-01-03", "2025-01-10", "2025-01-12"])
tables = {"orders": orders_of_three, "order_lines": lines, "returns": back}
small = retention.returns_by(mk.open_data(tables), start="2025-01-01", end="2025-02-01")
assert abs(small.return_rate_units[0] - units) < 1e-12
assert abs(small.return_rate_value[0] - value) < 1e-12
assert pd.isna(small.low[0])

# %% [markdown] tags=["lang-fr"]
# ## Combien d'articles reviennent ?
#
# Les retours comptent à leur propre date, comme les ventes. Les gestes commerciaux sans retour de marchandise n'y entrent pas.

# %% [markdown] tags=["lang-en"]
# ## How many items come back?
#
# Returns count at their own date, as sales do. Allowances without goods coming back are left out.

# %%
missing = retention.lacking(data)
span = {"start": dates.start, "end": dates.end}
whole = pd.DataFrame() if missing else retention.returns_by(data, **span)
said = plots.sentences.retention.returns(whole, lang=reader, **span)
nameless = [] if data.has("orders", "customer_id") else ["orders.customer_id"]
plots.lacking([*missing, *nameless], lang=reader) if missing else said

# %% [markdown] tags=["lang-fr"]
# ### Par catégorie
#
# Chaque point est le taux d'une catégorie, chaque barre son intervalle. Une barre tout entière d'un côté des tirets s'écarte de l'ensemble ; une barre qui les touche ne permet pas de trancher.

# %% [markdown] tags=["lang-en"]
# ### By category
#
# Each dot is the rate of a category, each bar its interval. A bar wholly on one side of the dashes stands apart from the rest; a bar that touches them does not let you tell.

# %%
overall = None if missing else whole.return_rate_units[0]
lacks = [] if missing else retention.lacking(data, by="category")
told = not (missing or lacks)
categories = retention.returns_by(data, by="category", **span) if told else pd.DataFrame()
about = {"overall": overall, "lang": reader}
ax = None if missing else plots.return_rates(categories, lacks=lacks, **about)
plots.sentences.retention.apart(categories, **about) if told else None

# %% [markdown] tags=["lang-fr"]
# En nombres, avec la valeur à côté des unités :

# %% [markdown] tags=["lang-en"]
# In numbers, with value beside units:

# %%
plots.return_table(categories, lang=reader) if told else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Une catégorie à part appelle un travail sur sa fiche (tailles, photos, matière) avant toute remise. Les articles d'une même commande sont souvent renvoyés ensemble : l'intervalle prend donc le client pour unité. Voici de combien il serait trop étroit si chaque unité comptait pour une personne.

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** A category that stands apart calls for work on its page (sizes, photos, material) before any discount. The items of one order are often sent back together, so the interval takes the customer as its unit. Here is how much too narrow it would be if each unit counted as a person.

# %% tags=["lesson"]
year = {"start": "2025-01-01", "end": "2026-01-01"}
known = retention.returns_by(mk.demo(), by="category", **year)
p, n = known.return_rate_units, known.units_sold
naive_width = 2 * 1.96 * (p * (1 - p) / n) ** 0.5
(naive_width / (known.high - known.low)).round(2).to_list()

# %% [markdown] tags=["lang-fr"]
# ### Par produit
#
# Un produit vendu à peu d'exemplaires monte ou descend au hasard : lisez la longueur de sa barre avant sa place. Un point creux a trop peu de clients pour un intervalle. Comparer beaucoup de produits en fait ressortir par le seul hasard : la phrase les compte.

# %% [markdown] tags=["lang-en"]
# ### By product
#
# A product sold in small numbers rises and falls by chance: read the length of its bar before its place. A hollow dot has too few customers for an interval. To compare many products makes some stand apart by chance alone: the sentence counts them.

# %%
product = "name" if data.has("products", "name") else "product_id"
lacks_product = [] if missing else retention.lacking(data, by=product)
by_product = not (missing or lacks_product)
products = retention.returns_by(data, by=product, **span) if by_product else pd.DataFrame()
ax = None if missing else plots.return_rates(products, lacks=lacks_product, **about)
plots.sentences.retention.apart(products, **about) if by_product else None

# %% [markdown] tags=["lang-fr"]
# Les taux les plus élevés, en unités et en valeur. Le classeur d'un rapport contient tous les produits.

# %% [markdown] tags=["lang-en"]
# The highest rates, in units and in value. The workbook of a report holds all products.

# %%
plots.return_table(products, lang=reader) if by_product else None

# %% [markdown] tags=["lang-fr"]
# ### Par canal
#
# Un retour compte ici là où l'article a été **rapporté**. La figure est en unités, le tableau aussi en valeur.

# %% [markdown] tags=["lang-en"]
# ### By channel
#
# Here a return counts where the item was **brought back**. The figure is in units, the table in value too.

# %%
lacks_channel = [] if missing else retention.lacking(data, by="channel")
by_channel = not (missing or lacks_channel)
channels = retention.returns_by(data, by="channel", **span) if by_channel else pd.DataFrame()
ax = None if missing else plots.return_rates(channels, lacks=lacks_channel, **about)
plots.return_table(channels, lang=reader) if by_channel else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Or beaucoup d'achats en ligne sont rapportés en magasin, ce qui charge le magasin des retours du site. Avec `returned_before`, on suit les ventes et l'on rend chaque retour au canal **qui a vendu**. Pour être complètes, ces ventes s'arrêtent `return_days` jours avant la fin.

# %% [markdown] tags=["lang-en", "lesson"]
# Yet many online purchases are brought back to a store, which burdens the store with the site's returns. With `returned_before` you follow the sales and give each return to the channel **that sold** it. To be complete, these sales stop `return_days` days before the end.

# %% tags=["lesson"]
sold = {"start": "2023-01-01", "end": pd.Timestamp(as_of) - pd.Timedelta(days=return_days)}
by_sale = retention.returns_by(mk.demo(), by="channel", returned_before=as_of, **sold)
by_return = retention.returns_by(mk.demo(), by="channel", **sold)
rates = {"by_sale": by_sale, "by_return": by_return}
rates = {name: one.set_index("channel").return_rate_units for name, one in rates.items()}
pd.DataFrame(rates).map(reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# Le magasin paraissait bien pire qu'il n'est. Les données de démonstration sont simulées : la probabilité qu'une ligne revienne y est connue, par canal de vente et par catégorie. Elle est par ligne et le taux par unité, d'où un léger écart. Quelle part des intervalles contient cette vérité ?

# %% [markdown] tags=["lang-en", "lesson"]
# The store looked much worse than it is. The demo data are simulated: the probability that a line comes back is known there, by channel of sale and category. It is by line and the rate by unit, hence a small gap. What share of the intervals holds that truth?

# %% tags=["lesson"]
known = mk.truth()["returns"]
both = ["channel", "category"]
cells = retention.returns_by(mk.demo(), by=both, returned_before=as_of, **sold)
rates, factors = known["rate_of_lines"], known["category_factors"]
truth = cells.channel.map(rates) * cells.category.map(factors)
reader.percent(((cells.low <= truth) & (truth <= cells.high)).mean())

# %% [markdown] tags=["lang-fr"]
# ### Mois par mois
#
# Deux façons de compter : selon la date du retour, ou selon celle de la vente. Là où les bandes se recouvrent largement, on ne peut pas dire qu'un mois diffère d'un autre.

# %% [markdown] tags=["lang-en"]
# ### Month by month
#
# Two ways to count: by the date of the return, or by that of the sale. Where bands overlap widely, one cannot tell one month from another.

# %%
settings = {**span, "return_days": return_days}
months = pd.DataFrame() if missing else retention.returns_by_month(data, **settings)
ax = None if missing else plots.returns_by_month(months, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège de janvier.** Les retours de janvier viennent des ventes de décembre. Divisés par les ventes plus maigres de janvier, ils font bondir un taux qui n'a pas changé. À la main : 1 000 unités vendues en décembre, 400 en janvier, 10 % de retours, tous un mois après la vente.

# %% [markdown] tags=["lang-en", "lesson"]
# **January's trap.** January's returns come from December's sales. Divided by January's leaner sales, they make a rate jump that has not changed. By hand: 1,000 units sold in December, 400 in January, 10% returned, all a month after the sale.

# %% tags=["lesson"]
december, january, rate = 1000, 400, 0.10
by_date_of_return = rate * december / january
reader.percent(by_date_of_return), reader.percent(rate)

# %% [markdown] tags=["lang-fr"]
# ### Pourquoi ?
#
# Les motifs, en part des unités et de la valeur retournées.

# %% [markdown] tags=["lang-en"]
# ### Why?
#
# The reasons, as a share of the units and of the value returned.

# %%
reasons = pd.DataFrame() if missing else retention.return_reasons(data, **span)
ax = None if missing else plots.return_reasons(reasons, lang=reader)
plots.sentences.retention.reasons(reasons, lang=reader) if len(reasons) else None

# %% [markdown] tags=["lang-fr"]
# Dans chaque catégorie, celles qui reviennent le plus d'abord :

# %% [markdown] tags=["lang-en"]
# Within each category, those that come back most first:

# %%
why = retention.return_reasons(data, by="category", **span) if told else pd.DataFrame()
plots.reason_table(why, lang=reader) if told else None

# %% [markdown] tags=["lang-fr"]
# Pour les produits qui reviennent le plus, ce qu'il faut corriger d'abord :

# %% [markdown] tags=["lang-en"]
# For the products that come back most, what to mend first:

# %%
why = retention.return_reasons(data, by=product, **span) if by_product else pd.DataFrame()
plots.reason_table(why, lang=reader) if by_product else None

# %% [markdown] tags=["lang-fr"]
# Et dans chaque canal où l'article a été rapporté :

# %% [markdown] tags=["lang-en"]
# And within each channel where the item was brought back:

# %%
why = retention.return_reasons(data, by="channel", **span) if by_channel else pd.DataFrame()
plots.reason_table(why, lang=reader) if by_channel else None

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Les clients qui reviennent : les cohortes, à la main
#
# Une **cohorte** réunit les clients dont la première commande tombe le même mois. Voici six clients, de `a` à `f`, leurs douze commandes (`passed` compte les jours depuis le 1er janvier), et l'analyse du 15 avril : ce mois-là n'est pas fini. À chaque commande, donnez le mois de la première commande du client, et son **âge** : le nombre de mois écoulés depuis.

# %% [markdown] tags=["lang-en", "lesson"]
# ## The customers who come back: cohorts, by hand
#
# A **cohort** holds the customers whose first order falls in the same month. Here are six customers, `a` to `f`, their twelve orders (`passed` counts the days since 1 January) and an analysis on 15 April: that month is not over. Give each order the month of its customer's first order, and its **age**: the number of months since.

# %% tags=["lesson"]
shop = pd.DataFrame({"customer_id": list("aaabbcdddeff"), "amount": 20.0})
passed = [4, 40, 61, 19, 73, 27, 32, 67, 91, 55, 70, 99]
shop["ordered_at"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(passed, unit="D")
shop["order_id"] = shop.index.astype(str)
month = shop.ordered_at.dt.to_period("M")
shop["cohort"] = month.groupby(shop.customer_id).transform("min")
shop["age"] = [(one - first).n for one, first in zip(month, shop.cohort)]

# %% [markdown] tags=["lang-fr", "lesson"]
# Comptez les clients différents de chaque case : c'est le **triangle**. `NaN` veut dire ici « aucune commande vue ».

# %% [markdown] tags=["lang-en", "lesson"]
# Count the different customers of each cell: that is the **triangle**. Here `NaN` means "no order seen".

# %% tags=["lesson"]
who = shop.groupby(["cohort", "age"]).customer_id.nunique()
triangle = who.unstack()
triangle

# %% [markdown] tags=["lang-fr", "lesson"]
# Deux erreurs guettent. Un mois **terminé** sans commande est un vrai zéro : écrivez-le. Avril n'est **pas terminé** : ce que l'on y voit n'est qu'un début, et il faut l'effacer, sans quoi la cohorte de mars semble perdre ses clients.

# %% [markdown] tags=["lang-en", "lesson"]
# Two mistakes lie in wait. A **finished** month without an order is a true zero: write it. April is **not over**: what shows there is only a beginning and has to go, or the March cohort seems to lose its customers.

# %% tags=["lesson"]
over = pd.DataFrame({age: triangle.index + age < pd.Period("2025-04") for age in triangle})
triangle = triangle.fillna(0).where(over.set_index(triangle.index))
triangle

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque fait de même, dans le moteur. Son résultat a une ligne par cohorte et par âge ; `observed` dit si la période est entière (`whole`), entamée (`partial`) ou à venir (`none`).

# %% [markdown] tags=["lang-en", "lesson"]
# The package does the same, in the engine. Its result has a row a cohort and age; `observed` says whether the period is whole, partial or still to come (`none`).

# %% tags=["lesson"]
cohort_table = retention.cohorts(shop, as_of="2025-04-15")
packaged = cohort_table.pivot(index="cohort", columns="age", values="active")[triangle.columns]
packaged = packaged.astype("float64").fillna(-1)
assert (packaged.to_numpy() == triangle.fillna(-1).to_numpy()).all()
cohort_table[["cohort", "age", "customers", "observed", "active", "active_rate"]].head(4)

# %% [markdown] tags=["lang-fr"]
# ## Les clients reviennent‑ils ?
#
# D'abord, qui est vraiment nouveau ? Les données ont un début : un ancien client y passe pour nouveau à sa première commande visible, et les habitués font paraître les premières cohortes plus fidèles qu'elles ne sont.

# %% [markdown] tags=["lang-en"]
# ## Do customers come back?
#
# First, who is really new? The data have a beginning: an old customer looks new at the first order that shows, and regulars make the first cohorts look more loyal than they are.

# %%
new = retention.newcomers(data, as_of=as_of)
until = retention.observed_until(data, as_of=as_of)
plots.sentences.retention.newcomers(new, lang=reader, as_of=as_of, lacks=nameless)

# %% [markdown] tags=["lang-fr"]
# ### Le triangle des cohortes
#
# Une ligne se lit de gauche à droite : que devient cette cohorte ? Une colonne se lit de haut en bas : à âge égal, les nouvelles cohortes font-elles mieux que les anciennes ?

# %% [markdown] tags=["lang-en"]
# ### The cohort triangle
#
# Read a row from left to right: what becomes of this cohort? Read a column from top to bottom: at the same age, do new cohorts do better than old ones?

# %%
orders = retention.newcomers_orders(data)
cohorts = retention.cohorts(orders, as_of=until, grain=grain).execute()
ax = plots.cohort_triangle(cohorts, grain=grain, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Les cohortes par mois, une ligne par âge : clients, commandes et chiffre d'affaires. La page montre le début du tableau ; le classeur d'un rapport le contient en entier.

# %% [markdown] tags=["lang-en"]
# Cohorts by month, a row an age: customers, orders and revenue. The page shows where the table begins; the workbook of a report holds all of it.

# %%
monthly = retention.cohorts(orders, as_of=until, grain="month").execute()
plots.cohort_table(monthly, grain="month", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Chaque cohorte du triangle compte peu de clients : d'un mois à l'autre, une case varie de plusieurs points par hasard. Cherchez une colonne qui monte ou descend, non une case.

# %% [markdown] tags=["lang-en", "lesson"]
# Each cohort of the triangle holds few customers: from one month to the next a cell varies by several points by chance. Look for a column that rises or falls, not for a cell.

# %% [markdown] tags=["lang-fr"]
# Par trimestre, les cohortes sont plus grandes et l'on voit plus loin.

# %% [markdown] tags=["lang-en"]
# By quarter, cohorts are larger and you see further.

# %%
quarters = retention.cohorts(orders, as_of=until, grain="quarter").execute()
average = retention.cohort_average(quarters)
ax = plots.cohort_curves(quarters, average, grain="quarter", lang=reader)
plots.sentences.retention.cohorts(average, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège des jeunes cohortes.** Prenez des zéros pour les trimestres à venir et faites la moyenne : la rétention semble s'effondrer. Comparez, aux quatre derniers âges, la moyenne avec de faux zéros et la bonne.

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of young cohorts.** Take zeros for the quarters to come and average: retention seems to collapse. Compare, at the last four ages, the average with false zeros and the right one.

# %% tags=["lesson"]
grid = quarters.pivot(index="cohort", columns="age", values="active_rate")
wrong = pd.DataFrame({"false_zeros": grid.fillna(0).mean(), "observed": grid.mean()})
wrong.tail(4).map(reader.percent)

# %% [markdown] tags=["lang-fr"]
# Les nouvelles cohortes font-elles mieux ? Une seule colonne, avec ses intervalles, répond mieux qu'un triangle : la part qui a racheté en 90 jours, comptés depuis le premier achat de chacun.

# %% [markdown] tags=["lang-en"]
# Do new cohorts do better? One column, with its intervals, answers better than a triangle: the share that bought again within 90 days, counted from each one's first purchase.

# %%
by_cohort = retention.repeat_within(orders, as_of=until, days=[90], grain="quarter")
ax = plots.repeat_by_cohort(by_cohort, days=90, grain="quarter", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège des survivants.** « Nos plus anciens clients commandent à peu près autant qu'avant » : oui, ceux qui restent. Divisez les commandes par **toute** la cohorte, non par ceux qui commandent encore. Voici les deux lectures pour la plus ancienne cohorte.

# %% [markdown] tags=["lang-en", "lesson"]
# **The survivors' trap.** "Our oldest customers order about as often as ever": yes, those who are left. Divide the orders by the **whole** cohort, not by those who still order. Here are both readings for the oldest cohort.

# %% tags=["lesson"]
oldest = quarters[quarters.cohort == quarters.cohort.min()].dropna().sort_values("age")
oldest = oldest.assign(orders_per_survivor=oldest.orders / oldest.active)
both = oldest.set_index("age")[["orders_per_survivor", "orders_per_customer"]].round(2)
pd.concat([both.head(2), both.tail(2)])

# %% [markdown] tags=["lang-fr"]
# ### Ce qu'une cohorte rapporte
#
# Le chiffre d'affaires cumulé par client dit au bout de combien de temps un client acquis rembourse ce qu'il a coûté.

# %% [markdown] tags=["lang-en"]
# ### What a cohort brings
#
# Cumulative revenue per customer says how long it takes a newly won customer to pay back what they cost.

# %%
measure = "cumulative_revenue_per_customer"
ax = plots.cohort_triangle(quarters, measure=measure, grain="quarter", lang=reader)

# %% [markdown] tags=["lang-fr"]
# Les cohortes par trimestre, de la même façon :

# %% [markdown] tags=["lang-en"]
# Cohorts by quarter, in the same way:

# %%
plots.cohort_table(quarters, grain="quarter", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Les cohortes partagent les clients : leurs premières cases, additionnées, redonnent tout le monde.

# %% [markdown] tags=["lang-en", "lesson"]
# Cohorts split the customers: their first cells, added up, give back everyone.

# %% tags=["lesson"]
assert quarters[quarters.age == 0].customers.sum() == new.customers - (new.older or 0)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Combien de temps avant le deuxième achat ? À la main
#
# Six clients, suivis jusqu'au 28 février. Quatre ont racheté, après 5, 12, 20 et 40 jours. Deux ne l'ont **pas encore** fait : l'un est suivi depuis 12 jours, l'autre depuis 30. On dit qu'ils sont **censurés**.

# %% [markdown] tags=["lang-en", "lesson"]
# ## How long until the second purchase? By hand
#
# Six customers, followed until 28 February. Four bought again, after 5, 12, 20 and 40 days. Two have **not yet**: one has been followed for 12 days, the other for 30. They are said to be **censored**.

# %% [markdown] tags=["lang-fr", "lesson"]
# La moyenne de ceux qui ont racheté oublie les deux autres, qui attendent encore : elle est trop courte. L'idée de **Kaplan et Meier** est de compter chacun aussi longtemps qu'il est suivi. Un jour où $d$ clients rachètent, parmi les $n$ encore suivis qui ne l'ont pas fait, la part de ceux qui n'ont pas racheté est multipliée par $1 - d/n$ :
#
# $$S(t) = \prod_{t_i \le t} \left(1 - \frac{d_i}{n_i}\right)$$

# %% [markdown] tags=["lang-en", "lesson"]
# The average of those who bought again forgets the two others, who are still waiting: it is too short. The idea of **Kaplan and Meier** is to count everyone for as long as they are followed. On a day when $d$ customers buy again, of the $n$ still followed who had not, the share of those who have not bought again is multiplied by $1 - d/n$:
#
# $$S(t) = \prod_{t_i \le t} \left(1 - \frac{d_i}{n_i}\right)$$

# %% tags=["lesson"]
waits = pd.DataFrame({"days": [5, 12, 12, 20, 30, 40]})
waits["bought"] = [True, True, False, True, False, True]
waits["customers"] = 1
steps = waits[waits.bought].groupby("days").size().to_frame("d")
steps["n"] = [(waits.days >= day).sum() for day in steps.index]
steps["survival"] = (1 - steps.d / steps.n).cumprod()
steps

# %% [markdown] tags=["lang-fr", "lesson"]
# Au jour 12, cinq clients sont encore suivis, dont celui qui sera censuré le soir même ; au jour 20, il n'en reste que trois. La bibliothèque donne la même courbe.

# %% [markdown] tags=["lang-en", "lesson"]
# On day 12 five customers are still followed, including the one who is censored that evening; on day 20 only three are left. The package gives the same curve.

# %% tags=["lesson"]
fitted = retention.kaplan_meier(waits)
assert abs(fitted.curve.survival.iloc[1:].to_numpy() - steps.survival.to_numpy()).max() < 1e-12
assert fitted.median_days == 20

# %% [markdown] tags=["lang-fr", "lesson"]
# Et depuis les commandes, sans préparer les attentes : `retention.survival` compte les jours du premier au deuxième jour d'achat, et jusqu'à la veille de `as_of` pour ceux qui attendent.

# %% [markdown] tags=["lang-en", "lesson"]
# And from the orders, without preparing the waits: `retention.survival` counts the days from the first to the second day of purchase, and up to the eve of `as_of` for those who wait.

# %% tags=["lesson"]
first = ["2025-01-01", "2025-01-10", "2025-02-16", "2025-01-05", "2025-01-29", "2025-01-10"]
first = pd.Series(pd.to_datetime(first))
second = (first + pd.to_timedelta(waits.days, unit="D"))[waits.bought]
six = pd.DataFrame({"ordered_at": [*first, *second], "amount": 20.0})
six["customer_id"], six["order_id"] = list("abcdef" + "abdf"), six.index.astype(str)
assert retention.survival(six, as_of="2025-03-01").curve.equals(fitted.curve)

# %% [markdown] tags=["lang-fr"]
# ## Combien de temps avant le deuxième achat ?
#
# La courbe part de tous les nouveaux clients et descend quand l'un d'eux rachète. Sous l'axe, ceux que l'on suit encore : là où ils sont peu, la courbe est peu sûre.

# %% [markdown] tags=["lang-en"]
# ## How long until the second purchase?
#
# The curve starts with all new customers and falls when one of them buys again. Below the axis, those still followed: where they are few, the curve is unsure.

# %%
curve = retention.survival(orders, as_of=until)
ax = plots.survival_curve(curve, lang=reader)
plots.sentences.retention.survival(curve, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Le processus d'achat de la démonstration est connu : la part de ceux qui n'ont pas racheté après $t$ jours y vaut $(\alpha / (\alpha + t))^r$ (modèle BG/NBD, leçon 03). La vérité est-elle dans la bande, après un an puis deux ?

# %% [markdown] tags=["lang-en", "lesson"]
# The purchase process of the demo is known: there the share of those who have not bought again after $t$ days is $(\alpha / (\alpha + t))^r$ (the BG/NBD model, lesson 03). Does the truth lie in the band, after one year, then two?

# %% tags=["lesson"]
limit = mk.truth()["bg_nbd"]["limit"]
alpha, r = limit["alpha"], limit["r"]
seen = pd.DataFrame({t: curve.at(t) for t in (365, 730)}, index=["estimate", "low", "high"]).T
seen.assign(truth=[(alpha / (alpha + t)) ** r for t in seen.index]).map(reader.percent)

# %% [markdown] tags=["lang-fr"]
# ### Qui rachète, et en combien de jours ?
#
# La même chose en tableau. Chaque ligne ne compte que les clients observés aussi longtemps : un client d'hier ne peut pas avoir racheté « en 90 jours ».

# %% [markdown] tags=["lang-en"]
# ### Who buys again, and within how many days?
#
# The same as a table. Each row counts only the customers observed that long: a customer of yesterday cannot have bought again "within 90 days".

# %%
repeats = retention.repeat_within(orders, as_of=until)
plots.repeat_table(repeats, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ### Le temps entre deux achats
#
# De ceux qui reviennent, combien de jours passent d'un achat au suivant ? Ce délai ne dit rien de ceux qui attendent encore.

# %% [markdown] tags=["lang-en"]
# ### The time between two purchases
#
# Of those who come back, how many days pass from one purchase to the next? It says nothing of those who are still waiting.

# %%
found = retention.between_orders(orders, as_of=until)
ax = plots.purchase_gaps(found, lang=reader)
plots.sentences.retention.gaps(found, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège de la moyenne des délais.** Elle ne compte que des attentes terminées. Comparez : la médiane des délais entre achats, et la médiane de Kaplan–Meier jusqu'au deuxième achat, qui compte aussi ceux qui attendent.

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of the average gap.** It counts only waits that are over. Compare: the median gap between purchases, and the Kaplan–Meier median to the second purchase, which also counts those who wait.

# %% tags=["lesson"]
reader.days(found.median_days), reader.days(curve.median_days)

# %% [markdown] tags=["lang-fr"]
# ### Combien de commandes par client ?
#
# Une moyenne ne dit pas comment les clients se répartissent : voici combien de clients ont passé une commande dans la période, combien deux, et ce que pèsent ces commandes. Les clients anciens y figurent aussi.

# %% [markdown] tags=["lang-en"]
# ### How many orders per customer?
#
# An average does not say how customers are spread: here is how many customers placed one order in the period, how many two, and what these orders weigh. Old customers are in it too.

# %%
everyone = rfm.identified_orders(data)
frequency = retention.frequency_distribution(everyone, **span)
ax = plots.order_counts(frequency, lang=reader)
plots.sentences.retention.frequency(frequency, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Les KPI du dictionnaire sur les clients qui reviennent, sur la même période. L'intervalle dit de combien le hasard seul les déplace :

# %% [markdown] tags=["lang-en"]
# The KPIs of the dictionary on customers who come back, over the same period. The interval says how far chance alone moves them:

# %%
kpis = pd.DataFrame() if nameless else retention.loyalty(data, **span)
plots.loyalty_table(kpis, lang=reader, lacks=nameless)

# %% [markdown] tags=["lang-fr", "lesson"]
# Ne les confondez pas. Le **taux d'achat répété** et la **fréquence** regardent une seule fenêtre : qui y a commandé, et combien de fois. La **rétention** en compare deux : de ceux qui étaient actifs avant, combien le sont encore ? Les nouveaux n'y entrent pas. Une cliente qui commande une fois chaque novembre est retenue chaque année, sans jamais compter comme achat répété. Les commandes sans client connu n'entrent dans aucun des trois.
#
# Deux d'entre eux se lisent dans la figure : la fréquence d'achat et le taux d'achat répété. Vérifiez.

# %% [markdown] tags=["lang-en", "lesson"]
# Do not mix them up. The **repeat purchase rate** and the **frequency** look at one window: who ordered in it, and how often. **Retention** compares two: of those who were active before, how many still are? Newcomers are not in it. A customer who orders once every November is retained every year and never counts as a repeat purchase. Orders without a known customer are in none of the three.
#
# Two of them can be read off the figure: purchase frequency and repeat purchase rate. Check.

# %% tags=["lesson"]
placed = frequency.orders_placed.sum() / frequency.customers.sum()
values = kpis.set_index("kpi").value
assert abs(values.purchase_frequency - placed) < 1e-9
assert abs(values.repeat_purchase_rate - (1 - frequency.customers_share[0])) < 1e-9

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Juger les jeunes cohortes.** Un mois qui n'est pas fini n'est pas un mauvais mois. Comparez à âge égal, ou ne comparez pas.
# - **Le bond de janvier.** Le taux par date de retour suit les ventes du mois précédent. Pour juger un produit ou une fiche, suivez les ventes et attendez que leurs retours soient arrivés.
# - **Les survivants.** Ceux qui restent sont fidèles par construction. Gardez toute la cohorte au dénominateur.
# - **La moyenne des délais.** Elle oublie ceux qui ne sont jamais revenus, et ceux qui achètent souvent y comptent plusieurs fois.
# - **Le canal qui reçoit les retours** n'est pas celui qui les cause.
# - **Le premier d'une longue liste** de produits l'est en partie par hasard : attendez que son intervalle s'écarte.
# - **Ne compter que les retours.** Des frais les font baisser, et les ventes parfois aussi. Jugez-les sur ce que gagne la boutique, en marge, entre deux groupes tirés au sort (leçon 04).
# - **Une cohorte n'est pas un effet.** Que les clients de mai reviennent mieux ne prouve pas que l'action de mai en est la cause (leçons 04 et 05).

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Judging young cohorts.** A month that is not over is not a bad month. Compare at the same age, or do not compare.
# - **January's jump.** The rate by date of return follows the sales of the month before. To judge a product or its page, follow the sales and wait until their returns have come.
# - **Survivors.** Those who are left are loyal by construction. Keep the whole cohort in the denominator.
# - **The average gap.** It forgets those who never came back, and counts those who buy often several times.
# - **The channel that receives the returns** is not the one that causes them.
# - **The first of a long list** of products is there partly by chance: wait until its interval stands apart.
# - **Counting returns only.** A fee lowers them, and sometimes sales as well. Judge it on what the shop earns, in margin, between two groups drawn at random (lesson 04).
# - **A cohort is not an effect.** That May's customers come back more does not prove that May's action is the cause (lessons 04 and 05).

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Calculer un taux de retour en unités et en valeur, et dire quand il diffère vraiment.
# - Choisir entre la date du retour (la trésorerie) et celle de la vente (le produit).
# - Construire un triangle de cohortes où l'inconnu reste vide.
# - Estimer un temps d'attente avec Kaplan–Meier, sa bande et sa médiane.
# - Distinguer taux d'achat répété, rétention et fréquence d'achat.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Compute a return rate in units and in value, and say when it really differs.
# - Choose between the date of the return (cash) and that of the sale (the product).
# - Build a cohort triangle in which the unknown stays blank.
# - Estimate a waiting time with Kaplan–Meier, its band and its median.
# - Tell repeat purchase rate, retention and purchase frequency apart.

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
q1, q2, q3, q4, q5, q6, q7 = mk.exercises("09", lang=reader, seed=seed)

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
mk.quiz("09", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Relancez la page avec `grain = "quarter"`, puis avec `as_of = "2025-11-15"`. Quelles cases disparaissent, et pourquoi est-ce une bonne chose ?
# 2. **Décider.** D'après le temps entre deux achats, quel jour après un achat enverriez-vous un rappel ? Que perdez-vous à l'envoyer plus tôt ? plus tard ?
# 3. **Cas.** La direction veut rendre les retours payants « parce que le magasin en a trop ». Répondez en cinq phrases, avec deux chiffres de cette page et une autre proposition. Que lui demanderiez-vous de tester d'abord ?

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Run the page again with `grain = "quarter"`, then with `as_of = "2025-11-15"`. Which cells disappear, and why is that a good thing?
# 2. **Decide.** From the time between two purchases, how many days after a purchase would you send a reminder? What do you lose by sending it earlier? later?
# 3. **Case.** Management wants to charge for returns "because the store gets too many". Answer in five sentences, with two figures from this page and another proposal. What would you ask them to test first?
