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
# # L'action a-t-elle changé quelque chose ? L'analyse avant-après
#
# Une action commence dans quelques magasins, et les ventes montent. Est-ce grâce à elle ? La saison, la tendance, un concurrent qui ferme font monter les ventes aussi. Cette page cherche ce qui se serait passé **sans** l'action, le compare à ce qui s'est passé, et dit franchement quand on ne peut pas savoir.

# %% [markdown] tags=["lang-en"]
# # Did the action change anything? Before–after analysis
#
# An action begins in a few stores, and sales rise. Is it thanks to the action? Season, trend, a competitor that closes make sales rise too. This page looks for what would have happened **without** the action, compares it with what did happen, and says frankly when one cannot know.

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez choisir des périodes comparables, dire pourquoi un simple avant-après trompe, calculer une différence de différences à la main, lire un contrefactuel et ses placebos, reconnaître une régression vers la moyenne, et conclure honnêtement quand les méthodes ne s'accordent pas.
#
# Voici les réglages. `action` est le jour où elle a commencé ; `treated` nomme les unités touchées (une liste vide : tout a été touché), `control` celles laissées de côté (rien : toutes les autres ; une liste vide : aucune), par leur nom dans la colonne `unit` ; `outcome` est l'indicateur, fixé d'avance ; `grain` compte par semaine ou par jour ; `weeks` fixe le nombre de semaines comparées (rien : autant que possible) ; `country` et `subdivision` disent où chercher les jours fériés (rien : nulle part).

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can choose periods that compare, say why a simple before–after misleads, work out a difference-in-differences by hand, read a counterfactual and its placebos, recognise regression to the mean, and conclude honestly when methods disagree.
#
# Here are the settings. `action` is the day it began; `treated` names the units it touched (an empty list: it touched everything), `control` those left alone (nothing: all the others; an empty list: none), by their name in the column `unit`; `outcome` is the KPI, fixed beforehand; `grain` counts by week or by day; `weeks` fixes how many weeks are compared (nothing: as many as possible); `country` and `subdivision` say where to look up holidays (nothing: nowhere).

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
action = "2025-06-02"
treated = ["S01", "S03", "S05"]
control = ["S02", "S04", "S06"]
unit = "store_id"
outcome = "net_sales"
grain = "week"
weeks = None
country = "CA"
subdivision = "QC"

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data.

# %%
import numpy as np
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import plots, prepost

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)

# %% [markdown] tags=["lang-fr"]
# ## La question
#
# Ce qui a été fait, où, et ce qu'on regarde. S'il manque quelque chose pour y répondre, c'est dit ici, avec le paramètre à régler.

# %% [markdown] tags=["lang-en"]
# ## The question
#
# What was done, where, and what is looked at. If anything is missing to answer, it is said here, with the parameter to set.

