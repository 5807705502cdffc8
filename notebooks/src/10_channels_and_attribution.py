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
# # Quels canaux font vendre, et où mettre la prochaine dépense ?
#
# Une cliente voit une bannière, clique sur une annonce, lit un courriel, puis tape l'adresse du site et achète. Qui a fait la vente ? Cette page partage les mêmes commandes selon huit modèles, les confronte au groupe de contrôle, dit ce que coûtent un clic et un nouveau client, et divise un budget en disant à quel point elle en est sûre.

# %% [markdown] tags=["lang-en"]
# # Which channels sell, and where should you spend next?
#
# A customer sees a banner, clicks an ad, reads an e-mail, then types the site's address and buys. Who made the sale? This page shares out the same orders by eight models, holds them against the control group, says what a click and a new customer cost, and divides a budget, saying how sure it is.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez attribuer une commande selon huit modèles et dire à quoi chacun est aveugle, calculer un CAC, un ROAS et un ROI marketing sans leur faire dire plus qu'ils ne disent, lire une courbe de réponse, et refuser de déplacer un budget quand les données ne le permettent pas.
#
# Voici les réglages de la page. `lookback_days` est le nombre de jours avant une commande où un contact compte ; `campaign`, la campagne avec groupe de contrôle à confronter (vide : la dernière).

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can credit an order by eight models and say what each is blind to, compute a CAC, a ROAS and a marketing ROI without making them say more than they do, read a response curve, and refuse to move a budget when the data do not allow it.
#
# Here are the settings of the page. `lookback_days` is the number of days before an order in which a touch counts; `campaign`, the campaign with a control group to hold credit against (empty: the last).

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
lookback_days = 30
campaign = None

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data.

# %%
import numpy as np
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import channels, plots

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)
span = {"start": dates.start, "end": dates.end}

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Cinq parcours, à la main
#
# Un **parcours** est la suite des contacts d'une personne, du plus ancien au plus récent, jusqu'à sa commande ou sans commande. En voici cinq ; trois finissent par une commande.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Five journeys, by hand
#
# A **journey** is the sequence of a person's touches, from the oldest to the latest, up to an order or without one. Here are five; three end with an order.

# %% tags=["lesson"]
five = pd.DataFrame({"path": [
    ("social", "paid_search", "email"), ("paid_search",), ("email", "direct"),
    ("social", "email"), ("paid_search", "direct")]})
five["journeys"], five["conversions"] = 1, [1, 1, 1, 0, 0]
five["revenue"] = [120.0, 60.0, 80.0, 0.0, 0.0]
five

# %% [markdown] tags=["lang-fr", "lesson"]
# Les **règles** ne regardent que les parcours qui ont une commande. Le premier contact prend tout, ou le dernier, ou le dernier non direct ; le modèle linéaire partage également. À la main, en commandes :

# %% [markdown] tags=["lang-en", "lesson"]
# **Rules** look only at the journeys that have an order. The first touch takes all, or the last, or the last non-direct; the linear model shares equally. By hand, in orders:

# %% tags=["lesson"]
ordered = five[five.conversions == 1]
first = ordered.path.str[0].value_counts()
touches = ordered.assign(part=1 / ordered.path.str.len()).explode("path")
linear = touches.groupby("path").part.sum()
pd.DataFrame({"first": first, "linear": linear}).round(2)

# %% [markdown] tags=["lang-fr", "lesson"]
# Confiez le calcul à la bibliothèque : les deux s'accordent.

# %% [markdown] tags=["lang-en", "lesson"]
# Hand the sum to the package: the two agree.

# %% tags=["lesson"]
names = ["first", "last", "last_non_direct", "linear", "position"]
rules = channels.attribute(five, model=names)
by_hand = rules.pivot(index="channel", columns="model", values="conversions")
assert by_hand["first"].loc[first.index].equals(first.astype(float).rename("first"))
assert np.allclose(by_hand.linear.loc[linear.index], linear)
assert np.allclose(by_hand.sum(), 3)
assert np.allclose(rules.groupby("model").revenue.sum(), 260)
by_hand.round(2)

# %% [markdown] tags=["lang-fr", "lesson"]
# Chaque modèle distribue **les mêmes trois commandes** : les colonnes totalisent toutes 3. Aucun ne dit combien il y en aurait eu sans publicité.

