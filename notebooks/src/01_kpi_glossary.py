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
# # Glossaire des KPI : ce que chaque chiffre veut dire, et d'où il vient
#
# Un chiffre que deux personnes comprennent de deux façons ne sert à aucune des deux. Cette page donne à chaque indicateur une seule définition, sa formule, son unité, ses pièges et ses sources, puis dit lesquels ces données permettent de calculer.

# %% [markdown] tags=["lang-en"]
# # KPI glossary: what each number means, and where it comes from
#
# A number that two people understand in two ways serves neither. This page gives each indicator one definition, its formula, its unit, its pitfalls and its sources, then says which of them these data can compute.

# %% [markdown] tags=["lang-fr", "lesson"]
# **La question.** Deux campagnes viennent de finir. La première a fait acheter plus de clients ; la seconde en a fait acheter moins, mais au plein prix. Il n'y a de budget que pour en refaire une. Laquelle ?
#
# **Votre but.** Savoir ce qu'est un KPI (et ce qui n'en est pas un), calculer un ROI à la main puis par la bibliothèque, ne plus confondre taux de marge et taux de marque, et suivre un indicateur des mots jusqu'au SQL.
#
# Voici les réglages de la page.

# %% [markdown] tags=["lang-en", "lesson"]
# **The question.** Two campaigns have just ended. The first made more customers buy; the second made fewer buy, but at full price. There is budget to run only one again. Which?
#
# **Your goal.** Know what a KPI is (and what is not one), compute an ROI by hand and then with the package, stop confusing markup with margin, and follow one indicator from words to SQL.
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
# Ouvrez les données et le dictionnaire. Le dictionnaire est le même pour les leçons, les rapports et les calculs : c'est ce qui garantit qu'un mot n'a qu'un sens.

# %% [markdown] tags=["lang-en", "lesson"]
# Open the data and the dictionary. The dictionary is the same for lessons, reports and computations: that is what makes sure a word has one meaning.

# %%
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import margins, overview, plots

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)
words = mk.dictionary()
followed = "average_order_value"

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Les mots d'abord
#
# ### Un KPI, un modèle
#
# Tout chiffre n'est pas un KPI. Lisez la définition, puis surtout ce avec quoi on le confond.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Words first
#
# ### A KPI, a model
#
# Not every number is a KPI. Read the definition, then above all what people confuse it with.

# %% tags=["lesson"]
plots.glossary(words["kpi"], lang=reader, search=False)

# %% [markdown] tags=["lang-fr", "lesson"]
# Un KPI constate. Un **modèle**, lui, simplifie la réalité pour expliquer ou prévoir ; ses hypothèses comptent autant que son résultat.

# %% [markdown] tags=["lang-en", "lesson"]
# A KPI observes. A **model** simplifies reality to explain or to predict; its assumptions matter as much as its result.

# %% tags=["lesson"]
plots.glossary(words["model"], lang=reader, search=False)

# %% [markdown] tags=["lang-fr", "lesson"]
# ### D'où viennent les données : SIM, CRM, DMP
#
# Le **système d'information marketing** est l'ensemble : des gens, des règles et des outils, pas un logiciel.

# %% [markdown] tags=["lang-en", "lesson"]
# ### Where data come from: MIS, CRM, DMP
#
# The **marketing information system** is the whole: people, rules and tools, not a piece of software.

# %% tags=["lesson"]
plots.glossary(words["marketing_information_system"], lang=reader, search=False)

# %% [markdown] tags=["lang-fr", "lesson"]
# Il puise à deux sortes de données. Les **données internes** naissent de l'activité elle-même ; les **données externes** disent ce que l'activité ne voit pas : le marché, les concurrents, ce que vos clients achètent ailleurs. Il faut les deux pour lire un chiffre : des ventes qui montent de 10 % sur un marché qui monte de 25 % sont un recul. Une part de marché de 20 % devient 20 % × 1,10 / 1,25, car des croissances se composent et ne se soustraient pas.

