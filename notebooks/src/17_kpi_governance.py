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
# # Qui répond de ce chiffre ?
#
# Deux réunions, deux paniers moyens, et personne n'a tort : l'un compte les commandes annulées, l'autre retire les retours. Cette page dit qui répond de chaque indicateur, ce qu'il compte, d'où il vient et avec quel retard, ce qu'un changement de définition ferait à la comparaison, et si un client connu de plusieurs systèmes est bien une seule personne.

# %% [markdown] tags=["lang-en"]
# # Who answers for this figure?
#
# Two meetings, two average order values, and nobody is wrong: one counts cancelled orders, the other takes returns off. This page says who answers for each KPI, what it counts, where it comes from and how late, what a change of definition would do to the comparison, and whether a customer known to several systems is one person.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez lire et défendre la fiche d'un indicateur, mesurer ce que change une définition sans le confondre avec ce qui s'est passé, retirer un indicateur sans casser de rapport, suivre un chiffre jusqu'au système qui l'a vu naître, et dire ce que coûtent deux clients pris pour un ou un client pris pour deux.
#
# Voici les réglages de la page. `one_account_systems` liste les systèmes où une personne n'a normalement qu'un compte.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can read and defend the entry of a KPI, measure what a definition changes without mistaking it for what happened, retire a KPI without breaking a report, follow a figure back to the system where it was born, and say what two customers taken for one cost, or one taken for two.
#
# Here are the settings of the page. `one_account_systems` lists the systems in which a person normally has one account.

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
one_account_systems = ["pos", "app"]

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data.

# %%
import numpy as np
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import governance, plots

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Une fiche, un propriétaire, une version
#
# Le dictionnaire est un produit : chaque indicateur y a une fiche, et chaque fiche répond à cinq questions. Que compte-t-on ? Qui en **répond** ? Quelle **version** lisez-vous ? De quels systèmes vient-il ? Que fait-on quand il bouge ? Demandez celles du panier moyen.

# %% [markdown] tags=["lang-en", "lesson"]
# ## One entry, one owner, one version
#
# The dictionary is a product: every KPI has an entry in it, and every entry answers five questions. What is counted? Who **answers** for it? Which **version** are you reading? Which systems does it come from? What does one do when it moves? Ask those of average order value.

# %% tags=["lesson"]
entry = mk.dictionary()["average_order_value"]
entry.owner, entry.version, entry.filters, entry.window

# %% [markdown] tags=["lang-fr", "lesson"]
# Le propriétaire est **une** fonction, et une seule : celle qu'on appelle quand le chiffre surprend. Le registre donne la même chose pour tous les indicateurs ; en voici trois.

# %% [markdown] tags=["lang-en", "lesson"]
# The owner is **one** function, and only one: the one to call when the figure surprises you. The register gives the same for every KPI; here are three.

# %% tags=["lesson"]
register = governance.register().set_index("kpi")
assert register.owner["average_order_value"] == entry.owner and register.owner.notna().all()
some = ["average_order_value", "stock_sellable", "net_revenue"]
register.loc[some, ["owner", "version", "window"]]

# %% [markdown] tags=["lang-fr"]
# ## Qui répond de quoi, et que permettent ces données ?
#
# Un indicateur se calcule si les données ont les tables et les colonnes que sa formule lit. Les analyses (RFM, prévisions, tests), qui ne se découpent pas par mois ou par canal, ont leur propre page.

# %% [markdown] tags=["lang-en"]
# ## Who answers for what, and what do these data allow?
#
# A KPI can be computed if the data have the tables and columns that its formula reads. Analyses (RFM, forecasts, tests), which cannot be cut by month or channel, have pages of their own.