# %%
asked = {"action": action, "treated": treated, "control": control, "unit": unit}
asked |= {"outcome": outcome, "grain": grain, "weeks": weeks}
study = prepost.study(data, as_of=as_of, **asked)
plots.sentences.prepost.question(study, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## La réponse, en bref
#
# La méthode qui décide est choisie d'avance, d'après ce que les données contiennent, et non d'après ce qu'elle trouve. La suite de la page montre comment on y arrive, et ce qui reste incertain.

# %% [markdown] tags=["lang-en"]
# ## The answer, in brief
#
# The method that decides is chosen beforehand, from what the data hold and not from what it finds. The rest of the page shows how one gets there, and what remains uncertain.

# %% tags=["answer"]
found = prepost.analyse(study)
plots.sentences.prepost.conclusion(found, outcome=outcome, grain=grain, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Quelles semaines comparer ?
#
# Des semaines entières, autant avant qu'après, aussi près de l'action que possible.

# %% [markdown] tags=["lang-en"]
# ## Which weeks to compare?
#
# Whole weeks, as many before as after, as close to the action as possible.

# %%
plots.sentences.prepost.proposal(study.proposal, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Ce que le calendrier, à lui seul, fait de différent :

# %% [markdown] tags=["lang-en"]
# What the calendar alone makes differ:

# %%
where = {"country": country, "subdivision": subdivision}
plots.calendar_table(study.proposal, lang=reader, **where)

# %% [markdown] tags=["lang-fr", "lesson"]
# Une action ne commence pas toujours un lundi. Si elle avait commencé un mercredi, sa semaine serait à cheval sur l'avant et l'après : la bibliothèque l'écarte, et le dit. La leçon travaille sur les données de démonstration, où des conseillers sont arrivés dans trois magasins et où l'on connaît la réponse.

# %% [markdown] tags=["lang-en", "lesson"]
# An action does not always begin on a Monday. Had it begun on a Wednesday, its week would straddle before and after: the package leaves it out, and says so. The lesson works on the demo data, where advisers arrived in three stores and where the answer is known.

# %% tags=["lesson"]
demo = mk.demo()
wednesday = prepost.propose(demo, action="2025-06-04", as_of="2026-01-01")
plots.sentences.prepost.proposal(wednesday, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Ce qui a changé
#
# D'abord les faits, sans explication : la courbe de chaque groupe.

# %% [markdown] tags=["lang-en"]
# ## What changed
#
# First the facts, without explanation: the line of each group.

# %%
ax = plots.arms_over_time(study, lang=reader)
plots.sentences.prepost.change(study, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Les mêmes semaines un an plus tôt, pour voir ce que la saison fait d'habitude :

# %% [markdown] tags=["lang-en"]
# The same weeks a year earlier, to see what the season usually does:

# %%
plots.change_table(study, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Premier piège : choisir les semaines après coup.** Voici les six magasins de la démo, et la variation « avant-après » des trois magasins touchés selon le nombre de semaines qu'on retient.

# %% [markdown] tags=["lang-en", "lesson"]
# **First pitfall: choosing the weeks after the fact.** Here are the six stores of the demo, and the "before–after" change of the three touched stores by how many weeks one takes.

# %% tags=["lesson"]
with_advisers, without = ["S01", "S03", "S05"], ["S02", "S04", "S06"]
about = {"action": "2025-06-02", "treated": with_advisers, "control": without}
six = prepost.study(demo, as_of="2026-01-01", **about)
turn, weekly = pd.Timestamp("2025-06-02"), six.series.set_index("period").treated
before, after = weekly[weekly.index < turn], weekly[weekly.index >= turn]
for n in (4, 8, 16, 30):
    print(n, reader.change(after.head(n).mean() / before.tail(n).mean() - 1))

# %% [markdown] tags=["lang-fr", "lesson"]
# Quatre réponses à une seule question : qui choisit ensuite choisit sa conclusion. Fixez les semaines et l'indicateur **avant** de regarder.
#
# **Deuxième piège : l'incertitude d'une série qui se souvient.** Une bonne semaine en annonce souvent une autre. Le test usuel (Student) croit pourtant que chaque semaine apporte une information neuve. Simulez mille séries où **rien** ne se passe, et dont chaque semaine ressemble un peu à la précédente.

# %% [markdown] tags=["lang-en", "lesson"]
# Four answers to one question: who chooses afterwards chooses the conclusion. Fix the weeks and the KPI **before** looking.
#
# **Second pitfall: the uncertainty of a series that remembers.** A good week often announces another. Yet the usual test (Student's) believes that each week brings new information. Simulate a thousand series in which **nothing** happens, and whose weeks each resemble the one before a little.

# %% tags=["lesson"]
from scipy import stats

chance = np.random.default_rng(5).normal(size=(104, 1000))
for week in range(1, 104):
    chance[week] += 0.6 * chance[week - 1]
student = stats.ttest_ind(chance[:52], chance[52:])
print(reader.percent((student.pvalue < 0.05).mean()))

# %% [markdown] tags=["lang-fr", "lesson"]
# Le test devait se tromper une fois sur vingt ; voyez combien de fois il annonce un effet inventé. Sur cent de ces séries, la méthode de la bibliothèque, qui estime cette mémoire, reste plus près de sa promesse :

# %% [markdown] tags=["lang-en", "lesson"]
# The test was to be wrong once in twenty; see how often it announces an effect that does not exist. On a hundred of these series, the package's method, which estimates that memory, stays nearer its promise:

# %% tags=["lesson"]
numbered = {"outcome": "sales", "period": "week", "action": 52}
frames = [pd.DataFrame({"week": range(104), "sales": one}) for one in chance.T[:100]]
told = [prepost.interrupted_time_series(one, **numbered).verdict for one in frames]
print(reader.percent(np.mean([verdict != "cannot_tell" for verdict in told])))

# %% [markdown] tags=["lang-fr"]
# ## Quelle méthode répond ?
#
# Cela dépend de ce que les données contiennent : des unités laissées de côté, un long historique. La plus convaincante vient en premier.

# %% [markdown] tags=["lang-en"]
# ## Which method answers?
#
# That depends on what the data hold: units left alone, a long history. The most convincing comes first.

# %%
plots.chooser_table(found.methods, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## La différence de différences, à la main
#
# Quatre boutiques ; l'action touche A et B. Ventes par semaine, avant puis après.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Difference-in-differences, by hand
#
# Four shops; the action touches A and B. Sales a week, before then after.

# %% tags=["lesson"]
shops = pd.DataFrame({"shop": ["A", "B", "C", "D"], "treated": [1, 1, 0, 0]})
shops["before"], shops["after"] = [100.0, 80.0, 90.0, 70.0], [130.0, 114.0, 100.0, 82.0]
shops["change"] = shops.after - shops.before
shops

# %% [markdown] tags=["lang-fr", "lesson"]
# Les boutiques touchées ont changé de tant ; les autres aussi ont changé, sans l'action. La différence entre les deux changements est l'effet, **si** A et B avaient sinon changé comme C et D :
#
# $$\text{effet} = (\bar y_{\text{touchées, après}} - \bar y_{\text{touchées, avant}}) - (\bar y_{\text{autres, après}} - \bar y_{\text{autres, avant}})$$

# %% [markdown] tags=["lang-en", "lesson"]
# The touched shops changed by so much; the others changed too, without the action. The difference between both changes is the effect, **if** A and B would otherwise have changed like C and D:
#
# $$\text{effect} = (\bar y_{\text{touched, after}} - \bar y_{\text{touched, before}}) - (\bar y_{\text{others, after}} - \bar y_{\text{others, before}})$$

# %% tags=["lesson"]
of_arms = shops.groupby("treated").change.mean()
by_hand = of_arms[1] - of_arms[0]
print(reader.number(by_hand, decimals=0))

# %% [markdown] tags=["lang-fr", "lesson"]
# La bibliothèque prend une ligne par boutique et par période, et arrive au même nombre. Son verdict, lui, est prudent :

# %% [markdown] tags=["lang-en", "lesson"]
# The package takes a row a shop and period, and comes to the same number. Its verdict is cautious:

# %% tags=["lesson"]
rows = shops.melt(["shop", "treated"], ["before", "after"], value_name="sales")
rows["after"] = rows.variable == "after"
small = prepost.difference_in_differences(rows, outcome="sales", unit="shop")
assert abs(small.effect - by_hand) < 1e-9
p_words = plots.sentences.experiments.p_value
print(reader.number(small.effect, decimals=0), p_words(small.permutation_p, reader))
small.verdict

# %% [markdown] tags=["lang-fr"]
# ## Les unités touchées ont-elles changé plus que les autres ?
#
# Chaque point est le changement d'une unité. Si l'action a un effet, les points pleins sont nettement au-dessus des carrés vides.

# %% [markdown] tags=["lang-en"]
# ## Did the touched units change more than the others?
#
# Each dot is the change of a unit. If the action has an effect, the filled dots lie clearly above the hollow squares.

# %%
ax = plots.unit_effects(found.units, outcome=outcome, lang=reader)
plots.sentences.prepost.difference(found, outcome=outcome, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Troisième piège : croire la figure.** Dans la démo, les trois magasins touchés sont devant les trois autres. Mais de combien de façons peut-on choisir trois magasins parmi six ? Refaites le calcul pour chacune.

# %% [markdown] tags=["lang-en", "lesson"]
# **Third pitfall: believing the figure.** In the demo, the three touched stores come before the three others. But in how many ways can three stores be chosen among six? Do the sum again for each.

# %% tags=["lesson"]
from itertools import combinations

near = six.near.groupby(["store_id", "after"]).net_sales.mean().unstack()
moved = near[True] - near[False]
ways = [set(way) for way in combinations(moved.index, 3)]
chosen = [moved.index.isin(way) for way in ways]
gaps = [moved[mine].mean() - moved[~mine].mean() for mine in chosen]
len(gaps)

# %% [markdown] tags=["lang-fr", "lesson"]
# Dans combien de ces façons l'écart est-il au moins aussi grand, dans un sens ou dans l'autre ? C'est la valeur p de la permutation, et c'est la plus petite que six magasins puissent donner.

# %% [markdown] tags=["lang-en", "lesson"]
# In how many of these ways is the gap at least as large, either way? That is the p-value of the permutation, and it is the smallest that six stores can give.

# %% tags=["lesson"]
seen = moved[with_advisers].mean() - moved[without].mean()
p_value = np.mean([abs(gap) >= abs(seen) - 1e-9 for gap in gaps])
told_apart = prepost.difference_in_differences(six.near, outcome="net_sales", unit="store_id")
assert abs(told_apart.permutation_p - p_value) < 1e-9
print(reader.percent(p_value))

# %% [markdown] tags=["lang-fr", "lesson"]
# Même l'effet le plus énorme ne descendrait pas sous ce nombre : avec six magasins, cette comparaison **ne peut pas** trancher au seuil de 5 %. Et il ne sert à rien de compter chaque semaine de chaque magasin comme une observation de plus : ce sont les magasins qui ont reçu l'action, pas les semaines. Voici la plus petite valeur p possible, selon le nombre de magasins par groupe :

# %% [markdown] tags=["lang-en", "lesson"]
# Even the most enormous effect would not go below that number: with six stores, this comparison **cannot** tell at the 5% level. Nor does it help to count each week of each store as one more observation: stores received the action, weeks did not. Here is the smallest possible p-value, by the number of stores in a group:

# %% tags=["lesson"]
from math import comb

for n in (2, 3, 4, 5, 6):
    print(n, reader.percent(2 / comb(2 * n, n)))

# %% [markdown] tags=["lang-fr", "lesson"]
# **Quatrième piège : prendre tous les autres magasins.** La démo en a huit. S07 a fermé en janvier 2025, S08 a ouvert en septembre 2024 et prend des clients aux magasins du Québec, touchés ou non. Sans nommer les témoins, on les prend aussi ; comparez l'effet et lisez les avertissements.

# %% [markdown] tags=["lang-en", "lesson"]
# **Fourth pitfall: taking all the other stores.** The demo has eight. S07 closed in January 2025, S08 opened in September 2024 and takes customers from the stores of Québec, touched or not. Without naming the controls one takes them too; compare the effect and read the warnings.

# %% tags=["lesson"]
span = {"action": "2025-06-02", "start": "2024-11-04", "end": "2025-12-29"}
careless = prepost.panel(demo, treated=with_advisers, **span)
all_eight = prepost.difference_in_differences(careless, outcome="net_sales", unit="store_id")
print(*[reader.money(one.effect, decimals=0) for one in (told_apart, all_eight)])
print(*all_eight.notes, sep="\n")

# %% [markdown] tags=["lang-fr", "lesson"]
# **Et si les deux groupes n'ont pas la même taille ?** Vingt-quatre boutiques simulées, où **rien** ne se passe : toutes croissent d'environ 10 %. Mais les douze « touchées » sont deux fois plus grandes : en dollars, elles gagnent deux fois plus que les autres. La valeur p des dollars est infime, celle des pourcentages ne l'est pas.

# %% [markdown] tags=["lang-en", "lesson"]
# **And if both groups are not of one size?** Twenty-four simulated shops, where **nothing** happens: all grow by about 10%. But the twelve "touched" are twice as large: in dollars, they gain twice as much as the others. The p-value of the dollars is tiny, that of the percentages is not.

# %% tags=["lesson"]
draw = np.random.default_rng(6)
sizes = pd.DataFrame({"shop": range(24), "treated": [1] * 12 + [0] * 12, "after": 0})
sizes["sales"] = (1 + sizes.treated) * draw.normal(1_000, 100, 24)
grown = sizes.assign(after=1, sales=sizes.sales * draw.normal(1.1, 0.02, 24))
two_sizes = prepost.difference_in_differences(
    pd.concat([sizes, grown]), outcome="sales", unit="shop"
)
print(*[p_words(one, reader) for one in (two_sizes.p_value, two_sizes.own_p_value)], sep="\n")
print(two_sizes.verdict, *two_sizes.notes, sep="\n")

# %% [markdown] tags=["lang-fr", "lesson"]
# Le verdict est « indécis » malgré une valeur p infime, et la note `scales_disagree` dit pourquoi : en dollars il y aurait un effet, en pourcentage du niveau de chaque boutique il n'y en a pas. La question n'est posée deux fois que là où une note appelle à la prudence (`few_units`, `skewed_units`, `sizes_matter`) ; ailleurs, les dollars décident seuls. Les données ne disent pas laquelle des deux échelles est la bonne, et un effet qui n'existe que sur l'une tient à ce choix. Comparez des boutiques de taille semblable, ou décidez de l'échelle avant de regarder.

# %% [markdown] tags=["lang-en", "lesson"]
# The verdict is "cannot tell" in spite of a tiny p-value, and the note `scales_disagree` says why: in dollars there would be an effect, as a percentage of each shop's own level there is none. The question is asked twice only where a note calls for care (`few_units`, `skewed_units`, `sizes_matter`); elsewhere the dollars decide alone. The data do not say which of both scales is the right one, and an effect that exists on one alone hangs on that choice. Compare shops of like size, or decide on the scale before looking.

# %% [markdown] tags=["lang-fr"]
# ### Les deux groupes évoluaient-ils pareil avant ?
#
# Avant l'action, les points devraient tourner autour d'un même niveau, sans pente. Ce niveau n'est pas zéro : tout se compte depuis la dernière période avant l'action, qui n'est qu'une période parmi d'autres. Comparez donc l'après à l'ensemble de l'avant. Cela peut réfuter la comparaison, jamais la prouver.

# %% [markdown] tags=["lang-en"]
# ### Were both groups moving alike before?
#
# Before the action, the dots should lie around one level, without a slope. That level is not zero: all is counted from the last period before the action, which is one period among others. So compare what comes after with all that comes before. This can refute the comparison, never prove it.

# %%
ax = plots.event_effects(found.events, outcome=outcome, lang=reader)
plots.sentences.prepost.parallel(found, outcome=outcome, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Qu'aurait fait la série sans l'action ?
#
# On apprend, avant l'action, comment la série des unités touchées suit celle des autres et la saison ; on prolonge ; l'effet est l'écart entre ce qu'on observe et ce prolongement.

# %% [markdown] tags=["lang-en"]
# ## What would the series have done without the action?
#
# One learns, before the action, how the series of the touched units follows that of the others and the season; one carries it on; the effect is the gap between what is observed and what was carried on.

# %%
shown = {"action": action, "outcome": outcome, "lang": reader}
ax = plots.expected_lines(found.counterfactual, **shown)
plots.sentences.prepost.expected(found, outcome=outcome, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Additionné depuis le début de l'action :

# %% [markdown] tags=["lang-en"]
# Added up since the action began:

# %%
ax = plots.cumulative_effect(found.counterfactual, outcome=outcome, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main, sans la saison : une droite qui relie les ventes des magasins touchés à celles des autres, apprise avant, prolongée après. L'effet est la moyenne des écarts.

# %% [markdown] tags=["lang-en", "lesson"]
# By hand, without the season: a line that ties the sales of the touched stores to those of the others, learned before, carried on after. The effect is the mean of the gaps.

# %% tags=["lesson"]
learn, later = six.series[six.series.period < turn], six.series[six.series.period >= turn]
slope, level = np.polyfit(learn.control, learn.treated, 1)
carried_on = level + slope * later.control
print(reader.number(slope, decimals=2))
print(reader.money((later.treated - carried_on).mean(), decimals=0))

# %% [markdown] tags=["lang-fr", "lesson"]
# Le premier nombre est la pente : quand les témoins vendent un dollar de plus, on n'attend des autres que cette fraction, car les témoins sont bruités eux aussi. Un témoin bruité retire moins de tendance qu'il ne devrait ; la bibliothèque ajoute la saison, les intervalles et un second modèle, mais pas de miracle. Vérifiez que son total est bien la somme des écarts :

# %% [markdown] tags=["lang-en", "lesson"]
# The first number is the slope: when the controls sell one dollar more, one expects only that fraction from the others, since controls are noisy too. A noisy control takes out less of the trend than it should; the package adds the season, intervals and a second model, but no miracle. Check that its total is indeed the sum of the gaps:

# %% tags=["lesson"]
series_asked = {"outcome": "treated", "period": "period", "action": "2025-06-02"}
full = prepost.counterfactual(six.series, controls="control", season="year", **series_asked)
gap = full.frame[full.frame.period >= turn]
assert abs((gap.observed - gap.expected).sum() - full.cumulative) < 1e-6
print(reader.money(full.cumulative, decimals=0))

# %% [markdown] tags=["lang-fr"]
# ### La série, prise seule
#
# Sans témoin, il reste à demander si le niveau ou la pente ont changé ce jour-là. Rien ne distingue alors l'action de tout ce qui a commencé en même temps.

# %% [markdown] tags=["lang-en"]
# ### The series by itself
#
# Without a control, one can still ask whether the level or the slope changed on that day. Nothing then tells the action from all that began at the same time.

# %%
ax = plots.expected_lines(found.interrupted, **shown)
plots.sentences.prepost.interrupted(found, outcome=outcome, lang=reader)

# %% [markdown] tags=["lang-fr"]
# ## Et là où rien ne s'est passé ?
#
# La même analyse, sur des dates où aucune action n'a commencé. Une méthode qui « trouve » souvent quelque chose là ne mérite pas d'être crue ici. Et si ce qu'elle y trouve va presque toujours dans le même sens, une part de son effet d'ici vient d'elle, et non de l'action.

# %% [markdown] tags=["lang-en"]
# ## And where nothing happened?
#
# The same analysis, on dates when no action began. A method that often "finds" something there does not deserve to be believed here. And if what it finds there nearly always goes the same way, part of its effect here comes from the method, and not from the action.

# %%
ax = plots.placebo_effects(found.placebo, outcome=outcome, lang=reader)
plots.sentences.prepost.placebos(found.placebo, outcome=outcome, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Cinquième piège : oublier la saison.** Voici la part de dates où rien ne s'est passé et où l'analyse aurait annoncé un effet : avec la saison, puis sans.

# %% [markdown] tags=["lang-en", "lesson"]
# **Fifth pitfall: forgetting the season.** Here is the share of dates when nothing happened and the analysis would have announced an effect: with the season, then without.

# %% tags=["lesson"]
options = {"controls": "control", "structural": False, **series_asked}
tries = [
    prepost.placebo(prepost.counterfactual, six.series, season=season, **options)
    for season in ("year", None)
]
print(*[reader.percent(one.false_alarms, decimals=0) for one in tries])

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ceux qu'on choisit parce qu'ils vont mal
#
# **Sixième piège : la régression vers la moyenne.** Deux cents boutiques simulées, à qui l'on ne fait **rien**. On choisit les 20 % les plus basses et l'on regarde la période suivante.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Those chosen because they do badly
#
# **Sixth pitfall: regression to the mean.** Two hundred simulated shops, to which **nothing** is done. The lowest 20% are chosen, and one looks at the next period.

# %% tags=["lesson"]
drawn = prepost.simulate_regression(units=200, chosen=0.2, rng=np.random.default_rng(1))
scatter = plots.regression_scatter(drawn, lang=reader)
drawn.groupby("chosen")[["before", "after"]].mean().round(1)

# %% [markdown] tags=["lang-fr", "lesson"]
# Les plus basses remontent d'elles-mêmes : leur mauvaise période tenait en partie au hasard, et le hasard ne revient pas. Si vous envoyez des conseillers dans les magasins qui vont mal, ils auront l'air efficaces, même inutiles. Le remède : un tirage au sort **parmi** ceux qui vont mal.

# %% [markdown] tags=["lang-en", "lesson"]
# The lowest come back up by themselves: their bad period was partly chance, and chance does not come again. Send advisers to the stores that do badly, and they will look effective even if useless. The cure: a random draw **among** those that do badly.

# %% [markdown] tags=["lang-fr"]
# ## Toutes les réponses, côte à côte
#
# Des méthodes honnêtes ne donnent pas le même nombre. Regardez si leurs intervalles se recouvrent, lesquelles répondent à la question, et ce qui est retenu contre chacune.

# %% [markdown] tags=["lang-en"]
# ## All the answers, side by side
#
# Honest methods do not give the same number. See whether their intervals overlap, which of them answer the question, and what is held against each.

# %%
ax = plots.answer_intervals(found.answers, outcome=outcome, lang=reader)
plots.answer_table(found.answers, outcome=outcome, lang=reader)

# %% [markdown] tags=["lang-fr"]
# **Ce qu'il ne faut pas y lire.** Un intervalle ne couvre que le hasard que la méthode connaît : ni un événement propre aux unités touchées, ni le choix de ces unités, ni des ventes prises aux voisines. Un « on ne peut pas conclure » n'est pas un « sans effet ». Et la prochaine fois, un tirage au sort répondrait mieux.

# %% [markdown] tags=["lang-en"]
# **What not to read into it.** An interval covers only the chance that the method knows of: neither an event of the touched units alone, nor the choice of those units, nor sales taken from their neighbours. "Cannot tell" is not "no effect". And next time, a random draw would answer better.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## La vérité de la démo
#
# Ici, elle est connue : la part que les conseillers ajoutent vraiment, puis ce que cela a rapporté par semaine. Comparez-la aux intervalles de chaque méthode : laquelle la contient, laquelle tombe le plus près ?

# %% [markdown] tags=["lang-en", "lesson"]
# ## The truth of the demo
#
# Here it is known: the share that advisers really add, then what that brought in a week. Compare it with the interval of each method: which holds it, which comes nearest?

# %% tags=["lesson"]
truth = mk.truth()["store_advisers"]
a_week = truth["realised_extra_revenue"] / len(later)
print(reader.change(truth["relative_effect"]), reader.money(a_week, decimals=0))

# %% [markdown] tags=["lang-fr", "lesson"]
# Et les réponses de chaque méthode sur ces six magasins, par semaine :

# %% [markdown] tags=["lang-en", "lesson"]
# And what each method answers on these six stores, a week:

# %% tags=["lesson"]
known = prepost.analyse(six).answers
holds_truth = (known.low <= a_week) & (a_week <= known.high)
columns = ["method", "effect", "low", "high"]
known[columns].round(0).assign(truth=round(a_week), held=holds_truth)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **L'avant-après nu** attribue à l'action la saison, la tendance et l'ouverture d'à côté.
# - **Choisir les semaines après coup**, c'est choisir la conclusion.
# - **Compter les semaines comme des magasins** rétrécit l'intervalle sans rien apprendre.
# - **Prendre la méthode qui trouve quelque chose** : parmi quatre méthodes, il y en a souvent une.
# - **Traiter les plus mauvais**, puis se féliciter de leur remontée.
# - **Conclure à l'absence d'effet** quand la donnée n'aurait pas pu le voir.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **A bare before–after** credits the action with the season, the trend and the opening next door.
# - **Choosing the weeks after the fact** is choosing the conclusion.
# - **Counting weeks as if they were stores** narrows the interval and teaches nothing.
# - **Taking the method that finds something**: among four methods, there often is one.
# - **Treating the worst**, then congratulating oneself on their recovery.
# - **Concluding that there is no effect** when the data could not have seen it.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Choisir des périodes comparables et lire ce que le calendrier y change.
# - Calculer une différence de différences, et compter les façons de choisir les unités.
# - Lire un contrefactuel, et le mettre à l'épreuve de placebos.
# - Reconnaître la régression vers la moyenne.
# - Conclure avec la méthode choisie d'avance, ou dire ce qu'il aurait fallu.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Choose periods that compare, and read what the calendar changes in them.
# - Work out a difference-in-differences, and count the ways to choose the units.
# - Read a counterfactual, and put it to the test of placebos.
# - Recognise regression to the mean.
# - Conclude with the method chosen beforehand, or say what it would have taken.

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
q1, q2, q3, q4, q5, q6 = mk.exercises("05", lang=reader, seed=seed)

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
mk.quiz("05", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Appliquer.** Relancez la page avec `weeks = 8`, puis avec `action = "2024-06-03"`, où rien n'a commencé. Que dit la réponse en bref ? Avec `weeks = 8`, qu'est-ce qui est le plus près de la part que les conseillers ajoutent vraiment : l'effet annoncé, ou ce qui reste une fois retiré ce que la méthode trouve d'elle-même ? Pourquoi ce reste est-il donné sans intervalle ?
# 2. **Analyser.** Les placebos penchent presque tous du même côté. Quelle en est la cause la plus probable dans la démo, et où la voyez-vous dans cette page ?
# 3. **Cas.** La direction veut étendre les conseillers à tous les magasins. En cinq phrases : ce que l'on sait, à combien près, ce qui reste incertain, et le test que vous feriez d'abord.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Apply.** Run the page again with `weeks = 8`, then with `action = "2024-06-03"`, when nothing began. What does the answer in brief say? With `weeks = 8`, which is nearer the share that advisers really add: the effect announced, or what is left once what the method finds by itself is taken out? Why is that given without an interval?
# 2. **Analyse.** The placebos nearly all lean to the same side. What is the most likely cause in the demo, and where do you see it on this page?
# 3. **Case.** Management wants to extend advisers to all stores. In five sentences: what is known, how precisely, what remains uncertain, and the test that you would do first.
