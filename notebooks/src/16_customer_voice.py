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
# # La voix des clients : que pensent-ils, et que vaut ce qu'ils disent ?
#
# Un client mécontent peut partir sans un mot. D'autres parlent : ils répondent à une enquête, ouvrent vos courriels, achètent aussi ailleurs, passent d'un canal à l'autre. Cette page réunit ces signes, dit ce que chacun vaut, et surtout à partir de quand on peut s'y fier.

# %% [markdown] tags=["lang-en"]
# # The customer's voice: what do they think, and what is it worth?
#
# An unhappy customer may leave without a word. Others speak: they answer a survey, open your emails, buy elsewhere too, move from one channel to another. This page brings these signs together, says what each is worth and, above all, from when on you can trust it.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez calculer un NPS et son intervalle, dire s'il a changé d'une vague à l'autre, mesurer ce que vos clients dépensent ailleurs, noter l'engagement d'un contact, et expliquer pourquoi le client omnicanal ne dépense pas plus *parce qu'il* est omnicanal.
#
# Commencez par les réglages. `by` partage les réponses par région ou par une autre colonne des contacts ou des enquêtes ; `target` est la part de portefeuille que vous visez (rien : celle du meilleur groupe) ; `represents`, le nombre de clients que représente un membre du panel ; `settings`, les réglages de l'engagement, comme à la leçon 06, par exemple `settings = {"engagement": {"half_life_days": 60}}`.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can compute an NPS and its interval, say whether it changed from one wave to the next, measure what your customers spend elsewhere, score a contact's engagement, and explain why an omnichannel customer does not spend more *because* they are omnichannel.
#
# Start with the settings. `by` parts the answers by region or by another column of contacts or surveys; `target` is the share of wallet that you aim at (nothing: that of the best group); `represents`, how many customers a panel member stands for; `settings`, the settings of engagement, as in lesson 06, for instance `settings = {"engagement": {"half_life_days": 60}}`.

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
by = "region"
target = None
represents = 1
settings = None

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data.

# %%
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import lifecycle, plots, voice

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr"]
# ## Ce que les données permettent
#
# Chaque section ci-dessous lit une table : enquêtes, panel, interactions, commandes par canal. Voici ce qui manque, s'il manque quelque chose.

# %% [markdown] tags=["lang-en"]
# ## What the data allow
#
# Each section below reads one table: surveys, panel, interactions, orders by channel. Here is what is missing, if anything is.