# %%
coverage = governance.coverage(data)
plots.sentences.governance.headline(coverage, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Par propriétaire :

# %% [markdown] tags=["lang-en"]
# By owner:

# %%
plots.coverage_table(coverage, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Le registre, indicateur par indicateur : le propriétaire, la version, ce qui est compté.

# %% [markdown] tags=["lang-en"]
# The register, KPI by KPI: the owner, the version, what is counted.

# %%
plots.register_table(governance.register(), lang=reader)

# %% [markdown] tags=["lang-fr"]
# Un indicateur déprécié se lit encore, mais ne décide plus :

# %% [markdown] tags=["lang-en"]
# A deprecated KPI can still be read, but decides nothing any more:

# %%
plots.sentences.governance.leaving(governance.deprecations(as_of=as_of), lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Que compte-t-on ?
#
# Les règles sont les mêmes partout. Une commande **valide** n'est ni annulée, ni frauduleuse, ni passée pour un test ; un retour compte à sa propre date, celle où l'article revient. La date compte autant que le filtre : commandée en mars et livrée en avril, une vente est de mars pour le site et d'avril pour la comptabilité, et la fiche dit laquelle on lit. Le tableau les vérifie : il lit les formules, non les intentions.

# %% [markdown] tags=["lang-en"]
# ## What is counted?
#
# The rules are the same everywhere. A **valid** order is neither cancelled, nor fraudulent, nor placed as a test; a return counts at its own date, the day on which the item comes back. The date matters as much as the filter: ordered in March and delivered in April, a sale is of March for the web shop and of April for the accounts, and the entry says which one you read. The table checks them: it reads formulas, not intentions.

# %%
rules = governance.treatment()
plots.sentences.governance.treatment(rules, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Règle par règle, avec des exemples :

# %% [markdown] tags=["lang-en"]
# Rule by rule, with examples:

# %%
plots.treatment_table(rules, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Deux définitions, à la main
#
# Six commandes de mars et d'avril. L'une a été annulée ; un article de la première est revenu en avril, remboursé 30.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Two definitions, by hand
#
# Six orders of March and April. One was cancelled; an item of the first came back in April, refunded 30.

# %% tags=["lesson"]
six = pd.DataFrame({"order_id": list("abcdef"), "amount": [100.0, 60, 80, 40, 120, 80]})
six["ordered_at"] = pd.to_datetime(["2025-03-03", "2025-03-10", "2025-03-20"] * 2)
six.loc[3:, "ordered_at"] += pd.DateOffset(months=1)
six["status"] = ["delivered", "cancelled", "delivered"] + ["delivered"] * 3
six

# %% [markdown] tags=["lang-fr", "lesson"]
# Trois paniers moyens, trois réponses : toutes les commandes passées, les commandes valides, les commandes valides moins ce qui est revenu.
#
# $$\text{passées} = \frac{480}{6} \qquad \text{valides} = \frac{420}{5} \qquad \text{après retours} = \frac{420 - 30}{5}$$

# %% [markdown] tags=["lang-en", "lesson"]
# Three average order values, three answers: all orders placed, valid orders, valid orders less what came back.
#
# $$\text{placed} = \frac{480}{6} \qquad \text{valid} = \frac{420}{5} \qquad \text{after returns} = \frac{420 - 30}{5}$$

# %% tags=["lesson"]
valid = six[six.status != "cancelled"]
by_hand = [six.amount.mean(), valid.amount.mean(), (valid.amount.sum() - 30) / len(valid)]
[reader.money(value) for value in by_hand]

# %% [markdown] tags=["lang-fr", "lesson"]
# `governance.proposed` donne le dictionnaire tel qu'il serait après le changement, et `side_by_side` calcule l'indicateur par l'ancienne **et** par la nouvelle définition. `assert` vérifie que la main et la machine s'accordent.

# %% [markdown] tags=["lang-en", "lesson"]
# `governance.proposed` gives the dictionary as it would be after the change, and `side_by_side` computes the KPI by the old **and** by the new definition. `assert` checks that hand and machine agree.

# %% tags=["lesson"]
back = pd.DataFrame({"return_id": ["r"], "order_id": ["a"], "refund_amount": [30.0]})
back["returned_at"] = pd.Timestamp("2025-04-02")
small = mk.open_data({"orders": six, "returns": back})
spring = {"start": "2025-03-01", "end": "2025-05-01", "grain": None}
names = ["cancelled_in", "returns_off"]
states = [governance.proposed(name, on="2025-04-01") for name in names]
found = [governance.side_by_side(small, kpi=entry.id, new=state, **spring) for state in states]
assert np.allclose([found[0].new[0], found[0].old[0], found[1].new[0]], by_hand)

# %% [markdown] tags=["lang-fr", "lesson"]
# Remarquez la première : compter l'annulée fait ici **baisser** le panier, car elle était petite. Le dénominateur bouge, mais le numérateur aussi. On ne devine pas l'effet d'une définition : on le calcule.

# %% [markdown] tags=["lang-en", "lesson"]
# Note the first one: here, counting the cancelled order **lowers** the average, since it was small. The denominator moves, but so does the numerator. The effect of a definition is not guessed: it is computed.

# %% [markdown] tags=["lang-fr"]
# ## Et si l'on changeait la définition ?
#
# Supposons que la finance propose de retirer les retours du panier moyen. Voici l'indicateur par les deux définitions, et ce que montrerait une page qui passerait de l'une à l'autre au début de la période sans le dire.

# %% [markdown] tags=["lang-en"]
# ## What if the definition changed?
#
# Suppose that finance proposes to take returns off average order value. Here is the KPI by both definitions, and what a page would show that went from one to the other at the start of the period without saying so.

# %%
change = {"kpi": "average_order_value"}
new = governance.proposed("returns_off", on=str(dates.start))
why_not = governance.lacks_proposal(data, "returns_off")
span = {"start": dates.previous_start or dates.start, "end": dates.end}
sides = None if why_not else governance.side_by_side(data, new=new, **change, **span)
compared = {} if dates.previous_start is None else governance.breaks(data, **dates._asdict())
jump = compared["returns_off"][1] if "returns_off" in compared else None
told = {**change, "proposal": "returns_off", "lacks": why_not}
plots.sentences.governance.change(sides, jump, lang=reader, **told)

# %% [markdown] tags=["lang-fr"]
# Une rupture se montre : deux courbes, et le jour où la page passe de l'une à l'autre.

# %% [markdown] tags=["lang-en"]
# A break is shown: two curves, and the day on which the page goes from one to the other.

# %%
ax = None if why_not else plots.definitions(sides, on=dates.start, lang=reader, **change)

# %% [markdown] tags=["lang-fr"]
# D'autres changements que l'on propose souvent, avec ce qu'ils feraient à la comparaison. Ce qui s'est passé est mesuré par l'ancienne définition ; le reste vient de la nouvelle.

# %% [markdown] tags=["lang-en"]
# Other changes that people often propose, with what they would do to the comparison. What happened is measured by the old definition; the rest comes from the new one.

# %%
plots.break_table(compared, lang=reader) if compared else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Ce que cela décide.** Un changement de définition se publie avec l'historique **recalculé**, ou avec une rupture **marquée** ; jamais en silence. Et comme l'écart n'est pas le même chaque mois, multiplier l'ancienne série par un coefficient ne suffit pas. À la main, sur l'année : le changement publié est la somme de deux effets, au cent près.

# %% [markdown] tags=["lang-en", "lesson"]
# **What this decides.** A change of definition is published with the history **recomputed**, or with the break **marked**; never in silence. And since the gap is not the same each month, multiplying the old series by a factor will not do. By hand, over the year: the change published is the sum of two effects, to the cent.

# %% tags=["lesson"]
boreal = mk.demo()
years = {"previous_start": "2024-01-01", "previous_end": "2025-01-01"}
years |= {"start": "2025-01-01", "end": "2026-01-01"}
effect = governance.breaks(boreal, **years)["returns_off"][1]
assert abs(effect.happened + effect.redefined - effect.published) < 1e-9
[reader.signed_money(each, decimals=2) for each in (effect.happened, effect.redefined)]

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Quel numéro de version ?
#
# Une version est **majeure** si le nombre change pour les mêmes données, **mineure** si l'on ajoute quelque chose, **corrective** si l'on récrit plus clairement. Comparez deux états du dictionnaire : la machine dit quel numéro le changement demande, et si on l'a donné.

# %% [markdown] tags=["lang-en", "lesson"]
# ### Which version number?
#
# A version is **major** if the number changes for the same data, **minor** if something is added, a **patch** if words are made clearer. Compare two states of the dictionary: the machine says which number the change asks for, and whether it was given.

# %% tags=["lesson"]
proposal = governance.proposed("cancelled_in", on="2026-01-01")
proposal = governance.revised(proposal, "orders", on="2026-01-01", dimensions=("channel",))
plots.changes_table(governance.changes(mk.dictionary(), proposal), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Retirer un indicateur
#
# On ne supprime pas un indicateur : on le **déprécie**, en nommant celui qui le remplace et le jour de son départ. Le dictionnaire refuse une dépréciation sans l'un des deux. Supposons que la fréquence d'achat cède la place au taux d'achat répété.

# %% [markdown] tags=["lang-en", "lesson"]
# ### Retiring a KPI
#
# A KPI is not deleted: it is **deprecated**, naming what replaces it and the day on which it leaves. The dictionary refuses a deprecation that lacks either. Suppose purchase frequency gives way to the repeat purchase rate.

# %% tags=["lesson"]
leaving = governance.revised(
    mk.dictionary(),
    "purchase_frequency",
    on="2026-01-01",
    status="deprecated",
    replaced_by="repeat_purchase_rate",
    retires_on="2026-04-01",
)
announced = governance.deprecations(as_of="2026-01-01", entries=leaving)
plots.deprecation_table(announced, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Jusqu'au jour dit, les deux se calculent et se montrent côte à côte ; l'identifiant, lui, ne servira plus jamais à autre chose.

# %% [markdown] tags=["lang-en", "lesson"]
# Until that day both are computed and shown side by side; the id will never be used for anything else.

# %% [markdown] tags=["lang-fr"]
# ## D'où viennent les chiffres, et avec quel retard ?
#
# Un indicateur est aussi frais que la plus lente de ses sources. Le tableau dit ce que chaque système donne, qui le tient, ce qu'y est une ligne et quand c'est complet.

# %% [markdown] tags=["lang-en"]
# ## Where do figures come from, and how late?
#
# A KPI is as fresh as the slowest of its sources. The table says what each system gives, who keeps it, what one row of it is and when it is complete.

# %%
systems = governance.systems()
plots.sentences.governance.freshness(systems, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Système par système :

# %% [markdown] tags=["lang-en"]
# System by system:

# %%
plots.systems_table(systems, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Le chemin des données, des systèmes au rapport :

# %% [markdown] tags=["lang-en"]
# The way of the data, from systems to the report:

# %%
flow = governance.flow()
ax = plots.data_flow(flow, lang=reader)

# %% [markdown] tags=["lang-fr"]
# La même chose en nombres : combien d'indicateurs de chaque domaine lisent chaque système.

# %% [markdown] tags=["lang-en"]
# The same in numbers: how many KPIs of each domain read each system.

# %%
ax = plots.source_grid(flow, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Et indicateur par indicateur, une ligne par système lu :

# %% [markdown] tags=["lang-en"]
# And KPI by KPI, a row a system that it reads:

# %%
plots.kpi_sources_table(governance.sources(), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# La matrice indicateur × système a une ligne par source de chaque indicateur. Lisez les lignes de la marge sur coûts variables : chaque source a son équipe et son retard, et il n'y a qu'une fiche.

# %% [markdown] tags=["lang-en", "lesson"]
# The matrix KPI × system has a row a source of each KPI. Read the rows of contribution margin: each source has its team and its delay, and there is one entry.

# %% tags=["lesson"]
plots.kpi_sources_table(governance.sources(), kpi="contribution_margin", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Le dictionnaire sort du carnet : `marketing-kpi dictionary export` l'écrit en page HTML pour les lecteurs, en classeur Excel, en JSON avec son schéma, et en **couche sémantique dbt** pour l'entrepôt. Rien n'y est recopié : chaque formule y est traduite depuis le code qui la calcule, et ce que dbt ne sait pas dire est nommé.

# %% [markdown] tags=["lang-en", "lesson"]
# The dictionary leaves the notebook: `marketing-kpi dictionary export` writes it as an HTML page for readers, an Excel workbook, JSON with its schema, and a **dbt semantic layer** for the warehouse. Nothing is copied by hand: each formula is translated from the code that computes it, and what dbt cannot say is named.

# %% tags=["lesson"]
from marketing_kpi.kpis.export import semantic

layer = semantic.layer(mk.dictionary(), lang=reader)
{metric["name"]: metric["type_params"] for metric in layer.metrics}["gross_margin_rate"]

# %% [markdown] tags=["lang-fr"]
# ## Données internes, données externes
#
# Un système d'information marketing réunit trois parties : les **données internes** (ce que l'entreprise enregistre en vendant), la **veille** (ce que disent les plateformes et les partenaires) et les **études** (ce que l'on demande). Ce qui vient d'ailleurs arrive avec ses propres définitions : un clic de la régie n'est pas une visite du site.

# %% [markdown] tags=["lang-en"]
# ## Internal data, external data
#
# A marketing information system brings three parts together: **internal records** (what the company records as it sells), **intelligence** (what platforms and partners tell) and **research** (what one asks). What comes from elsewhere arrives with definitions of its own: a click of the ad platform is not a visit of the site.

# %%
plots.information_table(governance.information_system(data), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Une personne, plusieurs comptes, à la main
#
# Ana a une carte en magasin et un compte web ; Ben, un compte web. Sans rapprochement, la boutique voit trois clients, et aucun ne revient.

# %% [markdown] tags=["lang-en", "lesson"]
# ## One person, several accounts, by hand
#
# Ana has a card in store and a web account; Ben has a web account. Without matching, the shop sees three customers, and none of them returns.

# %% tags=["lesson"]
three = pd.DataFrame({"customer_id": ["ana", "ana", "ben"], "channel": ["store", "web", "web"]})
three["orders"], three["net_sales"] = [1, 1, 1], [70.0, 50.0, 30.0]
apart = {"customers": 3, "repeat_rate": 0 / 3, "sales_per_customer": 150 / 3}
together = {"customers": 2, "repeat_rate": 1 / 2, "sales_per_customer": 150 / 2}
together

# %% [markdown] tags=["lang-fr", "lesson"]
# `people` compte les personnes selon la façon dont on les distingue : par `customer_id`, ou un compte, une personne. Un achat sans compte, ticket anonyme ou visite sans connexion, n'a pas de personne : il reste hors du calcul, au numérateur comme au dénominateur.

# %% [markdown] tags=["lang-en", "lesson"]
# `people` counts persons by the way one tells them apart: by `customer_id`, or one account, one person. A purchase without an account, an anonymous receipt or a visit without a login, has no person: it stays out of the computation, above and below the line.

# %% tags=["lesson"]
assert governance.people(three)[[*together]].to_dict() == together
assert governance.people(three, range(3))[[*apart]].to_dict() == apart

# %% [markdown] tags=["lang-fr", "lesson"]
# Rapprocher, c'est le travail d'une **plateforme de données** (DMP, ou CDP quand elle tient des clients nommés). Elle se trompe de deux façons : elle **manque** un lien, et une personne en fait deux ; ou elle **attribue** un compte à quelqu'un d'autre, et deux personnes se mêlent.

# %% [markdown] tags=["lang-en", "lesson"]
# Matching is the work of a **data platform** (a DMP, or a CDP when it keeps named customers). It errs in two ways: it **misses** a link, and one person makes two; or it hangs an account on **somebody else**, and two persons are mixed up.

# %% [markdown] tags=["lang-fr"]
# ## Un client est-il une personne ?
#
# Là où chacun n'a qu'un compte, deux comptes pour une même personne trahissent une erreur de rapprochement. On en déduit la part des comptes mal attribués, avec son intervalle.

# %% [markdown] tags=["lang-en"]
# ## Is a customer one person?
#
# Where each person has one account, two accounts of one person betray a wrong match. From these one works out the share of accounts on the wrong person, with its interval.

# %%
unknown = governance.lacks_identities(data)
wrong = None if unknown else governance.wrong_share(data, single=one_account_systems)
plots.sentences.governance.persons(wrong, lang=reader, lacks=unknown)

# %% [markdown] tags=["lang-fr"]
# Système par système :

# %% [markdown] tags=["lang-en"]
# System by system:

# %%
None if unknown else plots.identities_table(governance.by_system(data), lang=reader)

# %% [markdown] tags=["lang-fr"]
# ### Que coûterait un mauvais rapprochement ?
#
# On tient les clients d'aujourd'hui pour vrais, puis l'on se trompe exprès : des liens manqués, des comptes attribués à quelqu'un d'autre. Chaque ligne est la moyenne de plusieurs tirages.

# %% [markdown] tags=["lang-en"]
# ### What would bad matching cost?
#
# Take today's customers for true, then err on purpose: links missed, accounts hung on somebody else. Each row is the mean of several draws.

# %%
blind = governance.lacks_accounts(data)
bought = None if blind else governance.accounts(data, start=dates.start, end=dates.end)
tried = {"missed": (0.05, 0.2, 0.5, 1.0), "mixed": (0.01, 0.05, 0.1)}
known = {"population": wrong.people if wrong else None, "rng": np.random.default_rng(17)}
tries = not blind and len(bought)
errors = governance.errors_of_matching(bought, **tried, **known) if tries else None
plots.sentences.governance.matching(errors, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Un lien manqué gonfle le nombre de clients et amaigrit chacun d'eux :

# %% [markdown] tags=["lang-en"]
# A missed link inflates the number of customers and thins each of them:

# %%
ax = plots.matching_moves(errors, lang=reader) if tries else None

# %% [markdown] tags=["lang-fr"]
# Les deux sortes d'erreurs, en nombres :

# %% [markdown] tags=["lang-en"]
# Both kinds of error, in numbers:

# %%
plots.matching_table(errors, lang=reader) if tries else None

# %% [markdown] tags=["lang-fr", "lesson"]
# La vérité est connue : dans la démonstration, chaque compte du CRM est celui d'une vraie personne, et les autres comptes suivent le sien. Retrouvez le vrai titulaire de chaque compte ; la part mal attribuée doit tomber dans l'intervalle.

# %% [markdown] tags=["lang-en", "lesson"]
# The truth is known: in the demo, each CRM account is that of a real person, and the other accounts follow it. Find the true holder of each account; the share hung on the wrong person has to fall within the interval.

# %% tags=["lesson"]
ids = boreal.identities.execute().sort_values("source_id", ignore_index=True)
ids["holder"] = ids.customer_id.where(ids.source_system == "crm").ffill()
others = ids[(ids.source_system != "crm") & (ids.holder != ids.holder.iloc[-1])]
estimate, truth = governance.wrong_share(boreal), mk.truth()["identities"]["wrong_match_share"]
assert estimate.low <= truth <= estimate.high
assert estimate.low <= (others.customer_id != others.holder).mean() <= estimate.high
reader.percent(estimate.share), reader.percent(truth)

# %% [markdown] tags=["lang-fr", "lesson"]
# Qu'est-ce que ces erreurs changent pour de bon ? Donnez à chaque achat la personne que la plateforme lui attribue, puis comparez : la vérité, la plateforme, et des systèmes qui ne se parlent pas.

# %% [markdown] tags=["lang-en", "lesson"]
# What do these errors really change? Give each purchase the person that the platform takes it for, then compare: the truth, the platform, and systems that do not talk to each other.

# %% tags=["lesson"]
rows = governance.accounts(boreal, start="2025-01-01", end="2026-01-01")
system = rows.channel.map({"store": "pos", "web": "ecommerce", "app": "app"})
keys = ["holder", "source_system"]
matched = others.drop_duplicates(keys).set_index(keys)
index = pd.MultiIndex.from_arrays([rows.customer_id, system])
seen = matched.customer_id.reindex(index).fillna(rows.customer_id.set_axis(index))
views = {"truth": rows.customer_id, "platform": seen, "apart": range(len(rows))}
pd.DataFrame({name: governance.people(rows, person) for name, person in views.items()}).round(3)

# %% [markdown] tags=["lang-fr", "lesson"]
# La plateforme se trompe d'un compte sur cent, et les totaux ne le montrent pas ; les systèmes séparés, eux, comptent bien trop de clients. Mais un total juste n'absout pas : vérifiez quelle part des ventes de ces comptes est chez quelqu'un d'autre.

# %% [markdown] tags=["lang-en", "lesson"]
# The platform errs on one account in a hundred, and totals do not show it; separate systems count far too many customers. Yet a right total absolves nothing: check which share of the sales of these accounts stands with somebody else.

# %% tags=["lesson"]
misplaced = rows.net_sales[seen.to_numpy() != rows.customer_id.to_numpy()].sum()
truth_and_seen = governance.people(rows), governance.people(rows, seen)
assert abs(truth_and_seen[1].customers / truth_and_seen[0].customers - 1) < 0.01
reader.percent(misplaced / rows.net_sales.sum(), decimals=2)

# %% [markdown] tags=["lang-fr"]
# ## Méthode et limites
#
# Le registre, les règles et la matrice sont lus dans le dictionnaire et dans les formules, non saisis : une fiche qui ment serait refusée à la lecture. Les propriétaires, les équipes qui tiennent les données et les délais sont ceux que **propose** le dictionnaire, non ce que l'entreprise a déclaré. Les tables d'un système d'information marketing sont rangées par leur origine **habituelle** ; la vôtre peut différer. La part de comptes mal attribués suppose que les erreurs tombent au hasard : entre membres d'un foyer, elles se voient moins. Les coûts d'un mauvais rapprochement tiennent les clients actuels pour vrais ; ils disent le sens et l'ordre de grandeur, non la faute exacte.

# %% [markdown] tags=["lang-en"]
# ## Method and limits
#
# The register, the rules and the matrix are read from the dictionary and its formulas, not typed in: an entry that breaks its own formula is refused when it is read. Owners, the teams that keep the data and the delays are what the dictionary **proposes**, not what the company stated. The tables of a marketing information system are sorted by their **usual** origin; yours may differ. The share of accounts on the wrong person supposes that errors fall at random: among members of a household they show less. What bad matching costs takes today's customers for true; it tells the direction and the size, not the exact fault.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Fêter une définition.** Un indicateur qui bondit le jour où sa formule change n'a rien fait.
# - **Remettre l'historique à l'échelle** par un coefficient moyen : l'écart dépend du mois. On recalcule, ou l'on marque la rupture.
# - **Deviner le sens d'un changement.** Compter plus de commandes ne fait pas toujours baisser le panier : le numérateur bouge aussi.
# - **Un indicateur de tous** : s'il a deux propriétaires, il n'en a aucun.
# - **Supprimer au lieu de déprécier**, ou laisser vivre deux vérités sous un même nom.
# - **Mêler deux fraîcheurs** : un ratio dont le numérateur est de ce matin et le dénominateur du mois dernier.
# - **Prendre un compte pour un client**, et fêter une croissance qui n'est qu'un nouveau canal.
# - **Rapprocher à tout prix** : deux personnes d'un même foyer fondues en une reçoivent les offres l'une de l'autre, et leurs consentements se mélangent.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **Celebrating a definition.** A KPI that jumps on the day its formula changes did nothing.
# - **Rescaling history** by an average factor: the gap depends on the month. Recompute, or mark the break.
# - **Guessing the direction of a change.** Counting more orders does not always lower the average: the numerator moves too.
# - **A KPI that is everybody's**: with two owners it has none.
# - **Deleting instead of deprecating**, or letting two truths live under one name.
# - **Mixing two freshnesses**: a ratio whose numerator is of this morning and whose denominator of last month.
# - **Taking an account for a customer**, and celebrating growth that is only a new channel.
# - **Matching at any price**: two persons of one household melted into one get each other's offers, and their consents get mixed up.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Lire une fiche : ce qui est compté, qui en répond, quelle version, quelles sources.
# - Séparer, au cent près, ce qui s'est passé de ce qu'une définition a changé.
# - Choisir le numéro de version d'un changement, et retirer un indicateur avec un remplaçant et une date.
# - Suivre un chiffre jusqu'à ses systèmes, et dire quand il est complet.
# - Estimer combien de comptes sont mal attribués, et ce que coûtent un lien manqué et un lien de trop.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Read an entry: what is counted, who answers for it, which version, which sources.
# - Part, to the cent, what happened from what a definition changed.
# - Choose the version number of a change, and retire a KPI with a replacement and a date.
# - Follow a figure back to its systems, and say when it is complete.
# - Estimate how many accounts are on the wrong person, and what a missed link and a wrong one cost.

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
q1, q2, q3, q4, q5, q6 = mk.exercises("17", lang=reader, seed=seed)

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
mk.quiz("17", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Discuter.** La direction des magasins et l'équipe e-commerce veulent toutes deux être propriétaires du panier moyen. Que proposez-vous, et à quelle condition un second indicateur serait-il justifié ?
# 2. **Écrire.** Rédigez en cinq lignes l'annonce du passage au panier moyen après retours : ce qui change, de combien, depuis quand, ce que devient l'historique, à qui poser ses questions.
# 3. **Décider.** Un prestataire promet de rapprocher 15 % de comptes de plus, avec 3 % d'erreurs. Quels chiffres de cette page demanderiez-vous avant de signer ?

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Discuss.** The store management and the e-commerce team both want to own average order value. What do you propose, and on which condition would a second KPI be justified?
# 2. **Write.** Draft in five lines the announcement of the move to average order value after returns: what changes, by how much, since when, what becomes of the history, whom to ask.
# 3. **Decide.** A provider promises to match 15% more accounts, with 3% of errors. Which figures of this page would you ask for before you sign?
