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
# # Vue d'ensemble
#
# Comment va l'activité, qu'est-ce qui a changé, et où faut-il regarder d'abord ? Cette page répond en une lecture ; les suivantes expliquent.

# %% [markdown] tags=["lang-en"]
# # Overview
#
# How is business, what has changed, and where should you look first? This page answers in one reading; the others explain.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Commencez ici.** Ce cours se lit dans l'ordre des numéros, mais chaque leçon se suffit à elle-même : elle part d'une question d'affaires, refait le calcul à la main sur quelques lignes, le confie à la bibliothèque, vérifie que les deux s'accordent, puis dit ce que le chiffre change à une décision. Exécutez les cellules une à une (`Maj` + `Entrée`), et changez ce que vous voulez : rien ne peut être cassé.
#
# | Votre question | Leçon |
# |---|---|
# | Comment va l'activité, qu'est-ce qui a bougé ? | [00 Vue d'ensemble](00_overview.ipynb) |
# | Que veut dire ce chiffre, et laquelle de deux campagnes refaire ? | [01 Glossaire des KPI](01_kpi_glossary.ipynb) |
# | À quels clients parler, et pour leur dire quoi ? | [02 Segmentation RFM](02_rfm_scoring.ipynb) |
# | Combien vaut un client, et combien payer pour en gagner un ? | [03 Valeur vie client](03_cltv_from_attrition.ipynb) |
# | La campagne a‑t‑elle vraiment rapporté ? | [04 Groupes de contrôle](04_control_group_tests.ipynb) |
# | L'action a‑t‑elle changé quelque chose ? | [05 Analyse avant‑après](05_pre_post_analysis.ipynb) |
# | Où en est chaque contact, et qui change de stade ? | [06 Cycle de vie client](06_customer_lifecycle.ipynb) |
# | Qu'est‑ce qui a fait bouger les ventes, et où perd‑on les visiteurs ? | [07 Performance des ventes](07_sales_performance.ipynb) |
# | Que reste‑t‑il d'une vente, et que changent les promotions ? | [08 Marges et promotions](08_margins_and_promotions.ipynb) |
# | Les clients reviennent‑ils, et les produits aussi ? | [09 Fidélité et retours](09_retention_and_returns.ipynb) |
# | Quels canaux font vendre, et où mettre la prochaine dépense ? | [10 Canaux et attribution](10_channels_and_attribution.ipynb) |
# | Que met‑on ensemble au panier, et que perd‑on faute de stock ? | [11 Paniers et ventes perdues](11_baskets_and_lost_sales.ipynb) |
# | Combien de stock, où, et pour quel service ? | [12 Stocks](12_inventory.ipynb) |
# | La commande arrive-t-elle à temps, et à quel prix ? | [13 Préparation et livraison](13_fulfilment.ipynb) |
# | D'où vient la croissance, et est‑elle réelle ? | [14 Mix du chiffre d'affaires](14_revenue_mix.ipynb) |
# | De l'étiquette à la caisse, que reste‑t‑il ? | [15 Santé financière](15_financial_health.ipynb) |
# | Que pensent et que disent les clients ? | [16 La voix des clients](16_customer_voice.ipynb) |
# | Qui répond de ce chiffre, et d'où vient-il ? | [17 La gouvernance des KPI](17_kpi_governance.ipynb) |
#
# Le même texte sert de **rapport** pour un client : les cellules de cours en sont retirées, il reste les chiffres. Voici les réglages de la page.