# %% [markdown] tags=["lang-en", "lesson"]
# Each model gives out **the same three orders**: all columns add up to 3. None says how many there would have been without advertising.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Markov** regarde aussi les parcours sans commande. Il compte, d'un contact au suivant, avec quelle fréquence on passe de l'un à l'autre, puis il retire un canal : tout parcours qui l'atteint est perdu. La part des commandes qui tombent est l'**effet de retrait** du canal.
#
# $$\text{retrait}_c = 1 - \frac{P(\text{commande sans } c)}{P(\text{commande})}$$
#
# De ces cinq parcours, retirer le courriel fait tomber bien des commandes :

# %% [markdown] tags=["lang-en", "lesson"]
# **Markov** also looks at journeys without an order. It counts, from one touch to the next, how often people go from one to another, then takes a channel away: every journey that reaches it is lost. The share of orders that fall is the channel's **removal effect**.
#
# $$\text{removal}_c = 1 - \frac{P(\text{order without } c)}{P(\text{order})}$$
#
# Of these five journeys, taking e-mail away makes many orders fall:

# %% tags=["lesson"]
channels.removal_effects(five)[["channel", "removal_effect"]].round(3)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Shapley** demande ce qu'un canal ajoute à chaque groupe d'autres canaux, et en fait la moyenne sur tous les ordres d'arrivée. Avec deux canaux : le courriel seul amène 4 commandes, le social seul 2, et 3 commandes n'ont eu que les deux ensemble. Le groupe des deux vaut 9.

# %% [markdown] tags=["lang-en", "lesson"]
# **Shapley** asks what a channel adds to each group of other channels, and averages that over all orders of arrival. With two channels: e-mail alone brings 4 orders, social alone 2, and 3 orders had both together. The group of both is worth 9.

# %% tags=["lesson"]
two = pd.DataFrame({"path": [("email",), ("social",), ("social", "email")]})
two["conversions"] = [4, 2, 3]
email = ((4 - 0) + (9 - 2)) / 2
shapley = channels.attribute(two, model="shapley").set_index("channel").conversions
assert np.isclose(shapley.email, email) and np.isclose(shapley.sum(), 9)
reader.number(email, decimals=2)

# %% [markdown] tags=["lang-fr"]
# ## Quels canaux amènent les commandes ?
#
# La page suit les commandes passées en ligne (canaux de vente `web` et `app`, ou sans canal) et les contacts enregistrés avant elles ; un modèle les partage, aucun ne prouve qu'un canal les a causées.

# %% [markdown] tags=["lang-en"]
# ## Which channels bring the orders?
#
# The page follows the orders placed online (sales channels `web` and `app`, or no channel) and the touches recorded before them; a model shares them out, none proves that a channel caused them.

# %%
lacks = channels.lacking_for_journeys(data)
found = channels.journey_quality(data, lookback_days=lookback_days, **span)
kept = found.journeys if found and found.journeys.conversions else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Les huit modèles partagent ces commandes, puis chaque crédit est mis en face de la dépense du canal.

# %% [markdown] tags=["lang-en", "lesson"]
# The eight models share out these orders, then each credit is set against the channel's spend.

# %%
chance = {"intervals": True, "rng": np.random.default_rng(10)}
credits = channels.attribute(kept, model="all", **chance) if kept else pd.DataFrame()
spend = channels.spend_to_credit(data, **span)
returns = channels.returns_by_model(credits, spend=spend)
agreed = channels.agreement(returns)
about = {"found": found, "lacks": lacks, **span}
plots.sentences.channels.headline(credits, agreed, lang=reader, **about)

# %% [markdown] tags=["lang-fr", "lesson"]
# Lisez la grille par ligne : plus une ligne est régulière, moins le choix du modèle compte pour ce canal.

# %% [markdown] tags=["lang-en", "lesson"]
# Read the grid by row: the more even a row, the less the choice of model matters for that channel.