# %%
plots.lacking(voice.lacking(data), lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Les cinq familles de données client
#
# Tout ce qu'une entreprise peut savoir d'un client entre dans cinq familles. Les quatre premières décrivent et expliquent, la cinquième dit ce que cela rapporte.

# %% [markdown] tags=["lang-en"]
# ## The five families of customer data
#
# Everything a company can know about a customer belongs to one of five families. The first four describe and explain, the fifth says what it brings in.

# %%
plots.families(lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Lisez la table comme une liste d'achats : quelles familles avez-vous, et lesquelles sont reliées à une même personne ? C'est ce lien, une seule clé de client pour toutes les tables, qui rend le reste possible. Sans elle, qui achète en magasin et sur le site compte pour deux clients, et la fréquence paraît trop basse.

# %% [markdown] tags=["lang-en", "lesson"]
# Read the table as a shopping list: which families do you have, and which are tied to one person? That tie, one customer key for all tables, is what makes the rest possible. Without it, someone who buys in a store and on the site counts as two customers, and frequency looks too low.

# %% [markdown] tags=["lang-fr", "lesson"]
# Cinq distinctions évitent la plupart des erreurs :
#
# - **Décrire n'est pas expliquer.** L'âge ou la ville choisissent un ton ; le comportement passé annonce bien mieux l'achat.
# - **Faire, payer, échanger, dire.** Un *comportement* (un clic, un panier) n'engage pas d'argent, une *transaction* oui, une *interaction* veut deux parties qui se répondent, un *sentiment* est ce que l'on déclare. Et une ouverture de courriel peut être celle d'une machine.
# - **Une ligne n'est pas une commande.** Un panier de trois articles a trois lignes : le panier moyen se divise par les commandes.
# - **Le parcours n'est pas l'entonnoir.** L'entonnoir est la vue de l'entreprise, dans un ordre imposé ; le parcours est celle du client, qui essaie ici et achète là. La dernière étape n'a pas tout le mérite.
# - **La valeur n'est pas la dépense.** Elle part de la marge, et l'on en retire ce que coûte ce client : retours, appels, livraisons.
#
# Et lisez l'historique dans l'ordre : une commande, puis un colis en retard, puis le silence, ce n'est pas une « cliente récente », c'est une cliente déçue.

# %% [markdown] tags=["lang-en", "lesson"]
# Five distinctions avoid most mistakes:
#
# - **To describe is not to explain.** Age or town choose a tone; past behaviour foretells a purchase far better.
# - **Doing, paying, exchanging, saying.** *Behaviour* (a click, a cart) commits no money, a *transaction* does, an *interaction* takes two parties who answer each other, a *sentiment* is what people state. And an email open may be a machine's.
# - **A line is not an order.** A basket of three items has three lines: the average order value is divided by orders.
# - **The journey is not the funnel.** The funnel is the company's view, in a set order; the journey is the customer's, who tries here and buys there. The last step does not deserve all the credit.
# - **Value is not spending.** It starts from the margin, less what this customer costs: returns, calls, deliveries.
#
# And read the history in order: an order, then a late parcel, then silence is not a "recent customer" but a disappointed one.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce qui améliore l'expérience
#
# Le client juge l'ensemble. Ce que l'entreprise peut régler tient en quelques leviers ; voici le terme, et un exemple.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What improves the experience
#
# Customers judge the whole. What the company can adjust comes down to a few levers; here is the term, with an example.

# %% tags=["lesson"]
levers = ["customer_experience", "omnichannel", "loyalty_programme"]
plots.concepts(levers, lang=reader, id="levers", text="example")

# %% [markdown] tags=["lang-fr", "lesson"]
# À essayer et à mesurer, chacun chez soi :
#
# 1. **Tenir ce qu'on promet.** Un délai annoncé et respecté vaut mieux qu'un délai court et manqué.
# 2. **Réparer vite.** Un problème réglé du premier coup, par quelqu'un qui a le droit de décider, laisse parfois un client plus attaché qu'avant.
# 3. **Demander moins d'efforts.** Moins d'étapes pour commander, pour retourner, pour joindre une personne.
# 4. **Se souvenir.** Ne pas faire répéter au client ce qu'il a déjà dit, quel que soit le canal.
# 5. **Reconnaître.** Un avantage compris et mérité, un mot par le nom, au bon moment.
# 6. **Relier les canaux.** Le client ne voit qu'une enseigne.

# %% [markdown] tags=["lang-en", "lesson"]
# To be tried and measured, each in one's own company:
#
# 1. **Keep promises.** A delivery date that is announced and kept beats a short one that is missed.
# 2. **Mend fast.** A problem settled the first time, by someone allowed to decide, may leave a customer more attached than before.
# 3. **Ask for less effort.** Fewer steps to order, to return, to reach a person.
# 4. **Remember.** Do not make customers repeat what they have already said, whatever the channel.
# 5. **Recognise.** A perk that is understood and deserved, a word by name, at the right moment.
# 6. **Join the channels.** The customer sees one company only.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Un programme de fidélisation** reconnaît et identifie ; il ne rend pas fidèle à lui seul. Que les membres dépensent plus ne prouve rien : les bons clients s'inscrivent plus volontiers. Il se juge sur ce que les membres dépensent *en plus*, en marge, une fois payés les points, dus sur tous leurs achats.
#
# **L'omnicanal, en une paire de bottes.** Vous entrez dans la boutique : votre taille n'y est plus. En *multicanal*, on vous dit « regardez sur le site » et vous partez. En *omnicanal*, la vendeuse voit le stock de toute l'enseigne, commande la taille devant vous, vous payez sur place, la boîte arrive chez vous, et si elles serrent vous les rendez dans n'importe quelle boutique. Une vente au lieu de zéro, et trois systèmes (caisse, site, entrepôt) qui doivent connaître la même cliente et la même paire.

# %% [markdown] tags=["lang-en", "lesson"]
# **A loyalty programme** recognises and identifies; it does not make people loyal by itself. That members spend more proves nothing: good customers enrol more readily. Judge it on what members spend *extra*, in margin, once the points are paid, and they are due on all purchases.
#
# **Omnichannel, in one pair of boots.** You walk into the shop: your size is gone. With *multichannel* they say "look on the site", and you leave. With *omnichannel* the assistant sees the stock of the whole company, orders your size in front of you, you pay there, the box arrives at your home, and if they pinch you return them in any shop. One sale instead of none, and three systems (till, site, warehouse) that must know the same customer and the same pair.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Le NPS à la main
#
# La question : « de 0 à 10, nous recommanderiez-vous ? » Voici vingt réponses.

# %% [markdown] tags=["lang-en", "lesson"]
# ## NPS by hand
#
# The question: "from 0 to 10, would you recommend us?" Here are twenty answers.

# %% tags=["lesson"]
scores = [10, 9, 8, 10, 6, 9, 7, 10, 3, 9, 8, 10, 5, 9, 10, 7, 9, 0, 8, 10]
few = pd.DataFrame({"score": scores})

# %% [markdown] tags=["lang-fr", "lesson"]
# Les **promoteurs** donnent 9 ou 10, les **détracteurs** de 0 à 6 (le 0 compte). Le NPS est la différence de leurs parts, en points.

# %% [markdown] tags=["lang-en", "lesson"]
# **Promoters** give 9 or 10, **detractors** 0 to 6 (a 0 counts). The NPS is the difference of their shares, in points.

# %% tags=["lesson"]
n = len(few)
p, d = (few.score >= 9).mean(), (few.score <= 6).mean()
by_hand = 100 * (p - d)
print(round(by_hand, 1))

# %% [markdown] tags=["lang-fr", "lesson"]
# **À combien près ?** Donnez +1 à chaque promoteur, −1 à chaque détracteur, 0 aux passifs : le NPS est la moyenne de ces nombres, et leur variance est p + d − (p − d)². La marge usuelle est 1,96 fois l'erreur type.

# %% [markdown] tags=["lang-en", "lesson"]
# **Give or take how much?** Give each promoter +1, each detractor −1 and passives 0: the NPS is the mean of these numbers, and their variance is p + d − (p − d)². The usual margin is 1.96 standard errors.

# %% tags=["lesson"]
error = ((p + d - (p - d) ** 2) / n) ** 0.5
print(round(100 * 1.96 * error, 1))

# %% [markdown] tags=["lang-fr", "lesson"]
# Vingt réponses, et une marge immense. Pire : avec dix clients ravis, cette formule donnerait une marge de zéro. La bibliothèque ajoute donc trois réponses fictives, trois quarts de promoteur, trois quarts de détracteur, le reste passif, avant de calculer l'intervalle (Rocks, 2016). Il tient alors sa promesse même sur de petits nombres.

# %% [markdown] tags=["lang-en", "lesson"]
# Twenty answers, and a huge margin. Worse: with ten delighted customers, this formula would give a margin of zero. So the package adds three fictitious answers, three quarters of a promoter, three quarters of a detractor and the rest passive, before it computes the interval (Rocks, 2016). It then keeps its promise even on small numbers.

# %% tags=["lesson"]
p3, d3 = (p * n + 0.75) / (n + 3), (d * n + 0.75) / (n + 3)
half = 1.959964 * ((p3 + d3 - (p3 - d3) ** 2) / (n + 3)) ** 0.5
by_hand_interval = 100 * (p3 - d3 - half), 100 * (p3 - d3 + half)

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque, sur les mêmes réponses, doit donner les mêmes nombres.

# %% [markdown] tags=["lang-en", "lesson"]
# On the same answers, the package must give the same numbers.

# %% tags=["lesson"]
package = voice.nps(few).iloc[0]
assert abs(package.score - by_hand) < 1e-9
assert abs(package.low - by_hand_interval[0]) < 1e-4
plots.nps_table(voice.nps(few), lang=reader, id="nps_by_hand")

# %% [markdown] tags=["lang-fr"]
# ## Qui nous recommanderait ?
#
# Le score de la période, puis par groupe quand les données le permettent. Toutes les réponses comptent ; quand une personne a répondu plusieurs fois, l'intervalle en tient compte, car ses réponses se ressemblent.

# %% [markdown] tags=["lang-en"]
# ## Who would recommend us?
#
# The score of the period, then by group where the data allow it. All answers count; where a person answered several times, the interval allows for it, since those answers are alike.

# %%
groups = voice.usable(data, [by])
answers = voice.answers(data, question="nps", start=dates.start, end=dates.end, by=groups)
about = {"lacks": voice.lacks(data, "net_promoter_score")}
about["aside"] = voice.set_aside(data, question="nps", start=dates.start, end=dates.end)
about["persons"] = data.has("surveys", "customer_id")
plots.sentences.voice.nps(voice.nps(answers).to_pandas(), lang=reader, **about)

# %% [markdown] tags=["lang-fr"]
# La figure montre ce qu'un score seul cache, la part de chacun ; la phrase dit si l'on peut classer les groupes.

# %% [markdown] tags=["lang-en"]
# The figure shows what a single score hides, the share of each; the sentence says whether the groups can be ranked.

# %%
by_group = voice.nps(answers, by=groups).to_pandas()
ax = plots.nps_bars(by_group, by=by, lang=reader)
differences = voice.nps_differences(by_group)
plots.sentences.voice.nps_groups(by_group, differences, by=by, lang=reader)

# %% [markdown] tags=["lang-fr"]
# La même chose en chiffres :

# %% [markdown] tags=["lang-en"]
# The same in figures:

# %%
plots.nps_table(by_group, by=by, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Toutes les notes données, une à une :

# %% [markdown] tags=["lang-en"]
# All the scores given, one by one:

# %%
counts = voice.score_counts(answers, question="nps")
ax = plots.answer_counts(counts, question="nps", lang=reader)

# %% [markdown] tags=["lang-fr"]
# Et ceux qui n'ont rien dit :

# %% [markdown] tags=["lang-en"]
# And those who said nothing:

# %%
heard = voice.reach(data, question="nps", start=dates.start, end=dates.end)
plots.sentences.voice.reach(heard, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Dans la démo, la vérité est connue : on sait le score attendu de ceux qui reçoivent leur commande, sur les trois ans. L'intervalle le contient-il ?

# %% [markdown] tags=["lang-en", "lesson"]
# In the demo the truth is known: the score to expect from those who receive their orders, over the three years. Does the interval hold it?

# %% tags=["lesson"]
demo, truth = mk.demo(), mk.truth()["surveys"]
every = voice.answers(demo, question="nps")
three_years = voice.nps(every).to_pandas().iloc[0]
assert three_years.low < truth["nps"] < three_years.high
[reader.number(value) for value in (truth["nps"], three_years.low, three_years.high)]

# %% [markdown] tags=["lang-fr", "lesson"]
# Et les régions ? Dans la démo, la note ne dépend pas d'elles directement, mais de la livraison, qui peut différer un peu d'une région à l'autre : une alerte plus haut serait donc surtout due au hasard. Refaites le test sur une autre année, puis sur un autre découpage : à force de découper, une alerte sur vingt finit par sonner pour rien.

# %% [markdown] tags=["lang-en", "lesson"]
# And the regions? In the demo scores do not depend on them directly but on delivery, which may differ a little from one region to another: an alarm above would thus mostly be due to chance. Do the test again on another year, then on another split: split often enough, and one alarm in twenty goes off for nothing.

# %% tags=["lesson"]
known = voice.answers(demo, question="nps", by=["region", "acquisition_channel"])
for split, year in (("region", 2023), ("region", 2024), ("acquisition_channel", 2025)):
    one = voice.nps(known.filter(known.answered_at.year() == year), by=split).to_pandas()
    print(split, year, reader.number(voice.nps_differences(one).p_value, decimals=3))

# %% [markdown] tags=["lang-fr", "lesson"]
# Ce qui fait ce score, c'est la livraison : après un colis en retard ou abîmé, le score attendu n'est plus le même. Voici l'attente après une bonne, puis après une mauvaise expérience.

# %% [markdown] tags=["lang-en", "lesson"]
# What makes this score is delivery: after a late or damaged parcel, the score to expect is no longer the same. Here is what to expect after a good experience, then after a bad one.

# %% tags=["lesson"]
[reader.number(truth[name], decimals=0) for name in ("nps_good", "nps_bad")]

# %% [markdown] tags=["lang-fr"]
# ## Le score a-t-il changé ?
#
# La période est comparée à la période de comparaison, s'il y en a une. Le verdict dépend de l'intervalle de la variation, pas des deux scores.

# %% [markdown] tags=["lang-en"]
# ## Has the score changed?
#
# The period is compared with the comparison period, if there is one. The verdict rests on the interval of the change, not on the two scores.

# %%
compared = {"start": dates.previous_start, "end": dates.previous_end}
before = voice.answers(data, question="nps", **compared)
before = before if dates.previous_start else before.head(0)
plots.sentences.voice.nps_change(voice.nps_change(before, answers), lang=reader)

# %% [markdown] tags=["lang-fr"]
# Trimestre par trimestre, sur tout l'historique :

# %% [markdown] tags=["lang-en"]
# Quarter by quarter, over the whole history:

# %%
history = voice.answers(data, question="nps", end=dates.end)
quarters = voice.nps_by_period(history, grain="quarter").to_pandas()
ax = plots.nps_over_time(quarters, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Refaites le test à la main pour les deux premiers trimestres. La variance d'une différence est la somme des variances, et chaque vague reçoit la moitié de l'ajout : une réponse et demie. Les réponses d'une même personne se ressemblent : la colonne effective_answers dit à combien de réponses de personnes différentes elles équivalent.

# %% [markdown] tags=["lang-en", "lesson"]
# Do the test again by hand for the first two quarters. The variance of a difference is the sum of the variances, and each wave gets half of what was added: one answer and a half. Answers of one person are alike: the column effective_answers says how many answers of different people they are worth.

# %% tags=["lesson"]
waves = voice.nps_by_period(every, grain="quarter").to_pandas().head(2)
weight, total = waves.effective_answers / waves.answers, waves.effective_answers + 1.5
net = weight * (waves.promoters - waves.detractors)
both = (weight * (waves.promoters + waves.detractors) + 0.75) / total

# %% [markdown] tags=["lang-fr", "lesson"]
# La différence, puis sa marge :

# %% [markdown] tags=["lang-en", "lesson"]
# The difference, then its margin:

# %% tags=["lesson"]
change = 100 * (net / total).diff().iloc[1]
margin = 196 * ((both - (net / total) ** 2) / total).sum() ** 0.5
[reader.number(value) for value in (change, margin)]

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque arrive à la même conclusion.

# %% [markdown] tags=["lang-en", "lesson"]
# The package comes to the same conclusion.

# %% tags=["lesson"]
first, second, third = [pd.Timestamp(day) for day in ("2023-01-01", "2023-04-01", "2023-07-01")]
one = voice.answers(demo, question="nps", start=first, end=second)
tested = voice.nps_change(one, voice.answers(demo, question="nps", start=second, end=third))
assert abs((tested.high - tested.low) / 2 - margin) < 0.01

# %% [markdown] tags=["lang-fr", "lesson"]
# Dans la démo, rien ne change d'une vague à l'autre, sauf la part de colis en retard. Les montées et les descentes que l'œil voit dans la figure sont donc surtout du hasard : comparer le meilleur trimestre au pire, choisis après coup, trouve presque toujours un « effet ».

# %% [markdown] tags=["lang-en", "lesson"]
# In the demo nothing changes from one wave to the next, save the share of late parcels. So the rises and falls that the eye sees in the figure are mostly chance: comparing the best quarter with the worst, picked after the fact, almost always finds an "effect".

# %% [markdown] tags=["lang-fr"]
# ## La satisfaction
#
# Le CSAT juge une expérience précise, de 1 à 5 : on compte les 4 et les 5.

# %% [markdown] tags=["lang-en"]
# ## Satisfaction
#
# CSAT rates one experience, from 1 to 5: the 4s and 5s are counted.

# %%
rated = voice.answers(data, question="csat", start=dates.start, end=dates.end)
about = {"lacks": voice.lacks(data, "customer_satisfaction")}
about["aside"] = voice.set_aside(data, question="csat", start=dates.start, end=dates.end)
plots.sentences.voice.csat(voice.csat(rated).to_pandas(), lang=reader, **about)

# %% [markdown] tags=["lang-fr"]
# Les notes données, et le CSAT en chiffres :

# %% [markdown] tags=["lang-en"]
# The scores given, and CSAT in figures:

# %%
counts = voice.score_counts(rated, question="csat")
ax = plots.answer_counts(counts, question="csat", lang=reader)
plots.csat_table(voice.csat(rated).to_pandas(), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main, sur cinq notes : trois sont de 4 ou 5. Mais sur cinq réponses, la bibliothèque ne donne pas d'intervalle.

# %% [markdown] tags=["lang-en", "lesson"]
# By hand, on five scores: three are 4 or 5. But on five answers, the package gives no interval.

# %% tags=["lesson"]
five = pd.DataFrame({"score": [5, 4, 4, 3, 1]})
assert voice.csat(five).share.iloc[0] == 3 / 5
voice.csat(five)[["answers", "satisfied", "share", "low", "high"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# ## La part de portefeuille, à la main
#
# Trois membres d'un panel, ce qu'ils ont dépensé chez nous et en tout.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Share of wallet, by hand
#
# Three members of a panel, what they spent with us and in all.

# %% tags=["lesson"]
panel = pd.DataFrame({"ours": [20, 60, 100], "total": [20, 300, 800]})
of_sums, of_each = panel.ours.sum() / panel.total.sum(), (panel.ours / panel.total).mean()
reader.percent(of_sums), reader.percent(of_each)

# %% [markdown] tags=["lang-fr", "lesson"]
# Deux nombres très différents. Le premier, **rapport de sommes**, est la part de l'argent : c'est la part de portefeuille. Le second, **moyenne des rapports**, donne autant de poids au petit portefeuille du premier membre, qui achète tout chez nous, qu'au grand du troisième, qui achète surtout ailleurs.

# %% [markdown] tags=["lang-en", "lesson"]
# Two very different numbers. The first, a **ratio of sums**, is the share of the money: that is the share of wallet. The second, a **mean of ratios**, gives as much weight to the small wallet of the first member, who buys everything from us, as to the large one of the third, who mostly buys elsewhere.

# %% [markdown] tags=["lang-fr"]
# ## Que dépensent-ils ailleurs ?
#
# Un panel dit ce que ses membres dépensent chez tous les marchands. Leurs achats chez nous viennent de nos commandes. Le panel ne dit pas les jours : seuls les mois entiers de la période comptent.

# %% [markdown] tags=["lang-en"]
# ## What do they spend elsewhere?
#
# A panel says what its members spend with all merchants. What they buy from us comes from our orders. The panel tells no days: only the whole months of the period count.

# %%
span = {"start": dates.start, "end": dates.end}
wallet = voice.share_of_wallet(data, **span)
about = {"lacks": voice.lacks(data, "share_of_wallet"), **span}
about["others"] = voice.other_categories(data, **span)
about["outside"] = voice.sales_outside_panel(data, **span)
plots.sentences.voice.share_of_wallet(wallet, lang=reader, **about)

# %% [markdown] tags=["lang-fr"]
# Par catégorie, on voit où il y a le plus à gagner : la part manquante, multipliée par ce que les membres dépensent. La cible est la part visée, ou à défaut celle de la meilleure catégorie. La figure montre où regarder d'abord :

# %% [markdown] tags=["lang-en"]
# By category one sees where there is the most to win: the missing share, times what the members spend. The target is the share aimed at, or else that of the best category. The figure shows where to look first:

# %%
categories = voice.usable(data, ["category"], fact="panel")
shares = voice.share_of_wallet(data, start=dates.start, end=dates.end, by=categories)
prize = voice.size_of_prize(shares, target=target, represents=represents)
is_told = prize["share"].notna().any()
ax = plots.wallet_shares(prize, by="category", lang=reader) if is_told else None
told = {"by": "category", "lang": reader, "represents": represents}
plots.sentences.voice.largest_prize(prize, **told) if is_told else None

# %% [markdown] tags=["lang-fr"]
# La même chose en chiffres :

# %% [markdown] tags=["lang-en"]
# The same in figures:

# %%
plots.prize_table(prize, by="category", lang=reader) if is_told else None

# %% [markdown] tags=["lang-fr", "lesson"]
# La première ligne de la table, refaite à la main : dépense × (cible − part).

# %% [markdown] tags=["lang-en", "lesson"]
# The first row of the table, done again by hand: spending × (target − share).

# %% tags=["lesson"]
rows = voice.share_of_wallet(demo, start="2025-01-01", end="2026-01-01", by="category")
top = voice.size_of_prize(rows).iloc[0]
missed = rows.share.max() - top.our_sales / top.spend_total
assert abs(top.prize - top.spend_total * missed) < 1e-6

# %% [markdown] tags=["lang-fr", "lesson"]
# **En B2B**, pas de panel : on estime ce que chaque compte dépense, par sa taille ou par ce que savent les vendeurs, et l'on garde une fourchette. Un compte à qui l'on vend déjà plus que son maximum estimé est une erreur d'estimation, et la bibliothèque le dit au lieu d'afficher une part de plus de 100 %.

# %% [markdown] tags=["lang-en", "lesson"]
# **In B2B** there is no panel: you estimate what each account spends, from its size or from what the sales force knows, and keep a range. An account that already buys more from us than its estimated maximum is an error of estimation, and the package says so instead of showing a share above 100%.

# %% tags=["lesson"]
accounts = pd.DataFrame({"account": ["A", "B", "C"], "our_sales": [40.0, 90.0, 15.0]})
accounts = accounts.assign(spend_low=[60.0, 50.0, 100.0], spend_high=[120.0, 80.0, 150.0])
voice.share_of_wallet_estimated(accounts)[["account", "share_low", "share_high", "plausible"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# ## L'engagement, à la main
#
# Chaque interaction vaut des points selon son genre ; avec le temps elle en perd la moitié à chaque **demi-vie**. Un clic (3 points) d'il y a 30 jours et une visite (2 points) d'il y a 60, avec une demi-vie de 30 jours, donnent :

# %% [markdown] tags=["lang-en", "lesson"]
# ## Engagement, by hand
#
# Each interaction is worth points by its kind; with time it loses half of them at each **half-life**. A click (3 points) 30 days ago and a visit (2 points) 60 days ago, with a half-life of 30 days, give:

# %% tags=["lesson"]
points = 3 * 0.5 ** (30 / 30) + 2 * 0.5 ** (60 / 30)
points

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque, sur ces deux interactions, avec les poids inscrits dans ses réglages :

# %% [markdown] tags=["lang-en", "lesson"]
# The package, on these two interactions, with the weights written in its settings:

# %% tags=["lesson"]
done = pd.DataFrame({"customer_id": ["A", "A"], "kind": ["click", "visit"]})
done["at"] = pd.to_datetime(["2025-12-02", "2025-11-02"])
assert voice.engagement(done, as_of="2026-01-01").points.iloc[0] == points

# %% [markdown] tags=["lang-fr", "lesson"]
# Ces poids et cette demi-vie sont des choix. Les voici tous, tels qu'on peut les changer :

# %% [markdown] tags=["lang-en", "lesson"]
# These weights and this half-life are choices. Here they all are, as you can change them:

# %% tags=["lesson"]
voice.Engagement().model_dump()

# %% [markdown] tags=["lang-fr"]
# ## Qui est encore là ?
#
# Les points disent combien, le percentile dit où l'on se place parmi tous les contacts.

# %% [markdown] tags=["lang-en"]
# ## Who is still there?
#
# Points say how much, the percentile says where one stands among all contacts.

# %%
rules = lifecycle.Settings.of(settings).engagement
engaged = voice.engagement(data, as_of=as_of, settings=rules).to_pandas()
about = {"settings": rules, "uncounted": voice.uncounted(data, as_of=as_of, settings=rules)}
plots.sentences.voice.engagement(engaged, lang=reader, **about)

# %% [markdown] tags=["lang-fr"]
# Combien de contacts ont combien de points, et qui en a le plus :

# %% [markdown] tags=["lang-en"]
# How many contacts have how many points, and who has most:

# %%
ax = plots.engagement_counts(voice.engagement_counts(engaged), lang=reader)
plots.engagement_table(engaged, lang=reader) if len(engaged) else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Le percentile est relatif : si tout le monde décroche, il ne bouge pas ; suivez aussi les points. Et un score ne vaut que s'il annonce quelque chose. Notez les contacts trois mois plus tôt, puis regardez qui a commandé depuis, parmi la moitié la plus engagée et parmi l'autre.

# %% [markdown] tags=["lang-en", "lesson"]
# The percentile is relative: if everyone drifts away it does not move; follow the points too. And a score is worth something only if it foretells something. Score the contacts three months earlier, then see who has ordered since, among the more engaged half and among the other.

# %% tags=["lesson"]
earlier = voice.engagement(demo, as_of="2025-10-01").to_pandas()
since = demo.orders.filter(demo.orders.ordered_at >= pd.Timestamp("2025-10-01"))
buyers = since.filter(since.status.notin(["cancelled", "fraud"]), ~since.is_test).customer_id
bought = earlier.customer_id.isin(set(buyers.to_pandas().dropna()))
bought.groupby(earlier.percentile >= 50).mean().map(reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# Les plus engagés achètent plus souvent ensuite. Cela ne dit pas qu'un courriel de plus les ferait acheter : l'intérêt cause à la fois les clics et les achats.

# %% [markdown] tags=["lang-en", "lesson"]
# The more engaged buy more often afterwards. That does not say that one more email would make them buy: interest causes both the clicks and the purchases.

# %% [markdown] tags=["lang-fr"]
# ## Les clients omnicanaux
#
# Ceux qui ont commandé dans plusieurs canaux de vente pendant la période, et ce qu'ils dépensent.

# %% [markdown] tags=["lang-en"]
# ## Omnichannel customers
#
# Those who ordered in several sales channels in the period, and what they spend.

# %%
channels = voice.omnichannel(data, start=dates.start, end=dates.end)
lacks_channel = voice.lacks(data, "omnichannel_share")
plots.omnichannel_table(channels, lang=reader, lacks=lacks_channel)

# %% [markdown] tags=["lang-fr"]
# Ce que dépense un client, selon le nombre de ses canaux, et la part de ceux qui en ont plusieurs :

# %% [markdown] tags=["lang-en"]
# What a customer spends, by the number of channels, and the share of those who have several:

# %%
ax = plots.omnichannel_bars(channels, lang=reader, lacks=lacks_channel)
gap = voice.omnichannel_gap(data, start=dates.start, end=dates.end)
plots.omnichannel_share_table(gap, lang=reader) if gap.share is not None else None

# %% [markdown] tags=["lang-fr"]
# Mais un client d'une seule commande ne peut utiliser qu'un canal, et un client de dix commandes a neuf occasions d'en essayer un autre. Comparez donc aussi des clients qui ont passé **autant de commandes**.

# %% [markdown] tags=["lang-en"]
# But a customer of one order can use one channel only, and a customer of ten has nine occasions to try another. So also compare customers who placed **as many orders**.

# %%
ax = plots.omnichannel_gap(gap, lang=reader)
plots.sentences.voice.omnichannel(gap, lang=reader, lacks=lacks_channel)

# %% [markdown] tags=["lang-fr", "lesson"]
# Ce second chiffre, à la main : la moyenne des écarts à chaque nombre de commandes, pondérée par les clients de plusieurs canaux.

# %% [markdown] tags=["lang-en", "lesson"]
# That second figure, by hand: the mean of the gaps at each number of orders, weighted by the customers of several channels.

# %% tags=["lesson"]
again = voice.omnichannel_gap(demo, start="2025-01-01", end="2026-01-01")
strata = again.strata
assert abs((strata.gap * strata.several).sum() / strata.several.sum() - again.equal_gap) < 1e-6
strata.round(0).head()

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Un NPS de douze réponses** bouge de dizaines de points par hasard. Sans intervalle, on félicite ou l'on gronde une équipe pour du bruit.
# - **La moyenne des parts** n'est pas la part de portefeuille : elle compte les petits portefeuilles autant que les gros.
# - **« L'omnicanal fait dépenser plus. »** Ceux qui achètent souvent ont plus d'occasions d'utiliser deux canaux. Seul un test le dirait (leçon 04).
# - **Satisfait n'est pas fidèle.** Un client content peut partir pour un prix, et les ventes baisser sans que personne ne soit fâché.
# - **Ceux qui se taisent.** Si les mécontents répondent plus, ou moins, que les autres, le score est faux d'une manière qu'aucun intervalle ne montre.
# - **Le score devenu objectif.** Dès que la prime en dépend, on demande un 10 à la caisse, et la mesure est perdue.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **An NPS of twelve answers** moves by tens of points by chance. Without an interval, teams are praised or scolded for noise.
# - **The mean of shares** is not the share of wallet: it counts small wallets as much as large ones.
# - **"Omnichannel makes people spend more."** Those who buy often have more occasions to use two channels. Only a test would tell (lesson 04).
# - **Satisfied is not loyal.** A happy customer may leave over a price, and sales may fall without anyone being upset.
# - **Those who stay silent.** If unhappy customers answer more, or less, than the others, the score is wrong in a way that no interval shows.
# - **The score turned into a target.** As soon as the bonus depends on it, people ask for a 10 at the till, and the measure is lost.

# %% [markdown] tags=["lang-fr", "lesson"]
# Le premier piège, en nombres : l'intervalle de douze réponses de la démo, tirées au sort.

# %% [markdown] tags=["lang-en", "lesson"]
# The first pitfall, in numbers: the interval of twelve answers of the demo, drawn at random.

# %% tags=["lesson"]
all_answers = every.to_pandas().sort_values(["respondent", "answered_at"])
twelve = voice.nps(all_answers.sample(12, random_state=1)).iloc[0]
[reader.number(value, decimals=0) for value in (twelve.score, twelve.low, twelve.high)]

# %% [markdown] tags=["lang-fr", "lesson"]
# Et le piège du silence : supposez que chaque détracteur réponde deux fois plus volontiers que les autres. Quel serait le score si tous répondaient autant ?

# %% [markdown] tags=["lang-en", "lesson"]
# And the pitfall of silence: suppose that each detractor is twice as willing to answer as the others. What would the score be if all answered alike?

# %% tags=["lesson"]
promoters, detractors = three_years.promoters_share, three_years.detractors_share
alike = 100 * (promoters - detractors / 2) / (1 - detractors / 2)
reader.number(three_years.score), reader.number(alike)

# %% [markdown] tags=["lang-fr", "lesson"]
# L'écart est plus large que l'intervalle. Augmenter le nombre de réponses n'y change rien ; relancer ceux qui n'ont pas répondu, et comparer ce qu'on sait d'eux (achats, région), aide.

# %% [markdown] tags=["lang-en", "lesson"]
# The difference is wider than the interval. More answers do not change it; reminding those who did not answer, and comparing what is known of them (purchases, region), helps.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Ranger ce que l'on sait d'un client dans cinq familles.
# - Calculer un NPS, son intervalle, et tester sa variation entre deux vagues.
# - Distinguer rapport de sommes et moyenne de rapports, et chiffrer un enjeu.
# - Noter l'engagement avec une demi-vie, et vérifier ce qu'il annonce.
# - Comparer les clients omnicanaux aux autres à nombre de commandes égal, sans y voir une cause.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Sort what is known of a customer into five families.
# - Compute an NPS, its interval, and test its change between two waves.
# - Tell a ratio of sums from a mean of ratios, and size a prize.
# - Score engagement with a half-life, and check what it foretells.
# - Compare omnichannel customers with the others at an equal number of orders, without reading a cause into it.

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
q1, q2, q3, q4, q5, q6, q7 = mk.exercises("16", lang=reader, seed=seed)

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
mk.quiz("16", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Appliquer.** Relancez la page avec `settings = {"engagement": {"half_life_days": 90}}`. Qui gagne des points, qui perd au percentile, et pourquoi ?
# 2. **Évaluer.** Dans la table de l'enjeu, la cible est la part de la meilleure catégorie. Donnez deux raisons pour lesquelles elle est peut-être hors d'atteinte. Quelle cible proposeriez-vous ?
# 3. **Cas.** La direction veut offrir 20 $ à chaque client pour sa première commande sur l'application, « puisque les clients de deux canaux dépensent bien plus ». Que répondez-vous ? Écrivez cinq phrases : ce que la figure montre, ce qu'elle ne montre pas, et le test que vous proposez.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Apply.** Run the page again with `settings = {"engagement": {"half_life_days": 90}}`. Who gains points, who falls in percentile, and why?
# 2. **Evaluate.** In the table of the prize, the target is the share of the best category. Give two reasons why it may be out of reach. Which target would you propose?
# 3. **Case.** Management wants to give each customer $20 for a first order on the app, "since customers of two channels spend far more". What do you answer? Write five sentences: what the figure shows, what it does not, and the test that you propose.