# %% [markdown] tags=["lang-en", "lesson"]
# **Start here.** The course reads in the order of its numbers, yet each lesson stands alone: it starts from a business question, does the sum by hand on a few rows, hands it to the package, checks that the two agree, then says what the number changes in a decision. Run the cells one at a time (`Shift` + `Enter`) and change whatever you like: nothing can be broken.
#
# | Your question | Lesson |
# |---|---|
# | How is business, and what has moved? | [00 Overview](00_overview.ipynb) |
# | What does this number mean, and which of two campaigns to run again? | [01 KPI glossary](01_kpi_glossary.ipynb) |
# | Which customers to talk to, and to say what? | [02 RFM segmentation](02_rfm_scoring.ipynb) |
# | What is a customer worth, and what to pay to win one? | [03 Customer lifetime value](03_cltv_from_attrition.ipynb) |
# | Did the campaign really pay? | [04 Control-group tests](04_control_group_tests.ipynb) |
# | Did the action change anything? | [05 Before–after analysis](05_pre_post_analysis.ipynb) |
# | Where does each contact stand, and who changes stage? | [06 Customer lifecycle](06_customer_lifecycle.ipynb) |
# | What moved sales, and where are visitors lost? | [07 Sales performance](07_sales_performance.ipynb) |
# | What is left of a sale, and what do promotions change? | [08 Margins and promotions](08_margins_and_promotions.ipynb) |
# | Do customers come back, and do products? | [09 Retention and returns](09_retention_and_returns.ipynb) |
# | Which channels sell, and where should you spend next? | [10 Channels and attribution](10_channels_and_attribution.ipynb) |
# | What goes together in baskets, and what is lost for want of stock? | [11 Baskets and lost sales](11_baskets_and_lost_sales.ipynb) |
# | How much stock, where, and for which service? | [12 Inventory](12_inventory.ipynb) |
# | Does the order arrive on time, and at what price? | [13 Fulfilment](13_fulfilment.ipynb) |
# | Where does growth come from, and is it real? | [14 Revenue mix](14_revenue_mix.ipynb) |
# | From the price tag to the till, what is left? | [15 Financial health](15_financial_health.ipynb) |
# | What do customers think and say? | [16 The customer's voice](16_customer_voice.ipynb) |
# | Who answers for this figure, and where does it come from? | [17 KPI governance](17_kpi_governance.ipynb) |
#
# The same text is a client's **report**: the teaching cells are taken out and the figures remain. Here are the settings of the page.

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
kpis = None

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez les données. `dates` fixe la période et celle à laquelle on la compare : la fin n'est jamais « aujourd'hui », sinon le rapport changerait tout seul.

# %% [markdown] tags=["lang-en", "lesson"]
# Open the data. `dates` fixes the period and the one it is compared with: the end is never "today", or the report would change by itself.

# %%
import marketing_kpi as mk
from marketing_kpi import overview, plots

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Votre parcours
#
# Pour un examen, suivez ce tableau de haut en bas : chaque sujet vient après ceux sur lesquels il s'appuie. Si un seul sujet vous manque, lisez d'abord ce que nomme sa ligne. Les liens vers les leçons sont dans le tableau du début.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Your path
#
# For an exam, follow this table from top to bottom: each topic comes after those that it rests on. If only one topic is missing, read first what its row names. The links to the lessons are in the table at the top.

# %% tags=["lesson"]
from marketing_kpi.learn import path