# %%
ax = plots.credit_by_model(credits, lang=reader, lacks=lacks) if kept else None
plots.sentences.channels.models(credits, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **À quoi chaque modèle est aveugle.** `journeys_unseen` : la part des parcours qu'il ne regarde pas, ceux sans commande ; `touches_unseen` : la part des contacts qui ne reçoivent rien, quoi qu'ils aient fait ; `sees_order`, `sees_time` : s'il regarde l'ordre des contacts, et les jours.

# %% [markdown] tags=["lang-en", "lesson"]
# **What each model is blind to.** `journeys_unseen`: the share of journeys that it does not look at, those without an order; `touches_unseen`: the share of touches that get nothing, whatever they did; `sees_order`, `sees_time`: whether it looks at the order of touches, and at the days.

# %% tags=["lesson"]
found.blind.drop(columns="conversions_unseen").round(2) if found else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Tous partagent le même angle mort : **qui aurait acheté de toute façon**. La démonstration connaît la vérité : la part des commandes en ligne qui n'auraient pas eu lieu sans chaque canal. Mettez-la en face de ce que les modèles attribuent.

# %% [markdown] tags=["lang-en", "lesson"]
# All share one blind spot: **who would have bought anyway**. The demo knows the truth: the share of online orders that would not have been made without each channel. Set it beside what the models credit.

# %% tags=["lesson"]
boreal, year = mk.demo(), {"start": "2025-01-01", "end": "2026-01-01"}
journeys = channels.journeys(boreal, **year)
all_models = channels.attribute(journeys, model="all")

# %% [markdown] tags=["lang-fr", "lesson"]
# Part des commandes, selon quatre modèles et en vérité :

# %% [markdown] tags=["lang-en", "lesson"]
# Share of orders, by four models and in truth:

# %% tags=["lesson"]
truth = pd.Series(mk.truth()["journeys"]["removal_effect"], name="truth")
shared = all_models.pivot(index="channel", columns="model", values="share")
beside = shared[["last", "last_non_direct", "markov", "shapley"]].join(truth)
beside.map(lambda share: reader.percent(share, decimals=0))

# %% [markdown] tags=["lang-fr", "lesson"]
# Les modèles distribuent 100 % ; les canaux n'ont causé, en vérité, qu'un tiers environ des commandes. L'accès direct et la recherche naturelle n'en causent aucune, et tous les modèles leur en donnent : ils étaient sur le chemin de clients déjà décidés. Combien de fois trop, canal par canal ?

# %% [markdown] tags=["lang-en", "lesson"]
# The models give out 100%; in truth the channels caused about a third of the orders. Direct visits and organic search cause none, and every model gives them some: they were on the way of customers who had decided already. How many times too much, channel by channel?

# %% tags=["lesson"]
causal = truth[truth > 0]
assert 0.2 < truth.sum() < 0.5 and (shared.loc[["direct", "organic_search"]] > 0).all(axis=None)
(shared.loc[causal.index].div(causal, axis=0)).round(1)

# %% [markdown] tags=["lang-fr", "lesson"]
# Un chiffre proche de 1 n'est pas un bon modèle : c'est une coïncidence, et un autre canal paie l'erreur. **Ce que cela décide** : un modèle sert à suivre un canal d'un mois à l'autre avec la même règle ; il ne sert pas à dire ce qu'un canal vaut.

# %% [markdown] tags=["lang-en", "lesson"]
# A figure near 1 is no good model: it is a coincidence, and another channel pays for the error. **What this decides**: a model serves to follow a channel from month to month by one rule; it does not serve to say what a channel is worth.

# %% [markdown] tags=["lang-fr"]
# ## Peut-on se fier aux parcours ?
#
# Un modèle ne vaut pas mieux que les parcours qu'il lit.

# %% [markdown] tags=["lang-en"]
# ## Can the journeys be trusted?
#
# A model is worth no more than the journeys it reads.

# %%
plots.sentences.channels.quality(found, lang=reader, lacks=lacks)

# %% [markdown] tags=["lang-fr"]
# Ce que l'attribution demande aux données, et ce qui s'y trouve :

# %% [markdown] tags=["lang-en"]
# What attribution needs of the data, and what is there:

# %%
plots.requirement_table(channels.journey_requirements(data), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Chaque contrôle, et combien de fois il est en défaut :

# %% [markdown] tags=["lang-en", "lesson"]
# Each check, and how often it fails:

# %%
plots.journey_table(found, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Que coûte et que rapporte chaque canal ?

# %% [markdown] tags=["lang-en"]
# ## What does each channel cost and bring?

# %%
results = channels.channel_results(data, **span)
plots.channel_table(results, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Les ventes et les commandes sont attribuées au dernier contact non direct des 30 jours qui les précèdent, et mises en face de la seule dépense que des contacts suivent. Un canal ou une campagne sans contact enregistré (le conseil en magasin, un envoi qui n'est pas suivi) n'a ni coût par commande ni ROAS : rien ne dit ce qu'il a amené. Un canal dont des contacts ne nomment pas de campagne est suivi en entier : n'importe laquelle des siennes a pu les amener. L'argent inscrit une fois pour plus d'une semaine (un mois, une quinzaine) compte pour ceux de ses jours où des contacts sont enregistrés.

# %% [markdown] tags=["lang-en"]
# Sales and orders are credited to the last non-direct touch of the 30 days before them, and set against that spend alone which touches follow. A channel or a campaign without recorded touches (advice in the store, a mailing that is not followed) has neither a cost per order nor a ROAS: nothing says what it brought. A channel of which some touches name no campaign is followed as a whole: any of its campaigns may have brought these. Money written down once for more than a week (a month, a fortnight) counts for those of its days on which touches are recorded.

# %%
plots.credit_table(results, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main, pour la recherche payante de la démonstration : le **coût par clic** divise la dépense par les clics, le **taux de clic** les clics par les impressions, le **taux d'ouverture** les courriels ouverts par les courriels délivrés.

# %% [markdown] tags=["lang-en", "lesson"]
# By hand, for the demo's paid search: **cost per click** divides spend by clicks, the **click-through rate** clicks by impressions, the **open rate** e-mails opened by e-mails delivered.

# %% tags=["lesson"]
bought = boreal.marketing_spend.execute().astype({"amount": float})
bought = bought[pd.to_datetime(bought.day) >= year["start"]].groupby("marketing_channel")
bought = bought.sum(numeric_only=True)
search, mail = bought.loc["paid_search"], bought.loc["email"]
cost, clicked = search.amount / search.clicks, search.clicks / search.impressions
opened = mail.opened / mail.delivered
reader.money(cost), reader.percent(clicked), reader.percent(opened)

# %% [markdown] tags=["lang-fr", "lesson"]
# Les KPI du dictionnaire disent la même chose :

# %% [markdown] tags=["lang-en", "lesson"]
# The KPIs of the dictionary say the same:

# %% tags=["lesson"]
kpis = channels.channel_results(boreal, **year).set_index("marketing_channel")
assert np.isclose(kpis.cost_per_click.paid_search, cost)
assert np.isclose(kpis.click_through_rate.paid_search, clicked)
assert np.isclose(kpis.open_rate.email, opened)

# %% [markdown] tags=["lang-fr"]
# ### Cela paie-t-il, et sous quel modèle ?
#
# Le **ROI marketing** se calcule sur la marge : la marge attribuée, moins la dépense, divisée par la dépense. Un canal qui ne paie que sous un modèle paie peut-être.

# %% [markdown] tags=["lang-en"]
# ### Does it pay, and under which model?
#
# **Marketing ROI** is on the margin: the margin credited, less the spend, divided by the spend. A channel that pays under one model only may pay.

# %%
ax = plots.roi_by_model(returns, lang=reader, lacks=lacks) if len(returns) else None
plots.sentences.channels.returns(agreed, found=found, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **ROAS attribué, ROAS incrémental.** Le premier divise les ventes attribuées par la dépense ; le second, les ventes qui n'auraient pas eu lieu. Dans la démonstration, on peut calculer les deux.

# %% [markdown] tags=["lang-en", "lesson"]
# **Attributed ROAS, incremental ROAS.** The first divides the sales credited by the spend; the second, the sales that would not have been. In the demo, both can be computed.

# %% tags=["lesson"]
followed = pd.Series(channels.spend_to_credit(boreal, **year))
roas = pd.DataFrame({"attributed": kpis.return_on_ad_spend}).dropna()
roas["incremental"] = truth * journeys.revenue / followed
roas.round(2)

# %% [markdown] tags=["lang-fr", "lesson"]
# Pour savoir s'il paie, comparez le ROAS à 1 / taux de marque. Quels canaux passent le seuil selon l'attribution, et lesquels en vérité ?

# %% [markdown] tags=["lang-en", "lesson"]
# To know whether it pays, hold the ROAS against 1 / gross margin rate. Which channels pass the threshold by attribution, and which in truth?

# %% tags=["lesson"]
rate = channels.margin_rate(boreal, **year)
(roas > 1 / rate).assign(threshold=round(1 / rate, 2))

# %% [markdown] tags=["lang-fr"]
# ## Que coûte un nouveau client ?
#
# Le **CAC** divise la dépense d'acquisition d'un canal par les nouveaux clients qu'il a amenés, selon le fichier client.

# %% [markdown] tags=["lang-en"]
# ## What does a new customer cost?
#
# **CAC** divides a channel's spend to acquire by the new customers that it brought, as the customer file has it.

# %%
silent = channels.lacks_acquisition(data, **span)
costs = channels.acquisition_costs(data, **span)
recorded = {"recorded": channels.spend_days(data), **span}
plots.sentences.channels.acquisition(costs, lang=reader, lacks=silent, **recorded)

# %% [markdown] tags=["lang-fr", "lesson"]
# L'intervalle dit ce que le hasard des clients suffit à expliquer :

# %% [markdown] tags=["lang-en", "lesson"]
# The interval says what the chance of customers is enough to explain:

# %%
ax = plots.cac_intervals(costs, lang=reader) if not silent else None
plots.cac_table(costs, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Par campagne, un nouveau client est celui dont la première commande suit un contact de la campagne, le dernier non direct. Les premières commandes en magasin n'en ont pas.

# %% [markdown] tags=["lang-en", "lesson"]
# By campaign, a new customer is one whose first order follows a touch of the campaign, the last non-direct one. First orders in a store have none.

# %%
by_campaign = channels.acquisition_costs(data, by="campaign_id", **span)
campaigns = channels.campaign_names(data)
plots.cac_table(by_campaign, campaigns=campaigns, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le même client, deux origines.** Le fichier client dit par où il est entré ; le parcours, ce qui a précédé sa première commande. Les deux CAC de la recherche payante diffèrent, et aucun n'est faux : ils répondent à deux questions. N'en changez pas en cours d'année. Vérifiez : par canal, c'est le KPI du dictionnaire.

# %% [markdown] tags=["lang-en", "lesson"]
# **The same customer, two origins.** The customer file says where they came in; the journey, what came before their first order. The two CACs of paid search differ, and neither is wrong: they answer two questions. Do not switch in the middle of a year. Check: by channel, it is the KPI of the dictionary.

# %% tags=["lesson"]
of_file = channels.acquisition_costs(boreal, **year).set_index("marketing_channel")
of_journey = channels.acquisition_costs(boreal, by="campaign_id", **year)
of_journey = of_journey.set_index("campaign_id")
assert np.isclose(of_file.cost.paid_search, kpis.customer_acquisition_cost.paid_search)
reader.money(of_file.cost.paid_search), reader.money(of_journey.cost.always_search)

# %% [markdown] tags=["lang-fr"]
# ## Que dit le groupe de contrôle ?
#
# Le seul juge est le hasard : une part des membres d'une campagne, tirée au sort, n'a rien reçu. Ce que les autres ont commandé de plus, la campagne l'a ajouté. On met en face ce que les modèles lui attribuent, selon que « touché » veut dire avoir ouvert ou cliqué, ou avoir été contacté. Un point hors de la bande est un crédit que le groupe de contrôle dément.

# %% [markdown] tags=["lang-en"]
# ## What does the control group say?
#
# The only judge is chance: some members of a campaign, drawn at random, got nothing. What the others ordered beyond that, the campaign added. Beside it stands what the models credit it with, as "touched" means having opened or clicked, or having been contacted. A dot outside the band is a credit that the control group contradicts.

# %%
lift = channels.against_lift(data, campaign=campaign, lookback_days=lookback_days)
ax = plots.credit_against_lift(lift, lang=reader) if len(lift.credits) else None
plots.sentences.channels.lift(lift, campaigns=campaigns, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# La vérité est connue pour les deux envois de la démonstration : celui de printemps a ajouté des commandes, celui d'automne **aucune**. Les modèles leur en attribuent à tous deux.

# %% [markdown] tags=["lang-en", "lesson"]
# The truth is known for the demo's two mailings: the spring one added orders, the autumn one **none**. The models credit both with some.

# %% tags=["lesson"]
names = ["spring_mail", "autumn_mail"]
mailings = {name: channels.against_lift(boreal, campaign=name) for name in names}
added = {name: mk.truth()[name]["realised_extra_orders"] for name in names}
assert all(one.added_low <= added[name] <= one.added_high for name, one in mailings.items())

# %% [markdown] tags=["lang-fr", "lesson"]
# L'intervalle du groupe de contrôle contient chaque fois la vérité. Et les crédits, du plus petit au plus grand ?

# %% [markdown] tags=["lang-en", "lesson"]
# The control group's interval holds the truth each time. And the credits, from the smallest to the largest?

# %% tags=["lesson"]
credited = {name: one.credits.groupby("touch").credited for name, one in mailings.items()}
ranges = pd.concat({name: one.agg(["min", "max"]).round() for name, one in credited.items()})
ranges.assign(truth=ranges.index.get_level_values(0).map(added))

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** L'envoi d'automne paraît rapporter sous tous les modèles : qui ouvre un courriel est aussi qui allait acheter. Le groupe de contrôle ne s'y trompe pas, mais son intervalle est large ; tirez-en un plus grand (leçon 04) plutôt que de croire un modèle plus précis.

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** The autumn mailing seems to bring in orders under every model: whoever opens an e-mail is also whoever was about to buy. The control group is not fooled, but its interval is wide; draw a larger one (lesson 04) rather than believe a model that looks more precise.

# %% [markdown] tags=["lang-fr"]
# ## Que rapporte la prochaine dépense ?
#
# Le ROAS est une moyenne. Pour déplacer un budget, il faut ce que rapporte un peu **plus** de dépense : la pente de la courbe de réponse. On l'ajuste sur les semaines, la saison à part. Les clics d'abord, que chaque régie compte pour elle-même :

# %% [markdown] tags=["lang-en"]
# ## What does more spend bring?
#
# ROAS is an average. To move a budget one needs what a little **more** spend brings: the slope of the response curve. It is fitted on weeks, with the season apart. Clicks first, which each platform counts for itself:

# %%
no_clicks = channels.lacks_weeks(data, outcome="clicks")
clicks = None if no_clicks else channels.weeks(data, end=dates.end, outcome="clicks")
curves = None if no_clicks else channels.response_curves(clicks)
plots.sentences.channels.responses(curves, lang=reader, lacks=no_clicks)

# %% [markdown] tags=["lang-fr", "lesson"]
# Ce que disent les semaines de chaque canal, et la courbe de celui où l'on dépense le plus, parmi ceux qui en ont une :

# %% [markdown] tags=["lang-en", "lesson"]
# What the weeks say of each channel, and the curve of the one with most spend, of those that have one:

# %%
main = curves.main if curves else None
ax = plots.response_curve(clicks, curves, channel=main, lang=reader) if main else None
plots.curve_table(curves, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main : sur $y = k\,s^{b}$, un clic coûte $s / y$ en moyenne, et le suivant $\frac{s}{b\,y}$. L'**élasticité** $b$ dit de combien de % les clics croissent quand la dépense croît de 1 %. Dans la démonstration, les clics croissent vraiment comme la dépense à la puissance 0,72. Chaque intervalle la contient-il ?

# %% [markdown] tags=["lang-en", "lesson"]
# By hand: on $y = k\,s^{b}$ a click costs $s / y$ on average, and the next one $\frac{s}{b\,y}$. The **elasticity** $b$ says by how many % clicks grow when spend grows by 1%. In the demo, clicks do grow as spend to the power 0.72. Does each interval hold it?

# %% tags=["lesson"]
panel = channels.weeks(boreal, end="2026-01-01", outcome="clicks")
known = channels.response_curves(panel)
fitted = known.table.dropna(subset=["elasticity"]).set_index("marketing_channel")
power = mk.truth()["marketing_spend"]["saturation"]
assert ((fitted.low <= power) & (power <= fitted.high)).all()

# %% [markdown] tags=["lang-fr", "lesson"]
# Tous la contiennent. Le clic suivant, d'après la courbe, puis d'après la vérité :

# %% [markdown] tags=["lang-en", "lesson"]
# All hold it. The next click, by the curve, then by the truth:

# %% tags=["lesson"]
each = fitted.spend / fitted.result
costs_of_one = {"average": each, "next": each / fitted.elasticity, "true_next": each / power}
pd.DataFrame(costs_of_one).map(reader.money)

# %% [markdown] tags=["lang-fr"]
# ### Et en ventes ?
#
# Un clic n'est pas une vente. La même question, posée aux ventes nettes de toute la boutique, tous les canaux ensemble :

# %% [markdown] tags=["lang-en"]
# ### And in sales?
#
# A click is no sale. The same question, asked of the net sales of the whole shop, all channels together:

# %%
no_sales = channels.lacks_weeks(data, outcome="net_sales")
sales = None if no_sales else channels.weeks(data, end=dates.end, outcome="net_sales")
effects = None if no_sales else channels.response_curves(sales)
plots.sentences.channels.sales_response(effects, lang=reader, lacks=no_sales)

# %% [markdown] tags=["lang-fr", "lesson"]
# Un intervalle qui contient 0 ne prouve pas que le canal soit inutile : il dit que ces semaines ne suffisent pas.

# %% [markdown] tags=["lang-en", "lesson"]
# An interval that holds 0 does not prove that the channel is useless: it says that these weeks are not enough.

# %%
told = effects is not None and effects.table.elasticity.notna().any()
ax = plots.elasticities(effects, lang=reader) if told else None
plots.curve_table(effects, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Le piège de la saison.** On dépense plus quand on vend plus. Laissez la saison de côté, et la dépense semble faire les ventes. Or, dans la démonstration, la dépense d'un jour n'a **aucun** effet sur les commandes de ce jour.

# %% [markdown] tags=["lang-en", "lesson"]
# **The trap of the season.** One spends more when one sells more. Leave the season aside, and spend seems to make sales. Yet in the demo, a day's spend has **no** effect on that day's orders.

# %% tags=["lesson"]
revenue = channels.weeks(boreal, end="2026-01-01", outcome="net_sales")
naive = channels.response_curves(revenue, season=False).table.set_index("marketing_channel")
careful = channels.response_curves(revenue).table.set_index("marketing_channel")
assert (naive.low > 0).any() and not (careful.low > 0).any()
naive[["marginal", "verdict"]].assign(with_season=careful.verdict).round(1)

# %% [markdown] tags=["lang-fr", "lesson"]
# Sans la saison, on aurait cru tenir un ROAS marginal de plus de 10, et doublé le budget pour rien. À la main, le **ROAS marginal** est l'élasticité fois le ROAS moyen :

# %% [markdown] tags=["lang-en", "lesson"]
# Without the season, one would have believed in a marginal ROAS above 10, and doubled the budget for nothing. By hand, **marginal ROAS** is the elasticity times the average ROAS:

# %% tags=["lesson"]
row = naive.loc["paid_search"]
now = {"revenue": row.result, "spend": row.spend}
slope = channels.marginal_roas(elasticity=row.elasticity, **now)
assert np.isclose(slope, row.elasticity * row.result / row.spend)
reader.number(slope, decimals=1)

# %% [markdown] tags=["lang-fr", "lesson"]
# Il faut deux ans de semaines au moins : avec un an, chaque semaine est seule de son espèce, et rien ne sépare la saison de la dépense. Une infolettre à 90 $ par semaine, toujours, ne dit rien non plus. `benchmarks/response_curves.md` donne la couverture des intervalles sur des boutiques simulées.

# %% [markdown] tags=["lang-en", "lesson"]
# It takes two years of weeks at least: with one year, each week is alone of its kind, and nothing parts the season from spend. A newsletter at $90 a week, always, tells nothing either. `benchmarks/response_curves.md` has the coverage of the intervals on simulated shops.

# %% tags=["lesson"]
short = panel._replace(spend=panel.spend.tail(60), result=panel.result.tail(60))
channels.response_curves(short).table[["marketing_channel", "verdict", "reason"]]

# %% [markdown] tags=["lang-fr"]
# ## Comment diviser le budget ?
#
# À budget égal, le meilleur partage donne à chaque canal le même rendement d'un peu plus de dépense. Un clic vaut la marge qu'un modèle lui attribue (les ventes, si aucun coût n'est connu) : la page essaie les huit. Aucun canal ne sort de ce qu'il a déjà dépensé en une semaine.

# %% [markdown] tags=["lang-en"]
# ## How should the budget be divided?
#
# For the same budget, the best division gives each channel the same return on a little more spend. A click is worth the margin that a model credits it with (the sales, where no cost is known): the page tries all eight. No channel leaves what it has already spent in a week.

# %%
can_value = curves is not None and kept is not None
values = channels.values_by_model(credits, clicks, **span) if can_value else {}
divided = channels.allocate_by_model(curves, values) if curves and values else pd.DataFrame()
plots.sentences.channels.budget_by_model(divided, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Avec le seul dernier contact non direct, voici ce que diraient les courbes, et ce qu'on croirait y gagner :

# %% [markdown] tags=["lang-en", "lesson"]
# By the last non-direct touch alone, this is what the curves would say, and what one would believe to gain:

# %%
usual = values.get("last_non_direct", {})
valued = curves is not None and {*curves.covariance.index} <= {*usual}
plan = channels.allocate(curves, values=usual if valued else None) if curves else None
plots.sentences.channels.budget(plan, outcome="clicks", valued=valued, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Canal par canal :

# %% [markdown] tags=["lang-en", "lesson"]
# Channel by channel:

# %%
ax = plots.budget_shares(plan, lang=reader) if plan else None
plots.budget_table(plan, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Modèle par modèle, combien augmentent ou réduisent chaque canal sans hésiter ?

# %% [markdown] tags=["lang-en", "lesson"]
# Model by model, how many raise or reduce each channel without hesitation?

# %% tags=["lesson"]
by_model = channels.values_by_model(all_models, panel, **year)
choices = channels.allocate_by_model(known, by_model).set_index("marketing_channel")
choices.drop(columns="models").round(0)

# %% [markdown] tags=["lang-fr", "lesson"]
# Et le partage qu'on ferait en connaissant la vérité, l'élasticité de 0,72 et ce que chaque clic ajoute vraiment :

# %% [markdown] tags=["lang-en", "lesson"]
# And the division that one would make knowing the truth, the elasticity of 0.72 and what each click really adds:

# %% tags=["lesson"]
is_known = known.table.elasticity.notna()
table = known.table.assign(elasticity=np.where(is_known, power, np.nan))
real = (truth * journeys.revenue * rate / panel.result.tail(52).sum()).to_dict()
best = channels.allocate(known._replace(table=table), values=real).table
best.set_index("marketing_channel")[["now", "best"]].round(0)

# %% [markdown] tags=["lang-fr", "lesson"]
# Là où les modèles s'accordent, ils peuvent se tromper ensemble : ils lisent les mêmes parcours. Seul un test sépare ce qu'un canal ajoute de ce qu'il accompagne. **Ce que cela décide** : déplacez peu, d'un canal à l'autre, au hasard des régions ou des semaines, et mesurez.

# %% [markdown] tags=["lang-en", "lesson"]
# Where models agree, they may be wrong together: they read the same journeys. Only a test parts what a channel adds from what it accompanies. **What this decides**: move little, from one channel to another, at random over regions or weeks, and measure.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Lire un crédit comme une cause.** Les huit modèles partagent 100 % des commandes, celles qui seraient venues seules aussi.
# - **Choisir le modèle qui arrange.** Choisissez-le avant de voir les chiffres, et gardez-le.
# - **Additionner les régies.** Chacune s'attribue la même commande ; la somme dépasse les ventes.
# - **Diviser par tous les nouveaux clients.** Ceux venus d'eux-mêmes font paraître le CAC bas.
# - **Prendre un ROAS de 3 pour un gain.** Comparez-le à 1 / taux de marque.
# - **Décider sur la moyenne.** La dernière dépense rapporte moins que la moyenne.
# - **Oublier la saison** dans une courbe de réponse, ou la prolonger au-delà de ce qu'on a dépensé.
# - **Croire un intervalle étroit d'un mauvais modèle** plutôt qu'un intervalle large d'un bon test.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Reading credit as cause.** The eight models share out 100% of orders, those too that would have come by themselves.
# - **Choosing the model that suits.** Choose it before seeing the figures, and keep it.
# - **Adding up platforms.** Each credits itself with the same order; the sum exceeds sales.
# - **Dividing by all new customers.** Those who came by themselves make CAC look low.
# - **Taking a ROAS of 3 for a gain.** Hold it against 1 / gross margin rate.
# - **Deciding on the average.** What is spent last brings less than the average.
# - **Forgetting the season** in a response curve, or drawing it beyond what was ever spent.
# - **Believing a bad model's narrow interval** rather than a good test's wide one.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Partager des commandes selon huit modèles, et dire ce que chacun ne voit pas.
# - Vérifier des parcours avant de les attribuer.
# - Calculer CAC, coût par commande, ROAS et ROI marketing, et leur seuil.
# - Confronter un crédit au groupe de contrôle.
# - Lire une courbe de réponse et un ROAS marginal, et diviser un budget sans en promettre trop.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Share out orders by eight models, and say what each does not see.
# - Check journeys before crediting them.
# - Compute CAC, cost per order, ROAS and marketing ROI, and their threshold.
# - Hold credit against the control group.
# - Read a response curve and a marginal ROAS, and divide a budget without promising too much.

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
q1, q2, q3, q4, q5, q6, q7 = mk.exercises("10", lang=reader, seed=seed)

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
mk.quiz("10", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Relancez la page avec `lookback_days = 7`, puis 60. Quels canaux gagnent, lesquels perdent, et pourquoi ?
# 2. **Décider.** Une régie annonce un ROAS de 8 là où cette page en donne 4. Listez trois raisons possibles, et dites ce que vous demandez.
# 3. **Cas.** Proposez un test qui dirait en six semaines si les bannières ajoutent des commandes : qui tirer au sort, quoi mesurer, combien cela coûte s'il ne se passe rien.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Run the page again with `lookback_days = 7`, then 60. Which channels gain, which lose, and why?
# 2. **Decide.** A platform reports a ROAS of 8 where this page has 4. List three possible reasons, and say what you ask for.
# 3. **Case.** Propose a test that would tell in six weeks whether banners add orders: whom to draw, what to measure, what it costs if nothing happens.
