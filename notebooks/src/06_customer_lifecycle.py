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
# # Cycle de vie client : où en est chacun, et qui bouge ?
#
# Un lead qui n'a rien acheté, un primo-acheteur d'hier, un habitué qui se tait depuis six mois : trois personnes, trois messages. Cette page place chaque contact dans une étape et une seule, dit ce que chaque étape pèse, qui passe de l'une à l'autre, et à quel rythme les leads deviennent clients et les silencieux reviennent.

# %% [markdown] tags=["lang-en"]
# # Customer lifecycle: where does everyone stand, and who is moving?
#
# A lead who has bought nothing, a first-time buyer of yesterday, a regular silent for six months: three people, three messages. This page places each contact in one stage and only one, says what each stage weighs, who moves from one to another, and how fast leads become customers and the silent come back.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez placer un contact dans son étape d'après trois dates, lire une matrice de passages, calculer cinq taux de conversion exactement comme ils sont définis, et choisir les seuils d'après les habitudes des clients plutôt qu'au hasard.
#
# Les réglages de la page tiennent dans `settings` : tout seuil, toute fenêtre, tout palier et tout mot peut y être changé, par exemple `settings = {"customers": {"defecting_days": 540}}`. `filters` restreint toute la page, par exemple `{"region": ["QC"]}`.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can place a contact in a stage from three dates, read a matrix of moves, work out five conversion rates exactly as they are defined, and choose limits from customers' habits rather than at random.
#
# The settings of the page are all in `settings`: any limit, window, tier or word can be changed there, for instance `settings = {"customers": {"defecting_days": 540}}`. `filters` narrows the whole page, for instance `{"region": ["QC"]}`.

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
settings = None
filters = None

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez les données. `rules` contient les réglages, vérifiés : une faute de frappe y serait refusée, avec le nom de la clé ; dans `filters`, une valeur que les données n'ont pas le serait aussi.

# %% [markdown] tags=["lang-en", "lesson"]
# Open the data. `rules` holds the settings, checked: a misspelling would be refused there, with the name of the key; in `filters`, so would a value that the data do not have.

# %%
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import lifecycle, plots

reader = mk.reader(lang, locale=locale, currency=currency)
dates = mk.periods(as_of=as_of, period=period, compare=compare)
rules = lifecycle.Settings.of(settings)
data = mk.open_data(source, mapping=mapping)
lifecycle.require_buyers(data)
terms = {"settings": rules, "filters": lifecycle.read_filters(filters, data)}

# %% [markdown] tags=["lang-fr"]
# Manque-t-il des données à cette page ?

# %% [markdown] tags=["lang-en"]
# Do the data lack anything for this page?