path.show(reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Pour chaque sujet, dans cet ordre :
#
# 1. **Lisez** la leçon en exécutant ses cellules, et changez un chiffre pour voir ce qui bouge.
# 2. **Calculez** : ses exercices tirent leurs données de votre propre numéro, et disent quelle sorte d'erreur vous avez faite.
# 3. **Contrôlez-vous** au quiz. Chaque réponse est expliquée, et le bilan nomme les passages à relire : relisez ceux-là, non toute la leçon.
# 4. **Retenez**, quelques minutes par jour, avec les cartes.
#
# Dans un terminal, avec `.venv/bin/` devant si vous avez installé le projet par `make` :
#
# | Pour… | Commande |
# |---|---|
# | savoir si votre ordinateur peut exécuter les leçons, et que faire sinon | `marketing-kpi doctor --lang fr` |
# | apprendre les termes et les formules avec Anki, sur papier ou ailleurs | `marketing-kpi cards --lang fr --out kpi.apkg` |
# | avoir toutes les formules sur deux pages imprimées | `marketing-kpi sheet --lang fr --out kpi.html` |
#
# Un mot vous échappe ? `mk.dictionary().search("panier", lang="fr")` le trouve, dans n'importe quelle leçon.

# %% [markdown] tags=["lang-en", "lesson"]
# For each topic, in this order:
#
# 1. **Read** the lesson while running its cells, and change a figure to see what moves.
# 2. **Compute**: its exercises draw their data from your own number, and say what kind of mistake you made.
# 3. **Check yourself** with the quiz. Each answer is explained, and the summary names the passages to read again: read those, not the whole lesson.
# 4. **Remember**, a few minutes a day, with the cards.
#
# In a terminal, with `.venv/bin/` in front if you installed the project with `make`:
#
# | To… | Command |
# |---|---|
# | know whether your computer can run the lessons, and what to do if not | `marketing-kpi doctor --lang en` |
# | learn terms and formulas with Anki, on paper or elsewhere | `marketing-kpi cards --lang en --out kpi.apkg` |
# | have every formula on two printed pages | `marketing-kpi sheet --lang en --out kpi.html` |
#
# A word escapes you? `mk.dictionary().search("basket", lang="en")` finds it, in any lesson.

# %% [markdown] tags=["lang-fr"]
# ## L'essentiel
#
# Ce que ces données disent de plus utile, domaine par domaine : chaque indicateur avec sa valeur, sa variation depuis la période de comparaison quand il y en a une, son évolution mois par mois et, quand il y en a un, son intervalle.

# %% [markdown] tags=["lang-en"]
# ## At a glance
#
# What these data tell that is most useful, domain by domain: each indicator with its value, its change since the comparison period where there is one, its course month by month and, where there is one, its interval.

# %%
scorecard = overview.scorecard(data, periods=dates, kpis=kpis)
plots.scorecard(scorecard, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Comment lire une ligne
#
# Une bonne page de KPI répond à quatre questions pour chaque chiffre : **combien** (la valeur et son unité), **par rapport à quoi** (une période comparable), **est-ce sûr** (un intervalle, quand le chiffre repose sur un échantillon) et **que faire** (sinon, il n'a pas sa place ici). Un cumul depuis l'ouverture monte presque toujours, que l'on fasse bien ou mal : il flatte, il ne décide de rien.
#
# **D'où vient cette liste ?** De chaque domaine que les données racontent, l'indicateur qui en dit le plus, puis les suivants tant qu'il reste de la place : une douzaine de lignes se lit, cinquante non. `overview.CANDIDATES` donne le classement ; avec `kpis` dans les réglages, vous choisissez les vôtres.
#
# La variation se calcule à la main. Prenez un chiffre d'affaires de cent l'an dernier et de cent vingt cette année.

# %% [markdown] tags=["lang-en", "lesson"]
# ### How to read a row
#
# A good KPI page answers four questions about each number: **how much** (the value and its unit), **compared with what** (a comparable period), **how sure** (an interval, when the number rests on a sample) and **so what** (or it has no place here). A running total since the opening nearly always rises, whether one does well or badly: it flatters, it decides nothing.
#
# **Where does this list come from?** From each domain that the data tell about, the indicator that says most of it, then the next ones while there is room: a dozen rows get read, fifty do not. `overview.CANDIDATES` gives the ranking; with `kpis` in the settings, you choose your own.
#
# The change can be worked by hand. Take sales of a hundred last year and a hundred and twenty this year.

# %% tags=["lesson"]
before, after = 100, 120
print(reader.change((after - before) / before))

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque fait-elle la même chose ? Donnez-lui une boutique de quatre commandes : deux la première année, qui font cent, et deux la seconde, qui font cent vingt.

# %% [markdown] tags=["lang-en", "lesson"]
# Does the package do the same? Give it a shop of four orders: two in the first year, which make a hundred, and two in the second, which make a hundred and twenty.

# %% tags=["lesson"]
import pandas as pd

days = pd.to_datetime(["2024-01-01", "2024-12-31", "2025-01-01", "2025-12-31"])
four = pd.DataFrame({"order_id": list("1234"), "ordered_at": days, "amount": [40, 60, 50, 70]})
shop = mk.open_data({"orders": four})

# %% [markdown] tags=["lang-fr", "lesson"]
# Son tableau de bord ne demande qu'un indicateur ; la variation doit être la vôtre.

# %% [markdown] tags=["lang-en", "lesson"]
# Its scorecard asks for one indicator; the change must be yours.

# %% tags=["lesson"]
years = mk.periods(as_of="2026-01-01")
card = overview.scorecard(shop, periods=years, kpis=["net_sales"])
assert abs(card.change[0] - (after - before) / before) < 1e-9

# %% [markdown] tags=["lang-fr", "lesson"]
# **Pourcentage ou points ?** Un taux qui passe de 20 % à 25 % gagne 5 **points**, et augmente de 25 **pour cent**. Les deux sont vrais, un seul est ce que l'on croit lire. Pour un taux, cette page donne toujours des points.

# %% [markdown] tags=["lang-en", "lesson"]
# **Percent or points?** A rate that goes from 20% to 25% gains 5 **points** and rises by 25 **percent**. Both are true, only one is what people think they read. For a rate, this page always gives points.

# %% tags=["lesson"]
rate_before, rate_after = 0.20, 0.25
print(reader.points(rate_after - rate_before))
print(reader.change(rate_after / rate_before - 1))

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Comment lire un intervalle
#
# Supposez qu'un client sur quatre revienne. Sur 40 clients, le hasard de ceux qui sont venus peut à lui seul éloigner beaucoup la part observée ; sur 4 000, presque pas. L'**intervalle à 95 %** dit de combien.

# %% [markdown] tags=["lang-en", "lesson"]
# ### How to read an interval
#
# Suppose that one customer in four comes back. With 40 customers, the luck of who came can by itself move the observed share a long way; with 4,000, hardly. The **95% interval** says how far.

# %% tags=["lesson"]
for customers in (40, 400, 4000):
    low, high = overview.wilson(0.25, customers)
    print(reader.integer(customers), reader.percent(low), reader.percent(high))

# %% [markdown] tags=["lang-fr", "lesson"]
# **De quoi est-ce un échantillon ?** De tous les clients qui auraient pu venir dans les mêmes conditions. Les vôtres en sont un tirage ; l'intervalle est fait de telle sorte que, sur cent tirages, environ quatre-vingt-quinze donneraient un intervalle qui contient la vraie part. L'unité tirée est le **client**, pas la commande, car les commandes d'une même personne se ressemblent.
#
# **Combien faut-il de clients ?** La largeur suit la racine carrée de leur nombre : un intervalle deux fois plus étroit en demande à peu près quatre fois plus.
#
# **Pourquoi un total n'en a-t-il pas ?** Le chiffre d'affaires ou le nombre de commandes ont été comptés, non estimés : il n'y a rien à deviner sur ce qui a été encaissé. Un taux ou une moyenne, eux, servent à parler des clients en général, donc aussi de ceux de demain.
#
# **La règle.** Si l'intervalle de la *variation* contient 0, on ne peut pas dire que le chiffre a changé. Cela ne prouve pas qu'il n'a pas changé. Celui d'un rapport de deux sommes, comme le panier moyen ou la marge, compte un client une fois, avec ce qu'il a fait dans les deux périodes, et s'élargit de ce qui déplace des mois entiers (la météo, un concurrent) : c'est celui des facteurs de la leçon 07.

# %% [markdown] tags=["lang-en", "lesson"]
# **A sample of what?** Of all the customers who could have come under the same conditions. Yours are one draw of them; the interval is made so that, of a hundred draws, about ninety-five would give an interval that holds the true share. What is drawn is the **customer**, not the order, for the orders of one person resemble each other.
#
# **How many customers does it take?** The width goes with the square root of their number: an interval half as wide takes about four times as many.
#
# **Why has a total none?** Revenue or the number of orders were counted, not estimated: there is nothing to guess about what was cashed. A rate or an average, though, is used to speak of customers in general, so of tomorrow's too.
#
# **The rule.** If the interval of the *change* includes 0, one cannot say that the number has changed. That does not prove that it has not. That of a ratio of two sums, such as the average order or the margin, counts a customer once, with what they did in both periods, and is wider by what moves whole months (weather, a rival): it is that of the factors of lesson 07.

# %% [markdown] tags=["lang-fr"]
# ## Ce qui demande votre attention

# %% [markdown] tags=["lang-en"]
# ## What needs your attention

# %% [markdown] tags=["lang-fr", "lesson"]
# D'abord ce qui a nettement changé : l'intervalle à 95 % de la variation ne contient pas 0. S'y ajoutent les indicateurs sans intervalle, comme les totaux, quand ils vont franchement dans le mauvais sens. Gardez la tête froide : de vingt indicateurs que rien n'a fait bouger, un intervalle à 95 % en signale en moyenne un.

# %% [markdown] tags=["lang-en", "lesson"]
# First what moved clearly: the 95% interval of the change does not include 0. Then the indicators without an interval, such as totals, that went well in the wrong direction. Keep a cool head: of twenty indicators that nothing moved, a 95% interval flags one on average.

# %%
judged = overview.attention(scorecard)
plots.attention(judged, scorecard=scorecard, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Voici ensuite les indicateurs dont le hasard suffirait à expliquer la variation. Dessous sont nommés tous les autres que l'on compare : sans intervalle ni mauvaise nouvelle, ou sans bon ni mauvais sens, comme un taux de remise, dont la hausse peut être voulue.

# %% [markdown] tags=["lang-en", "lesson"]
# Next come the indicators whose change chance would be enough to explain. Under them stand all the others that are compared: without an interval or bad news, or without a good and a bad direction, as a discount rate, which may rise on purpose.

# %%
plots.undecided(judged, scorecard=scorecard, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Un écart n'est pas une explication. Avant d'agir, demandez : la période de comparaison est-elle normale (une fermeture, une fête déplacée) ? le chiffre a-t-il assez de commandes derrière lui ? un autre indicateur raconte-t-il la même histoire ?

# %% [markdown] tags=["lang-en", "lesson"]
# A gap is not an explanation. Before acting, ask: is the comparison period a normal one (a closure, a holiday that moved)? are there enough orders behind the number? does another indicator tell the same story?

# %% [markdown] tags=["lang-fr", "lesson"]
# Voici les variations relatives d'un coup d'œil.

# %% [markdown] tags=["lang-en", "lesson"]
# Here are the relative changes at a glance.

# %%
ax = plots.changes(scorecard, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Les ventes nettes, mois par mois
#
# **Ventes nettes** est le nom court du chiffre d'affaires net de remises : sur toutes les pages, c'est le même chiffre, avant retours, hors taxes et hors livraison.

# %% [markdown] tags=["lang-en"]
# ## Net sales, month by month
#
# **Net sales** are after discounts: on every page they are the same figure, before returns, excluding tax and shipping.

# %%
ax = plots.kpi_by_month(overview.by_month("net_sales", data, periods=dates), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Comparez un mois au **même mois** de l'année précédente, pas au mois d'avant : entre deux mois voisins, la saison explique une grande part de l'écart, et elle n'apprend rien sur l'activité.

# %% [markdown] tags=["lang-en", "lesson"]
# Compare a month with the **same month** of the year before, not with the month before: between two neighbouring months, the season explains much of the gap and says nothing about the business.

# %% [markdown] tags=["lang-fr"]
# ## Par canal de vente

# %% [markdown] tags=["lang-en"]
# ## By sales channel

# %%
shown = ["net_sales", "orders", "average_order_value"]
plots.kpi_table(overview.by_channel(shown, data, periods=dates), lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Ce que les données ne disent pas
#
# Ce qui manque à la source est dit ici, avec les indicateurs que cela coûte. Rien n'est inventé pour combler un vide.

# %% [markdown] tags=["lang-en"]
# ## What the data do not say
#
# What the source lacks is said here, with the indicators that it costs. Nothing is made up to fill a gap.

# %%
plots.lacking(overview.lacking(data, periods=dates), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Chaque indicateur lit ses propres colonnes. Sans coût d'achat, pas de marge ; sans identifiant du client, ni achat répété ni fréquence ; sans prix catalogue, pas de taux de remise ; sans les retours, pas de taux de retour. La boutique de quatre commandes n'a rien de tout cela.

# %% [markdown] tags=["lang-en", "lesson"]
# Each indicator reads columns of its own. Without what items cost, no margin; without the customer's number, neither repeat purchases nor frequency; without list prices, no discount rate; without returns, no return rate. The shop of four orders has none of these.

# %% tags=["lesson"]
lost = ["gross_margin_rate", "repeat_purchase_rate", "discount_rate", "return_rate_value"]
gaps = overview.scorecard(shop, periods=years, kpis=lost, by_month=False)
gaps[["kpi", "available", "missing"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Trop d'indicateurs.** Plus la liste est longue, moins on la suit, et plus le hasard y donne de fausses alertes.
# - **Une hausse n'est pas toujours une bonne nouvelle** : un taux de retour qui monte est aussi une hausse. Lisez le sens de chaque KPI dans le glossaire.
# - **Comparer une période finie à une période en cours.** C'est pourquoi `as_of` est une date fixe.
# - **Croire le chiffre avant de connaître la source** : lisez d'abord ce que les données ne disent pas.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Too many indicators.** The longer the list, the less it is followed, and the more false alarms chance puts in it.
# - **A rise is not always good news**: a return rate that goes up rises too. Read the direction of each KPI in the glossary.
# - **Comparing a finished period with one that is not.** That is why `as_of` is a fixed day.
# - **Believing the number before knowing the source**: read first what the data do not say.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Lire une page de KPI : valeur, comparaison, certitude, décision.
# - Lire un intervalle, et savoir pourquoi un total n'en a pas.
# - Distinguer une variation en pour cent d'une variation en points.
# - Dire ce qui manque à une source avant de commenter ce qu'elle dit.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Read a KPI page: value, comparison, certainty, decision.
# - Read an interval, and know why a total has none.
# - Tell a change in percent from a change in points.
# - Say what a source lacks before commenting on what it says.

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
q1, q2, q3, q4, q5 = mk.exercises("00", lang=reader, seed=seed)

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

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Quiz
#
# Chaque réponse a son explication ; celle d'une mauvaise réponse dit quoi relire.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Quiz
#
# Each answer has its explanation; that of a wrong one says what to read again.

# %% tags=["lesson", "exercise"]
mk.quiz("00", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Appliquer.** Mettez `period` à `"3 months"` et `compare` à `"previous_period"`, puis relancez. Quelles lignes changent le plus, et est-ce l'activité ou la saison ? Pourquoi faut-il changer aussi `period` ?
# 2. **Décider.** Choisissez la ligne qui vous inquiète le plus. Quels deux autres chiffres demanderiez-vous avant d'agir ?
# 3. **Cas.** Vous avez deux minutes devant la direction. Résumez cette page en trois phrases : ce qui va, ce qui ne va pas, ce que vous proposez.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Apply.** Set `period` to `"3 months"` and `compare` to `"previous_period"`, then run again. Which rows change most, and is it the business or the season? Why must `period` change too?
# 2. **Decide.** Choose the row that worries you most. Which two other numbers would you ask for before acting?
# 3. **Case.** You have two minutes with management. Sum this page up in three sentences: what goes well, what does not, what you propose.