# %% [markdown] tags=["lang-en", "lesson"]
# It draws on two kinds of data. **Internal data** come from doing business; **external data** say what business does not see: the market, the competitors, what your customers buy elsewhere. It takes both to read a figure: sales that rise by 10% in a market that rises by 25% are a step back. A market share of 20% becomes 20% × 1.10 / 1.25, because growth rates compound and are not subtracted.

# %% tags=["lesson"]
plots.glossary([words["internal_data"], words["external_data"]], lang=reader, search=False)

# %% [markdown] tags=["lang-fr", "lesson"]
# Le **CRM** connaît des personnes par leur nom ; la **DMP** connaît des profils, souvent anonymes. On les confond souvent : comparez.

# %% [markdown] tags=["lang-en", "lesson"]
# The **CRM** knows people by name; the **DMP** knows profiles, often anonymous ones. People often confuse them: compare.

# %% tags=["lesson"]
plots.glossary([words["crm"], words["dmp"]], lang=reader, search=False)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Le ROI à la main
#
# $$\text{ROI} = \frac{\text{gain dû à l'action} - \text{coût de l'action}}{\text{coût de l'action}}$$
#
# Voici les deux campagnes. Même nombre de contacts, même coût ; la campagne `discount` offre un rabais, la campagne `full_price` n'en offre pas.

# %% [markdown] tags=["lang-en", "lesson"]
# ## ROI by hand
#
# $$\text{ROI} = \frac{\text{gain due to the action} - \text{cost of the action}}{\text{cost of the action}}$$
#
# Here are the two campaigns. The same number of contacts, the same cost; the `discount` campaign offers a reduction, the `full_price` campaign does not.

# %% tags=["lesson"]
campaigns = pd.DataFrame({"contacts": [10000, 10000], "buyers": [600, 400], "price": [56, 80]})
campaigns["unit_cost"] = 36
campaigns["spend"] = 5000
campaigns.index = ["discount", "full_price"]
campaigns

# %% [markdown] tags=["lang-fr", "lesson"]
# Le **taux d'achat** d'abord : la part des contacts qui achètent. Il donne l'avantage à la première.

# %% [markdown] tags=["lang-en", "lesson"]
# The **purchase rate** first: the share of contacts who buy. It favours the first.

# %% tags=["lesson"]
campaigns["purchase_rate"] = campaigns.buyers / campaigns.contacts
assert campaigns.purchase_rate.idxmax() == "discount"

# %% [markdown] tags=["lang-fr", "lesson"]
# Le **gain** ensuite. Ce n'est pas le chiffre d'affaires : c'est ce qui reste une fois la marchandise payée, c'est-à-dire la marge.

# %% [markdown] tags=["lang-en", "lesson"]
# Then the **gain**. It is not revenue: it is what is left once the goods are paid, that is the margin.