# %%
needed = ["orders.customer_id", "orders.amount", "contacts.registered_at", "responses.at"]
needed += ["contacts.acquisition_channel", "order_lines.unit_price", "products.category"]
needed += [] if rules.count_fully_refunded else ["returns.order_id", "returns.returned_at"]
plots.lacking([name for name in needed if not data.has(*name.split("."))], lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Les règles
#
# Une étape dit où en est quelqu'un **dans le temps** ; un statut dit combien il dépense. Les deux se lisent ensemble.

# %% [markdown] tags=["lang-en"]
# ## The rules
#
# A stage says where someone stands **in time**; a status says how much they spend. The two are read together.

# %%
data = data.filled("orders.customer_id", "orders.amount")
plots.lifecycle_rules(rules, lang=reader, filters=filters)

# %% [markdown] tags=["lang-fr", "lesson"]
# ### À la main, sur huit contacts
#
# Voici huit contacts. Trois dates suffisent pour chacun : l'inscription, la dernière réponse (un clic, une visite), le dernier achat ; et le nombre d'achats.

# %% [markdown] tags=["lang-en", "lesson"]
# ### By hand, on eight contacts
#
# Here are eight contacts. Three dates are enough for each: the registration, the last response (a click, a visit), the last purchase; and the number of purchases.

# %% tags=["lesson"]
people = pd.DataFrame({"customer_id": list("abcdefgh")})
people["registered"] = [30, 400, 150, 700, 20, 500, 800, 900]
people["response"] = [None, 12, None, 300, None, None, None, None]
people["purchase"] = [None, None, None, None, 20, 45, 200, 500]
people["purchases"] = [0, 0, 0, 0, 1, 6, 3, 2]

# %% [markdown] tags=["lang-fr", "lesson"]
# Les nombres sont des jours avant la date d'analyse. Pour un client, tout dépend du dernier achat.

# %% [markdown] tags=["lang-en", "lesson"]
# The numbers are days before the day of the analysis. For a customer, all depends on the last purchase.

# %% tags=["lesson"]
def customer_stage(days, purchases):
    if days <= 90:
        return "first_time" if purchases == 1 else "active"
    return "defecting" if days <= 365 else "inactive"

# %% [markdown] tags=["lang-fr", "lesson"]
# Un lead est un contact que l'on sait joindre et qui n'a aucune commande valide : une commande annulée n'en fait pas un client. Pour lui, on regarde d'abord une réponse récente, puis une inscription récente, puis depuis combien de temps il ne s'est plus rien passé.

# %% [markdown] tags=["lang-en", "lesson"]
# A lead is a contact whom you can reach and who has no valid order: a cancelled order does not make a customer. For a lead, first look for a recent response, then for a recent registration, then for how long nothing has happened.

# %% tags=["lesson"]
def lead_stage(registered, response):
    if response <= 90:
        return "lead_active"
    if registered <= 90:
        return "lead_new"
    return "lead_cold" if min(registered, response) <= 180 else "lead_inactive"

# %% [markdown] tags=["lang-fr", "lesson"]
# Appliquez les deux règles.

# %% [markdown] tags=["lang-en", "lesson"]
# Apply the two rules.

# %% tags=["lesson"]
days = people.fillna({"response": 9999})
leads = [lead_stage(a, b) for a, b in zip(days.registered, days.response)]
customers = [customer_stage(a, n) for a, n in zip(days.purchase, days.purchases)]
by_hand = [c if n else lead for c, lead, n in zip(customers, leads, days.purchases)]
people["stage"] = [rules.term(id, lang) for id in by_hand]
people

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque lit des tables, pas des nombres de jours. Fabriquez-les, et comparez.

# %% [markdown] tags=["lang-en", "lesson"]
# The package reads tables, not numbers of days. Make them, and compare.

# %% tags=["lesson"]
today = pd.Timestamp("2026-01-01")
ago = lambda days: today - pd.to_timedelta(days, unit="D")
contacts_of = people[["customer_id"]].assign(registered_at=ago(people.registered))
answered = people.dropna(subset=["response"])
responses_of = answered[["customer_id"]].assign(at=ago(answered.response))

# %% [markdown] tags=["lang-fr", "lesson"]
# Les achats : le dernier à sa date, les précédents quelques jours plus tôt (peu importe leur date, seul leur nombre compte).

# %% [markdown] tags=["lang-en", "lesson"]
# The purchases: the last at its date, those before it some days earlier (their dates do not matter, only how many there are).

# %% tags=["lesson"]
bought = people[people.purchases > 0]
bought = bought.loc[bought.index.repeat(bought.purchases)].reset_index(drop=True)
place = bought.groupby("customer_id").cumcount()
orders_of = bought[["customer_id"]].assign(order_id=bought.index.astype(str), amount=40.0)
orders_of["ordered_at"] = ago(bought.purchase.astype(float) + 3 * place)

# %% [markdown] tags=["lang-fr", "lesson"]
# Même étape pour chacun ?

# %% [markdown] tags=["lang-en", "lesson"]
# The same stage for everyone?

# %% tags=["lesson"]
tables = {"orders": orders_of, "contacts": contacts_of}
tables["responses"] = responses_of.assign(kind="click")
placed = lifecycle.contacts(mk.open_data(tables), as_of="2026-01-01")
assert placed.stage.tolist() == by_hand

# %% [markdown] tags=["lang-fr"]
# ## Qui en est où ?

# %% [markdown] tags=["lang-en"]
# ## Who stands where?

# %%
contacts = lifecycle.contacts(data, as_of=as_of, **terms)
contacts = contacts if isinstance(contacts, pd.DataFrame) else contacts.execute()
stages = lifecycle.by_stage(contacts)
plots.sentences.lifecycle.stages(stages, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Ce que chaque étape pèse en contacts et en dépenses :

# %% [markdown] tags=["lang-en"]
# What each stage weighs in contacts and in spending:

# %%
ax = plots.stage_shares(stages, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Les mêmes en chiffres :

# %% [markdown] tags=["lang-en"]
# The same in figures:

# %%
plots.stage_table(stages, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Les données remontent-elles assez loin pour le dire ?

# %% [markdown] tags=["lang-en"]
# Do the data reach back far enough to say so?

# %%
reach = lifecycle.known_from(data, as_of=as_of, settings=rules)
plots.sentences.lifecycle.known_from(reach, lang=reader, as_of=as_of)

# %% [markdown] tags=["lang-fr"]
# ### D'où viennent les leads ?

# %% [markdown] tags=["lang-en"]
# ### Where do leads come from?

# %%
ax = plots.lead_sources(lifecycle.leads_by_source(contacts), lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# ### Combien dépensent-ils ?
#
# Le statut range les clients par ce qu'ils ont dépensé dans la fenêtre ; une limite appartient au palier du dessous, et un lead n'a pas de statut.

# %% [markdown] tags=["lang-en"]
# ### How much do they spend?
#
# The status ranks customers by what they spent in the window; a limit belongs to the tier below it, and a lead has no status.

# %%
plots.status_table(lifecycle.by_status(contacts, settings=rules), lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Étape et statut ensemble : où se trouve l'argent, et où risque-t-il de partir ?

# %% [markdown] tags=["lang-en"]
# Stage and status together: where is the money, and where is it about to leave?

# %%
pairs = lifecycle.stage_status(contacts, settings=rules)
ax = plots.stage_status(pairs, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Les mêmes cases, en clients et en dépenses :

# %% [markdown] tags=["lang-en"]
# The same cells, in customers and in spending:

# %%
plots.stage_status_table(pairs, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr", "lesson"]
# Cherchez la case « client en défection » des paliers les plus hauts : ce sont d'excellents clients qui se taisent depuis plus de trois mois. C'est par eux qu'une campagne de reconquête commence.
#
# Ces paliers ont des bornes fixes : si chacun dépense davantage, ceux du haut se remplissent. Un quintile de la RFM (leçon 02), lui, garde toujours un client sur cinq.

# %% [markdown] tags=["lang-en", "lesson"]
# Look for the "defecting customer" cell of the highest tiers: these are excellent customers silent for more than three months. That is where a win-back campaign begins.
#
# These tiers have fixed bounds: if everyone spends more, the top ones fill up. A quintile of RFM (lesson 02) always keeps one customer in five.

# %% [markdown] tags=["lang-fr"]
# ### Le score eRFM

# %% [markdown] tags=["lang-en"]
# ### The eRFM score

# %% [markdown] tags=["lang-fr", "lesson"]
# Le modèle eRFM ajoute à la récence, à la fréquence et au montant une lettre : **e**, l'engagement. Chaque clic, visite ou avis vaut des points, et un point perd la moitié de sa valeur tous les trente jours. À la main : un clic (3 points) il y a 30 jours et une visite (2 points) il y a 60 jours.

# %% [markdown] tags=["lang-en", "lesson"]
# The eRFM model adds a letter to recency, frequency and monetary value: **e**, engagement. Each click, visit or review is worth points, and a point loses half its value every thirty days. By hand: a click (3 points) 30 days ago and a visit (2 points) 60 days ago.

# %% tags=["lesson"]
points = 3 * 0.5 ** (30 / 30) + 2 * 0.5 ** (60 / 30)
acts = pd.DataFrame({"customer_id": ["a"] * 2, "kind": ["click", "visit"], "at": ago([30, 60])})
defaults = lifecycle.Settings().engagement
weights = {"half_life_days": 30, "window_days": 365, "weights": defaults.weights}
scored = lifecycle.engagement(acts, as_of="2026-01-01", **weights)
assert abs(scored.points[0] - points) < 1e-9

# %% [markdown] tags=["lang-fr", "lesson"]
# À quoi sert cette lettre ? À distinguer, parmi des clients qui ont acheté pareil, ceux qui regardent encore de ceux qui ne regardent plus.

# %% [markdown] tags=["lang-en", "lesson"]
# What is this letter for? To tell apart, among customers who bought alike, those who are still looking from those who no longer are.

# %% [markdown] tags=["lang-fr"]
# L'engagement des contacts de chaque étape :

# %% [markdown] tags=["lang-en"]
# The engagement of the contacts of each stage:

# %%
classes = lifecycle.by_engagement(contacts)
plots.stage_engagement(classes, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# ## Le chiffre d'affaires, selon l'étape où la commande trouve l'acheteur

# %% [markdown] tags=["lang-en"]
# ## Revenue, by the stage in which the order finds its buyer

# %%
unknown = lifecycle.unidentified(data, start=dates.start, end=dates.end, **terms)
plots.sentences.lifecycle.unidentified(unknown, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Mois par mois, en montants :

# %% [markdown] tags=["lang-en"]
# Month by month, in amounts:

# %%
revenue = lifecycle.revenue_by_stage(data, start=dates.start, end=dates.end, **terms)
revenue = revenue if isinstance(revenue, pd.DataFrame) else revenue.execute()
ax = plots.stage_revenue(revenue, lang=reader, known_from=reach.stages, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Et en parts, où l'on voit si l'activité vit de nouveaux clients ou d'habitués :

# %% [markdown] tags=["lang-en"]
# And in shares, which show whether the business lives on new customers or on regulars:

# %%
since = reach.stages
ax = plots.stage_revenue(revenue, lang=reader, share=True, known_from=since, settings=rules)

# %% [markdown] tags=["lang-fr"]
# En chiffres, mois par mois :

# %% [markdown] tags=["lang-en"]
# In figures, month by month:

# %%
plots.revenue_table(revenue, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# ### Le panier moyen change-t-il avec l'étape ?

# %% [markdown] tags=["lang-en"]
# ### Does the average order change with the stage?

# %%
orders = lifecycle.average_order_by_stage(data, start=dates.start, end=dates.end, **terms)
orders = orders if isinstance(orders, pd.DataFrame) else orders.execute()
ax = plots.stage_orders(orders, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# ### Qu'achète-t-on quand on change d'étape ?

# %% [markdown] tags=["lang-en"]
# ### What do people buy when they change stage?

# %%
sells = data.has("order_lines", "product_id", "quantity", "unit_price")
named = sells and data.has("products", "category")
moves = pd.DataFrame(columns=["before", "after", "category"])
if named:
    found = lifecycle.categories_at_moves(data, start=dates.start, end=dates.end, **terms)
    moves = found if isinstance(found, pd.DataFrame) else found.execute()
plots.move_categories(moves, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr", "lesson"]
# Un indice de 1,2 dit que la catégorie pèse un cinquième de plus dans ce passage que dans l'ensemble des achats. Il ne dit pas qu'elle *fait* passer : peut-être que ceux qui reviennent au printemps achètent simplement ce qui se vend au printemps.

# %% [markdown] tags=["lang-en", "lesson"]
# An index of 1.2 says that the category weighs a fifth more in this move than in all purchases. It does not say that it *makes* people move: perhaps those who come back in spring simply buy what sells in spring.

# %% [markdown] tags=["lang-fr"]
# ## D'une étape à l'autre
#
# Chaque ligne part d'une étape au début d'un mois ; chaque colonne dit où ces contacts se trouvent à la fin.

# %% [markdown] tags=["lang-en"]
# ## From one stage to the next
#
# Each row starts from a stage at the beginning of a month; each column says where these contacts are at its end.

# %%
flows = lifecycle.flows(data, start=dates.start, end=dates.end, **terms)
flows = flows if isinstance(flows, pd.DataFrame) else flows.execute()
ax = plots.stage_flows(flows, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Le dernier mois en détail :

# %% [markdown] tags=["lang-en"]
# The last month in detail:

# %%
plots.flow_table(flows, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Dans un sens et dans l'autre :

# %% [markdown] tags=["lang-en"]
# One way and the other:

# %%
plots.sentences.lifecycle.flows(flows, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Et ce qu'il en reste, mois après mois :

# %% [markdown] tags=["lang-en"]
# And what it leaves, month after month:

# %%
ax = plots.stage_trend(flows, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr", "lesson"]
# Rien ne se perd : les contacts d'un mois sont ceux du mois d'avant, plus les nouveaux. Vérifiez-le.

# %% [markdown] tags=["lang-en", "lesson"]
# Nothing is lost: the contacts of a month are those of the month before, plus the new ones. Check it.

# %% tags=["lesson"]
months = flows.groupby("period").contacts.sum()
newly = flows[flows.before == "absent"].groupby("period").contacts.sum()
assert (months.diff().dropna() == newly.reindex(months.index).fillna(0)[1:]).all()

# %% [markdown] tags=["lang-fr"]
# ## Les taux de conversion

# %% [markdown] tags=["lang-en"]
# ## Conversion rates

# %% [markdown] tags=["lang-fr", "lesson"]
# Un taux de conversion demande toujours : **qui pouvait** convertir, et **qui l'a fait**. Prenez le réachat des nouveaux acheteurs : au dénominateur, ceux dont le premier achat date de 90 jours au plus ; au numérateur, ceux d'entre eux qui ont racheté. À la main, sur trois clients :

# %% [markdown] tags=["lang-en", "lesson"]
# A conversion rate always asks: **who could** convert, and **who did**. Take the repurchase of first-time buyers: the denominator is those whose first purchase is at most 90 days old; the numerator, those of them who bought again. By hand, on three customers:

# %% tags=["lesson"]
three = pd.DataFrame({"customer_id": ["a", "b", "b", "c"], "amount": [10.0, 20.0, 20.0, 30.0]})
three["ordered_at"] = pd.to_datetime(["2024-12-15", "2025-11-20", "2025-12-30", "2025-12-31"])
first = three.groupby("customer_id").ordered_at.agg(["min", "count"])
recent = first[first["min"] >= ago(90)]
rate = (recent["count"] > 1).mean()
rate

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque donne les cinq taux, chacun selon son entrée du dictionnaire.

# %% [markdown] tags=["lang-en", "lesson"]
# The package gives the five rates, each by its entry of the dictionary.

# %% tags=["lesson"]
small = mk.open_data({"orders": three.assign(order_id=three.index.astype(str))})
checked = lifecycle.conversion(small, as_of="2026-01-01").set_index("rate")
assert checked.value["repurchase_rate"] == rate

# %% [markdown] tags=["lang-fr", "lesson"]
# Qui pouvait convertir, dans chacun des cinq ?
#
# - **Conversion de lead** : les inscrits des 180 derniers jours qui n'avaient rien acheté au soir de leur inscription. Un compte ouvert au moment de payer n'a jamais été un lead.
# - **Réachat** : ceux dont la première commande est dans les 90 derniers jours, même d'hier. Deux commandes le premier jour en sont deux.
# - **Fidélisation** : ceux qui ont commandé il y a 90 jours, jour pour jour, et qui en étaient au moins à leur deuxième commande. Chacun a eu autant de temps pour revenir, mais ils sont peu : d'un jour à l'autre, ce ne sont pas les mêmes.
# - **Reconquête des clients en défection** : ceux qui ont franchi le seuil dans les 90 derniers jours, non toute l'étape.
# - **Reconquête des inactifs** : ceux qui l'ont franchi dans les 275 derniers jours. Il faut donc 275 + 365 jours d'historique.
#
# Revenir n'est pas être reconquis : certains seraient revenus sans vous. Seul un groupe témoin (leçon 04) dit ce qu'une relance ajoute. Et sur peu de clients, deux retours de plus ne prouvent rien : lisez l'intervalle.

# %% [markdown] tags=["lang-en", "lesson"]
# Who could convert, in each of the five?
#
# - **Lead conversion**: those registered in the last 180 days who had bought nothing by the end of the day they registered. An account opened at the checkout was never a lead.
# - **Repurchase**: those whose first order is in the last 90 days, even yesterday's. Two orders on the first day are two.
# - **Loyalty**: those who ordered exactly 90 days ago and were at their second order or beyond. Each has had as much time to come back, but they are few: from one day to the next they are not the same people.
# - **Win-back of defecting customers**: those who crossed the limit in the last 90 days, not the whole stage.
# - **Win-back of inactive customers**: those who crossed it in the last 275 days. So it takes 275 + 365 days of history.
#
# To come back is not to be won back: some would have returned without you. Only a control group (lesson 04) says what a reminder adds. And with few customers, two more returns prove nothing: read the interval.

# %% [markdown] tags=["lang-fr"]
# À la fin de la période, avec l'intervalle de chacun :

# %% [markdown] tags=["lang-en"]
# At the end of the period, each with its interval:

# %%
rates = lifecycle.conversion(data, as_of=as_of, **terms)
plots.conversion_table(rates, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Jour après jour :

# %% [markdown] tags=["lang-en"]
# Day after day:

# %%
begins = dates.end - pd.Timedelta(days=rules.rates.history_days)
history = lifecycle.conversion_history(data, start=begins, end=dates.end, **terms)
ax = plots.conversion_lines(history, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Les derniers jours contre ceux d'avant :

# %% [markdown] tags=["lang-en"]
# The last days against those before:

# %%
latest = lifecycle.last_30_days(data, as_of=as_of, **terms)
plots.recent_rates(latest, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Que peut-on en dire ?

# %% [markdown] tags=["lang-en"]
# What can be said of it?

# %%
plots.sentences.lifecycle.recent(latest, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr", "lesson"]
# Pourquoi ces intervalles sont-ils larges alors que chaque jour compte des centaines de clients ? Parce que ce sont presque les **mêmes** clients d'un jour à l'autre : trente jours ne font pas trente mesures. Seule la fidélisation suit chaque jour d'autres clients, mais ceux d'un seul jour : elle saute, et se lit sur trente jours. Compter chaque jour comme une preuve nouvelle donnerait des alertes sans fin.

# %% [markdown] tags=["lang-en", "lesson"]
# Why are these intervals wide, when each day counts hundreds of customers? Because they are almost the **same** customers from one day to the next: thirty days are not thirty measurements. Loyalty alone follows other customers every day, but those of a single day: it jumps, and is read over thirty days. To count each day as new evidence would raise endless alarms.

# %% [markdown] tags=["lang-fr"]
# ## Les seuils sont-ils les bons ?
#
# Un seuil est d'abord une convention. Les habitudes des clients disent mieux à partir de quand un silence est inhabituel.

# %% [markdown] tags=["lang-en"]
# ## Are these the right limits?
#
# A limit is a convention to begin with. Customers' habits say better when a silence becomes unusual.

# %%
advice = lifecycle.advise(data, as_of=as_of, **terms)
plots.sentences.lifecycle.advice(advice, lang=reader)

# %% [markdown] tags=["lang-fr"]
# La courbe d'où viennent ces seuils :

# %% [markdown] tags=["lang-en"]
# The curve that these limits come from:

# %%
ax = plots.return_curve(advice.proposal, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Les seuils, actuels et proposés :

# %% [markdown] tags=["lang-en"]
# The limits, current and proposed:

# %%
plots.limit_table(advice.proposal, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Les paliers de dépense, actuels et proposés :

# %% [markdown] tags=["lang-en"]
# The tiers of spending, current and proposed:

# %%
plots.tier_table(advice.proposal, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr"]
# Et qui changerait d'étape ou de statut si la proposition était acceptée :

# %% [markdown] tags=["lang-en"]
# And who would change stage or status if the proposal were accepted:

# %%
plots.advice_moves(advice, lang=reader, settings=rules)

# %% [markdown] tags=["lang-fr", "lesson"]
# Pourquoi ne pas compter simplement les jours entre deux achats ? Parce que ce compte oublie tous ceux qui **ne sont pas encore revenus** : il ne voit que les retours déjà faits, donc les plus rapides. Prenez le délai sous lequel tiennent 80 % des écarts observés.

# %% [markdown] tags=["lang-en", "lesson"]
# Why not simply count the days between two purchases? Because that count forgets all those who **have not come back yet**: it only sees the returns already made, hence the quickest. Take the delay that holds 80% of the observed gaps.

# %% tags=["lesson"]
paid = lifecycle.purchases(data, **terms).execute().dropna(subset=["customer_id"])
paid["day"] = pd.to_datetime(paid.day)
days = paid.drop_duplicates(["customer_id", "day"]).sort_values("day")
gaps = days.groupby("customer_id").day.diff().dt.days

# %% [markdown] tags=["lang-fr", "lesson"]
# La courbe, qui compte aussi ceux que l'on attend encore, demande plus de jours. L'écart serait plus grand encore dans une boutique plus jeune.

# %% [markdown] tags=["lang-en", "lesson"]
# The curve, which also counts those still awaited, asks for more days. The difference would be larger still in a younger shop.

# %% tags=["lesson"]
late = advice.proposal.limits[0]
print(reader.days(gaps.quantile(0.8)), reader.days(late.exact))

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Mélanger étape et statut** : un client Platine peut être en défection ; une étape ne dit rien de la dépense.
# - **Croire un historique trop court** : tout le monde y a l'air nouveau.
# - **Comparer des taux de cohortes jeunes et vieilles** : qui s'est inscrit hier n'a pas encore eu le temps d'acheter.
# - **Lire trente jours comme trente preuves.**
# - **Changer les seuils sans le dire** : les étapes bougent, les clients non.
# - **Oublier les achats non identifiés** : ils font du chiffre d'affaires sans contact.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Mixing stage and status**: a Platinum customer may be defecting; a stage says nothing of spending.
# - **Believing too short a history**: everyone looks new in it.
# - **Comparing rates of young and old cohorts**: whoever registered yesterday has not had the time to buy.
# - **Reading thirty days as thirty pieces of evidence.**
# - **Changing the limits without saying so**: the stages move, the customers do not.
# - **Forgetting unidentified purchases**: they make revenue without a contact.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Placer un contact dans une étape et une seule, et son statut dans un palier.
# - Lire une matrice de passages et vérifier que rien ne s'y perd.
# - Définir un taux de conversion par son numérateur et son dénominateur, au jour près.
# - Choisir un seuil d'après une courbe de retour qui compte aussi ceux qui ne sont pas revenus.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Place a contact in one stage and only one, and its status in a tier.
# - Read a matrix of moves and check that nothing is lost in it.
# - Define a conversion rate by its numerator and denominator, to the day.
# - Choose a limit from a return curve that also counts those who have not come back.

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
q1, q2, q3, q4, q5, q6 = mk.exercises("06", lang=reader, seed=seed)

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
mk.quiz("06", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Appliquer.** Mettez `settings = {"customers": {"active_days": 60, "defecting_days": 300}}` et relancez. Que deviennent les étapes, les taux, le conseil ? Qu'ont fait les clients ?
# 2. **Appliquer.** Mettez `filters = {"category": ["…"]}` avec une catégorie de la page. Qui sont les clients « actifs » de cette catégorie ?
# 3. **Décider.** Vous avez choisi la case à appeler (exercice 6). Quel taux suivrez-vous, pendant combien de temps, et à quel groupe le comparerez-vous ? Répondez en cinq phrases.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Apply.** Set `settings = {"customers": {"active_days": 60, "defecting_days": 300}}` and run again. What becomes of the stages, the rates, the advice? What have the customers done?
# 2. **Apply.** Set `filters = {"category": ["…"]}` with a category of this page. Who are the "active" customers of that category?
# 3. **Decide.** You have chosen the cell to call (exercise 6). Which rate will you follow, for how long, and with which group will you compare it? Answer in five sentences.