# %% tags=["lesson"]
campaigns["gain"] = campaigns.buyers * (campaigns.price - campaigns.unit_cost)
campaigns["roi"] = (campaigns.gain - campaigns.spend) / campaigns.spend
campaigns[["purchase_rate", "gain", "roi"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# Le classement s'est retourné. **Moins d'acheteurs au plein prix peuvent valoir plus que beaucoup d'acheteurs en rabais** : le taux d'achat compte les têtes, le ROI compte l'argent, et c'est d'argent que le budget est fait.

# %% [markdown] tags=["lang-en", "lesson"]
# The ranking has turned round. **Fewer buyers at full price can be worth more than many at a discount**: the purchase rate counts heads, ROI counts money, and money is what a budget is made of.

# %% tags=["lesson"]
assert campaigns.roi.idxmax() == "full_price"

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Par la bibliothèque
#
# `margins.roi` reçoit le gain et le coût. Le résultat est une **fraction** : un ROI de 1 veut dire 100 %.

# %% [markdown] tags=["lang-en", "lesson"]
# ### With the package
#
# `margins.roi` takes the gain and the cost. The result is a **fraction**: an ROI of 1 means 100%.

# %% tags=["lesson"]
for row in campaigns.itertuples():
    assert abs(margins.roi(gain=row.gain, cost=row.spend) - row.roi) < 1e-12

# %% [markdown] tags=["lang-fr", "lesson"]
# À afficher, une fraction devient un pourcentage, dans votre langue.

# %% [markdown] tags=["lang-en", "lesson"]
# When shown, a fraction becomes a percentage, in your language.

# %% tags=["lesson"]
campaigns.roi.map(reader.percent).to_frame()

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Le gain « dû à l'action »
#
# « Dû à l'action » : ces mots changent tout. Supposez que deux cents de ces contacts auraient acheté de toute façon, au plein prix et sans campagne. Leur marge n'est pas due à l'action : il faut la retirer.

# %% [markdown] tags=["lang-en", "lesson"]
# ### The gain "due to the action"
#
# "Due to the action": those words change everything. Suppose that two hundred of these contacts would have bought anyway, at full price and without a campaign. Their margin is not due to the action: it has to come off.

# %% tags=["lesson"]
anyway = 200 * (80 - 36)
campaigns["true_roi"] = [margins.roi(gain=gain - anyway, cost=5000) for gain in campaigns.gain]
campaigns[["roi", "true_roi"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# La campagne de rabais **perd de l'argent**. Pourquoi ? Comptez ce qu'elle a vraiment apporté. Les acheteurs gagnés paient le prix réduit et laissent sa marge ; ceux qui auraient acheté de toute façon paient eux aussi le prix réduit, et la remise qu'on leur fait est une marge perdue.

# %% [markdown] tags=["lang-en", "lesson"]
# The discount campaign **loses money**. Why? Count what it really brought. The buyers it won pay the reduced price and leave its margin; those who would have bought anyway pay the reduced price too, and the reduction given to them is margin lost.

# %% tags=["lesson"]
won = (600 - 200) * (56 - 36)
given_away = 200 * (80 - 56)
pd.Series({"won": won, "given_away": given_away, "left": won - given_away}).to_frame("margin")

# %% [markdown] tags=["lang-fr", "lesson"]
# Ce qui reste ne couvre pas la dépense : c'est le ROI négatif du tableau. Comment savoir combien auraient acheté de toute façon ? Avec un groupe de contrôle : c'est la leçon 04.

# %% [markdown] tags=["lang-en", "lesson"]
# What is left does not cover the spend: that is the negative ROI of the table. How do you know how many would have bought anyway? With a control group: that is lesson 04.

# %% tags=["lesson"]
assert abs((won - given_away - 5000) / 5000 - campaigns.true_roi["discount"]) < 1e-12
assert campaigns.true_roi["discount"] < 0 < campaigns.true_roi["full_price"]

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Taux de marge ou taux de marque ?
#
# Un article est acheté 50 et vendu 80. La marge brute est la même pour tous ; c'est ce par quoi on la divise qui change. Sur le **prix de vente**, c'est le *taux de marque*. Sur le **coût d'achat**, c'est le *taux de marge*. L'anglais dit *gross margin rate* et *markup* : attention aux traductions.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Margin or markup?
#
# An item is bought for 50 and sold for 80. Gross profit is the same for everyone; what it is divided by is not. On the **selling price** it is the *gross margin rate* (in French *taux de marque*). On the **cost** it is the *markup* (in French *taux de marge*): beware of translations.

# %% tags=["lesson"]
profit = 80 - 50
both = pd.Series({"on_price": profit / 80, "on_cost": profit / 50})
both.map(reader.percent).to_frame("rate")

# %% [markdown] tags=["lang-fr", "lesson"]
# Refaites-le par la bibliothèque, sur une commande d'une ligne : des tableaux pandas suffisent pour ouvrir des « données ».

# %% [markdown] tags=["lang-en", "lesson"]
# Do it again with the package, on an order of one line: pandas tables are enough to open "data".

# %% tags=["lesson"]
order = {"order_id": "1", "customer_id": "a", "ordered_at": pd.Timestamp("2025-06-01")}
line = {"order_id": "1", "line_id": "1", "quantity": 1, "unit_price": 80, "unit_cost": 50}
shop = mk.open_data({"orders": pd.DataFrame([order]), "order_lines": pd.DataFrame([line])})

# %% [markdown] tags=["lang-fr", "lesson"]
# `mk.compute` reçoit les identifiants des KPI et les données.

# %% [markdown] tags=["lang-en", "lesson"]
# `mk.compute` takes the ids of the KPIs and the data.

# %% tags=["lesson"]
rates = mk.compute(["gross_margin_rate", "markup_rate"], shop)
assert abs(rates.gross_margin_rate[0] - profit / 80) < 1e-9
assert abs(rates.markup_rate[0] - profit / 50) < 1e-9

# %% [markdown] tags=["lang-fr", "lesson"]
# Un fournisseur promet « 50 % de marge ». Sur le prix ou sur le coût ? L'écart est grand ; demandez toujours.

# %% [markdown] tags=["lang-en", "lesson"]
# A supplier promises "a 50% margin". On the price or on the cost? The gap is wide; always ask.

# %% tags=["lesson"]
on_price = 0.5
supplier = pd.Series({"on_price": on_price, "on_cost": on_price / (1 - on_price)})
supplier.map(reader.percent).to_frame("rate")

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Chercher dans le dictionnaire
#
# `search` cherche dans les noms, les synonymes et les définitions, sans tenir compte des accents ni des majuscules.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Search the dictionary
#
# `search` looks in names, synonyms and definitions, whatever the accents and capitals.

# %% tags=["lesson"]
found = words.search("retention", lang=lang)
pd.Series({entry.id: entry.name[lang] for entry in found}).to_frame("name")

# %% [markdown] tags=["lang-fr", "lesson"]
# Chaque entrée est un objet : sa formule, son unité, sa version se lisent d'un mot.

# %% [markdown] tags=["lang-en", "lesson"]
# Each entry is an object: its formula, its unit, its version are one word away.

# %% tags=["lesson"]
kpi = words[followed]
pd.Series({"name": kpi.name[lang], "unit": kpi.unit, "version": kpi.version}).to_frame("entry")

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Un KPI, des mots au SQL
#
# ### Les mots
#
# Suivez un indicateur de bout en bout : le panier moyen. D'abord son entrée, que vous devriez pouvoir réciter avant de donner le chiffre.

# %% [markdown] tags=["lang-en", "lesson"]
# ## One KPI, from words to SQL
#
# ### The words
#
# Follow one indicator from end to end: the average order value. First its entry, which you should be able to recite before giving the number.

# %% tags=["lesson"]
plots.glossary(kpi, lang=reader, search=False)

# %% [markdown] tags=["lang-fr", "lesson"]
# ### La formule, à la main
#
# Cinq commandes, dont une annulée. La définition dit que seules les commandes valides comptent.

# %% [markdown] tags=["lang-en", "lesson"]
# ### The formula, by hand
#
# Five orders, one of them cancelled. The definition says that only valid orders count.

# %% tags=["lesson"]
five = pd.DataFrame({"order_id": list("12345"), "customer_id": list("aabbc")})
days = ["2025-01-05", "2025-02-10", "2025-02-11", "2025-02-20", "2025-02-28"]
five["ordered_at"] = pd.to_datetime(days)
five["amount"] = [100.0, 20.0, 30.0, 500.0, 40.0]
five["status"] = ["delivered", "delivered", "delivered", "cancelled", "delivered"]

# %% [markdown] tags=["lang-fr", "lesson"]
# Ôtez l'annulée, divisez le total par le nombre : la bibliothèque doit donner la même chose.

# %% [markdown] tags=["lang-en", "lesson"]
# Take the cancelled one out, divide the total by the number: the package must give the same.

# %% tags=["lesson"]
valid = five[five.status != "cancelled"]
toy = mk.open_data({"orders": five})
by_package = mk.compute("average_order_value", toy).average_order_value[0]
assert by_package == valid.amount.sum() / len(valid)

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Le piège : la moyenne des moyennes
#
# Calculez-le par mois, puis faites la moyenne des deux mois. Vous ne retrouvez pas le chiffre de l'ensemble : janvier, avec une seule commande, pèse autant que février et ses trois.

# %% [markdown] tags=["lang-en", "lesson"]
# ### The trap: the average of averages
#
# Compute it by month, then average the two months. You do not get the overall figure: January, with one order, weighs as much as February with its three.

# %% tags=["lesson"]
monthly = mk.compute("average_order_value", toy, grain="month").average_order_value
means = pd.Series({"mean_of_months": monthly.mean(), "all_orders": valid.amount.mean()})
means.map(reader.money).to_frame("value")

# %% [markdown] tags=["lang-fr", "lesson"]
# **Un rapport ne se moyenne pas, il se recalcule** : c'est pourquoi `mk.compute` repart toujours des commandes, à la maille que vous demandez.

# %% [markdown] tags=["lang-en", "lesson"]
# **A ratio is not averaged, it is computed again**: which is why `mk.compute` always starts from the orders, at the grain you ask for.

# %% tags=["lesson"]
assert monthly.mean() != valid.amount.mean()

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Le SQL
#
# Le même KPI, dans la langue d'un entrepôt de données. Donnez ce texte à un collègue de l'informatique : vous parlerez du même chiffre.

# %% [markdown] tags=["lang-en", "lesson"]
# ### The SQL
#
# The same KPI, in the language of a data warehouse. Give this text to a colleague in IT: you will be talking about the same number.

# %% tags=["lesson"]
print(mk.sql("average_order_value", toy))

# %% [markdown] tags=["lang-fr"]
# ## Un indicateur suivi
#
# Le chiffre que l'on cite le plus, mois par mois, à côté des mêmes mois de la période de comparaison, puis par canal de vente quand les données en ont un.

# %% [markdown] tags=["lang-en"]
# ## One indicator followed
#
# The number that people quote most, month by month, beside the same months of the comparison period, then by sales channel where the data have one.

# %%
ax = plots.kpi_by_month(overview.by_month(followed, data, periods=dates), lang=reader)

# %% [markdown] tags=["lang-fr"]
# Par canal de vente :

# %% [markdown] tags=["lang-en"]
# By sales channel:

# %%
plots.kpi_table(overview.by_channel([followed], data, periods=dates), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Comparez les canaux, mais demandez-vous d'abord si les clients y sont les mêmes. Un panier plus gros en magasin peut venir d'un autre assortiment, pas d'un meilleur canal.

# %% [markdown] tags=["lang-en", "lesson"]
# Compare the channels, but ask first whether the customers are the same there. A larger basket in store may come from another assortment, not from a better channel.

# %% [markdown] tags=["lang-fr"]
# ## Ce que ces données permettent
#
# Un indicateur ne se calcule que si la source a ses colonnes. Ce qui manque est nommé, avec ce qu'il en coûte.

# %% [markdown] tags=["lang-en"]
# ## What these data allow
#
# An indicator can be computed only if the source has its columns. What is missing is named, with what that costs.

# %%
plots.lacking(overview.lacking(data, periods=dates), lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Tout le glossaire
#
# Chaque entrée avec sa formule, son unité, ses pièges, ses sources et sa version.

# %% [markdown] tags=["lang-en"]
# ## The whole glossary
#
# Each entry with its formula, its unit, its pitfalls, its sources and its version.

# %%
plots.glossary(words.values(), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Dans une page de rapport, ce glossaire a un champ de recherche. Dans le carnet, cherchez par le code : `search` donne les entrées, `plots.glossary` les montre.

# %% [markdown] tags=["lang-en", "lesson"]
# On a report page, this glossary has a search field. In the notebook, search by code: `search` gives the entries, `plots.glossary` shows them.

# %% tags=["lesson"]
plots.glossary(words.search("roi", lang=lang)[:2], lang=reader, search=False)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Appeler KPI tout ce qui se compte.** Si personne ne ferait rien de différent quand il bouge, c'est une statistique.
# - **Juger une campagne au taux d'achat** : un rabais assez fort fera toujours acheter.
# - **Mettre le chiffre d'affaires au numérateur du ROI** sans le dire. Le gain est une marge.
# - **Oublier ceux qui auraient acheté de toute façon.**
# - **Classer par ROI des actions de tailles différentes** : un ROI élevé sur une petite dépense peut rapporter moins d'argent qu'un ROI modeste sur une grande.
# - **Faire la moyenne de moyennes**, ou comparer deux taux de conversion dont l'un est par visite et l'autre par visiteur.
# - **Changer une formule sans changer sa version** : la courbe bouge, et tout le monde croit que ce sont les clients.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Calling KPI whatever can be counted.** If nobody would do anything differently when it moves, it is a statistic.
# - **Judging a campaign by its purchase rate**: a big enough discount will always make people buy.
# - **Putting revenue in the numerator of ROI** without saying so. The gain is a margin.
# - **Forgetting those who would have bought anyway.**
# - **Ranking actions of different sizes by ROI**: a high ROI on a small spend may earn less money than a modest ROI on a large one.
# - **Averaging averages**, or comparing two conversion rates when one is by visit and the other by visitor.
# - **Changing a formula without changing its version**: the curve moves and everyone believes it is the customers.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Dire ce qu'est un KPI, un modèle, un SIM, un CRM, une DMP, et ce que chacun n'est pas ; distinguer données internes et externes.
# - Calculer un ROI sur la marge due à l'action, et savoir pourquoi il décide mieux que le taux d'achat.
# - Distinguer taux de marque (sur le prix) et taux de marge (sur le coût).
# - Trouver une entrée, lire sa formule et ses pièges, la calculer à toute maille, en sortir le SQL.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Say what a KPI, a model, an MIS, a CRM and a DMP are, and what each is not; tell internal from external data.
# - Compute an ROI on the margin due to the action, and know why it decides better than the purchase rate.
# - Tell the gross margin rate (on the price) from the markup (on the cost).
# - Find an entry, read its formula and pitfalls, compute it at any grain, get its SQL.

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
q1, q2, q3, q4, q5, q6 = mk.exercises("01", lang=reader, seed=seed)

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
mk.quiz("01", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Chercher.** Combien d'acheteurs la campagne `discount` aurait-elle dû faire pour égaler le ROI de l'autre ? Posez l'équation, puis vérifiez sur le tableau.
# 2. **Appliquer.** Donnez à `followed`, dans la deuxième cellule de code, la valeur d'un autre KPI du dictionnaire, et relancez la page. Son chiffre par canal change-t-il une décision ?
# 3. **Cas.** Votre directrice veut refaire la campagne `discount` « parce qu'elle a eu 50 % d'acheteurs en plus ». Écrivez-lui cinq lignes : le chiffre qui compte, pourquoi, et ce qu'il faudrait mesurer la prochaine fois.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Search.** How many buyers would the `discount` campaign have needed to match the ROI of the other? Write the equation, then check it on the table.
# 2. **Apply.** Set `followed`, in the second cell of code, to another KPI of the dictionary and run the page again. Does its figure by channel change a decision?
# 3. **Case.** Your director wants to run the `discount` campaign again "because it brought 50% more buyers". Write her five lines: the figure that counts, why, and what to measure next time.
