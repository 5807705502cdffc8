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
# # La campagne a-t-elle vraiment rapporté ?
#
# Des clients contactés achètent toujours : beaucoup l'auraient fait sans nous. Cette page compare ceux que la campagne a touchés à un **groupe de contrôle**, des clients tirés au sort et laissés de côté, et répond à quatre questions : que peut-on croire, la campagne a-t-elle marché, qu'a-t-elle valu, et sinon qu'aurait-il fallu pour le savoir ?

# %% [markdown] tags=["lang-en"]
# # Did the campaign really pay?
#
# Customers you contact always buy: many would have done so without you. This page compares those the campaign reached with a **control group**, customers drawn at random and left alone, and answers four questions: what can be believed, did the campaign work, what was it worth, and if one cannot tell, what would it have taken?

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez tirer un groupe de contrôle assez grand, vérifier que les groupes sont comparables, dire si une campagne a marché et de combien, chiffrer ce qu'elle a valu avec son intervalle, et refuser de conclure quand les données ne le permettent pas.
#
# Voici les réglages de la page : la campagne (et, s'il y en a plusieurs, le groupe traité), les jours pendant lesquels les achats comptent, la part de contrôle qui était prévue, le coût et le taux de marge quand les données ne les disent pas, le plus petit lift relatif qui compterait pour vous, et la colonne qui fait les segments.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can draw a control group that is large enough, check that the arms can be compared, say whether a campaign worked and by how much, put a figure with its interval on what it was worth, and refuse to conclude when the data do not allow it.
#
# Here are the settings of the page: the campaign (and, of several, the treatment), the days in which purchases count, the share of the control that was meant, the cost and the margin rate where the data do not tell them, the smallest relative lift that would matter to you, and the column that makes segments.

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
campaign = "spring_mail"
treatment = None
window_days = 28
expected_control_share = None
cost = None
margin_rate = None
worthwhile_lift = 0.10
by = "region"

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data.

# %%
import numpy as np
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import experiments, plots

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)

# %% [markdown] tags=["lang-fr"]
# ## Qu'a-t-on testé ?
#
# Les deux groupes sont suivis pendant les mêmes jours, à partir du premier contact, et chacun reste dans le groupe où il a été tiré.

# %% [markdown] tags=["lang-en"]
# ## What was tested?
#
# Both arms are followed over the same days, from the first contact on, and everyone stays in the arm they were drawn into.

# %%
trial = experiments.trial(
    data, campaign=campaign, window_days=window_days, treatment=treatment, by=by
)
look = {"campaign": trial.campaign, "window_days": window_days}
ready = trial.is_ready
said = plots.sentences.experiments
names = {"campaigns": experiments.campaign_names(data), "lang": reader}
said.trial(trial, **names)

# %% [markdown] tags=["lang-fr"]
# Les campagnes des données que l'on peut juger ainsi :

# %% [markdown] tags=["lang-en"]
# The campaigns of the data that can be judged in this way:

# %%
plots.campaign_table(trial.known, **names)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Pourquoi un groupe de contrôle ?
#
# Dix clients : six reçoivent un courriel (`treatment`), quatre non (`control`). Deux des six cliquent (`responded`), et les deux achètent : « 100 % de conversion ! ». Mais qui clique ? Ceux qui aimaient déjà la marque. Comparez plutôt **tous** les clients traités, cliqueurs ou non, à **tout** le groupe de contrôle.
#
# Le **taux de réponse** est la part des clients contactés qui répondent dans les 28 jours : ici deux sur six. Un clic, une visite ou un appel est une réponse ; ouvrir le message n'en est pas une, et acheter est un autre résultat. Il dit si le message a plu, jamais ce que la campagne a changé : le groupe de contrôle n'a rien reçu à quoi répondre.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Why a control group?
#
# Ten customers: six get an e-mail (`treatment`), four do not (`control`). Two of the six click (`responded`), and both buy: "100% conversion!" But who clicks? Those who already liked the brand. Compare instead **all** treated customers, clickers or not, with **all** of the control.
#
# The **response rate** is the share of the customers contacted who respond within 28 days: here two of six. A click, a visit or a call is a response; to open the message is none, and to buy is another outcome. It tells whether the message pleased, never what the campaign changed: the control got nothing to respond to.

# %% tags=["lesson"]
ten = pd.DataFrame({"customer_id": list("abcdefghij"), "responded": [1, 1] + [0] * 8})
ten["arm"] = ["treatment"] * 6 + ["control"] * 4
ten["bought"] = [1, 1, 0, 1, 0, 0, 1, 1, 0, 0]
rates = ten.groupby("arm").bought.mean()
clickers = ten[ten.responded == 1].bought.mean()
print(*[reader.points(one - rates.control) for one in (clickers, rates.treatment)], sep="\n")

# %% [markdown] tags=["lang-fr", "lesson"]
# Mesurés sur les seuls cliqueurs, cinquante points d'effet ; mesurés honnêtement, aucun. Le **lift absolu** est la différence des deux taux, le **lift relatif** cette différence divisée par le taux du contrôle :
#
# $$\Delta = p_1 - p_0 \qquad \rho = \frac{p_1}{p_0} - 1$$
#
# La bibliothèque fait la même soustraction, et y ajoute ce que dix clients ne disent pas : rien de sûr.

# %% [markdown] tags=["lang-en", "lesson"]
# Measured on clickers alone, an effect of fifty points; measured honestly, none. The **absolute lift** is the difference of both rates, the **relative lift** that difference divided by the control's rate:
#
# $$\Delta = p_1 - p_0 \qquad \rho = \frac{p_1}{p_0} - 1$$
#
# The package makes the same subtraction, and adds what ten customers do not tell: nothing for sure.

# %% tags=["lesson"]
of_ten = experiments.compare(ten, outcome="bought")
assert abs(of_ten.absolute_lift - (rates.treatment - rates.control)) < 1e-12
said.compared(of_ten, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Le piège ne tient pas aux petits nombres. Voici 2 000 campagnes simulées, sur 10 000 clients chacune et **sans aucun effet** : un client sur cinq est un fidèle, qui achète plus et répond plus. Quel effet croit-on voir, et dans quelle part des campagnes est-il « significatif » ?

# %% [markdown] tags=["lang-en", "lesson"]
# The trap has nothing to do with small numbers. Here are 2,000 simulated campaigns, of 10,000 customers each and **without any effect**: one customer in five is keen, and both buys and responds more. What effect does one seem to see, and in what share of campaigns is it "significant"?

# %% tags=["lesson"]
biased = experiments.responders_only().set_index("compared").drop(columns="true_lift")
lifts = biased.measured_lift.map(reader.points)
biased.assign(measured_lift=lifts, significant=biased.significant.map(reader.percent))

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Tirer un groupe de contrôle
#
# Le hasard, et lui seul, rend les groupes comparables : ni « les clients de l'Ouest », ni « ceux sans adresse valable ». Tirer **par strate** (ici la région) donne à chacune la même part de contrôle. `rng` permet de refaire le tirage, donc de le vérifier. Voici la part de contrôle de chaque région, tirée par strate, puis d'un tirage simple : aussi juste, mais qui donne à chacune un peu plus ou un peu moins, d'autant qu'elle est petite.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Drawing a control group
#
# Chance, and chance alone, makes arms comparable: not "customers in the West", nor "those without a valid address". Drawing **by stratum** (here the region) gives each the same share of control. `rng` lets you repeat the draw, hence check it. Here is each region's share of control, drawn by stratum, then by a simple draw: just as fair, but giving each a little more or less, the more so the smaller it is.

# %% tags=["lesson"]
everyone = mk.demo().table("contacts").select("customer_id", "region").to_pandas().dropna()
common = {"control_share": 0.10, "rng": np.random.default_rng(4)}
drawn = experiments.draw(everyone, strata="region", **common)
simple = everyone.merge(experiments.draw(everyone, **common))
ways = {"strata": drawn, "simple": simple}
shares = {name: (one.arm == "control").groupby(one.region).mean() for name, one in ways.items()}
pd.DataFrame(shares).map(reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# Un client laissé de côté en avril puis contacté en mai n'est plus un contrôle pour avril. Pour un **contrôle de saison**, le groupe se calcule à partir du seul identifiant et du nom de la saison : le même client y reste toute la saison, quels que soient les clients qui arrivent ou partent. Vérifiez-le sur la moitié des clients.

# %% [markdown] tags=["lang-en", "lesson"]
# A customer left alone in April and contacted in May is no longer a control for April. For a **season's control**, the arm is computed from the id and the name of the season alone: the same customer stays there all season, whoever joins or leaves. Check it on half of the customers.

# %% tags=["lesson"]
season = experiments.draw(everyone, control_share=0.10, season="2026")
half = experiments.draw(everyone.iloc[::2], control_share=0.10, season="2026")
both = half.merge(season, on="customer_id")
assert (both.arm_x == both.arm_y).all()
season.arm.value_counts(normalize=True).map(reader.percent)

# %% [markdown] tags=["lang-fr"]
# ## Peut-on comparer les groupes ?
#
# Trois vérifications avant tout résultat. D'abord la **taille des groupes** : si elle n'est pas celle du tirage, des clients ont été perdus ou ajoutés, et rien de la suite ne tient.

# %% [markdown] tags=["lang-en"]
# ## Can the arms be compared?
#
# Three checks before any result. First the **sizes of the arms**: if they are not those of the draw, customers were lost or added, and nothing below holds.

# %%
members = experiments.members(data, by=trial.segments, **look) if ready else None
share = expected_control_share
meant = {"control": share, "treatment": 1 - share} if share else None
split = experiments.split_check(trial.two_arms(members), expected=meant) if ready else None
said.split(split, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Cette vérification, à la main, sur la campagne de printemps de la démonstration, qui devait laisser 10 % des clients de côté. On compare l'observé $O$ et l'attendu $E$ :
#
# $$\chi^2 = \sum \frac{(O - E)^2}{E}$$

# %% [markdown] tags=["lang-en", "lesson"]
# That check by hand, on the spring campaign of the demo, which meant to leave 10% of customers alone. Compare what is observed, $O$, with what is expected, $E$:
#
# $$\chi^2 = \sum \frac{(O - E)^2}{E}$$

# %% tags=["lesson"]
from scipy import stats

spring = experiments.members(mk.demo(), campaign="spring_mail")
seen = spring.arm.value_counts().to_pandas().set_index("arm").iloc[:, 0].sort_index()
wanted = np.array([0.1, 0.9]) * seen.sum()
chi2 = ((seen - wanted) ** 2 / wanted).sum()
check = experiments.split_check(spring, expected={"control": 0.1, "treatment": 0.9})
assert abs(check.p_value - stats.chi2.sf(chi2, 1)) < 1e-12
said.split(check, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Et si l'on avait cru à des moitiés égales ? L'alarme sonne. Un groupe de 10 % n'est donc pas une anomalie : il faut connaître la part **prévue** pour juger.

# %% [markdown] tags=["lang-en", "lesson"]
# And had you believed in equal halves? The alarm rings. So a control of 10% is no anomaly: you need the share that was **meant** to judge.

# %% tags=["lesson"]
as_halves = experiments.split_check(spring, expected={"control": 1, "treatment": 1})
print(as_halves.verdict, check.verdict, sep="\n")

# %% [markdown] tags=["lang-fr"]
# Ensuite l'**équilibre** : les groupes se ressemblaient-ils avant la campagne ?

# %% [markdown] tags=["lang-en"]
# Then **balance**: were the arms alike before the campaign?

# %%
known = ["orders_before", "revenue_before", *trial.segments]
before = experiments.balance(members, columns=known) if ready else None
ax = plots.arm_balance(before, lang=reader) if ready else None
said.balance(before, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# En nombres :

# %% [markdown] tags=["lang-en"]
# In numbers:

# %%
plots.balance_table(before, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# Enfin le **chevauchement** : une autre campagne a-t-elle touché un groupe plus que l'autre ?

# %% [markdown] tags=["lang-en"]
# Last, **overlap**: did another campaign reach one arm more than the other?

# %%
others = experiments.overlap(data, **look) if ready else pd.DataFrame()
plots.overlap_table(others, **names) if ready else None

# %% [markdown] tags=["lang-fr", "lesson"]
# Un cas où deux campagnes se croisent, car la démonstration n'en a pas. Ajoutons au courriel de printemps un dépliant (`flyer`), envoyé à un client sur deux quel que soit son groupe, et un texto (`text`), envoyé à la moitié du seul groupe traité. Lequel fausse le test ?

# %% [markdown] tags=["lang-en", "lesson"]
# A case of campaigns that cross, since the demo has none. To the mail of spring, add a flyer (`flyer`), sent to every other customer whatever their arm, and a text message (`text`), sent to half of the treatment alone. Which one spoils the test?

# %% tags=["lesson"]
listed = mk.demo().table("campaign_members").to_pandas()
april = listed[listed.campaign_id == "spring_mail"]
flyer = april.iloc[::2].assign(campaign_id="flyer", arm="treatment")
text = april[april.arm == "treatment"].iloc[::2].assign(campaign_id="text")
few_orders = mk.demo().table("orders").limit(10).to_pandas()
crossed = {"orders": few_orders, "campaign_members": pd.concat([april, flyer, text])}
at_once = experiments.overlap(mk.open_data(crossed), campaign="spring_mail")
plots.overlap_table(at_once, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Le dépliant a touché les deux groupes autant l'un que l'autre : ce que le test mesure reste l'effet du courriel, pour des clients dont la moitié ont aussi un dépliant. Le texto n'a touché que les traités : son effet se mêle à celui du courriel, et aucun calcul ne les séparera. Il fallait le tirer au sort dans les deux groupes, ou attendre.

# %% [markdown] tags=["lang-en", "lesson"]
# The flyer reached both arms alike: what the test measures is still the effect of the mail, for customers half of whom have a flyer too. The text message reached the treated alone: its effect is mixed with that of the mail, and no calculation will part them. It should have been drawn in both arms, or have waited.

# %% [markdown] tags=["lang-fr"]
# ## Que peut trouver un test de cette taille ?
#
# Avant le résultat, ce qu'il pouvait montrer. La conversion du groupe de contrôle sert de base ; chaque courbe laisse de côté une autre part des mêmes clients.

# %% [markdown] tags=["lang-en"]
# ## What can a test of this size find?
#
# Before the result, what it could show. The conversion of the control is the base; each curve leaves alone another share of the same customers.

# %%
arm = {"treatment": trial.treatment}
bought = experiments.compare(members, outcome="bought", **arm) if ready else None
wide = np.linspace(0, 1, 51)[1:]
curves = experiments.plans(bought, relative_lifts=wide) if ready else pd.DataFrame()
ax = plots.power_curves(curves, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# Les mêmes plans en nombres : combien de clients il faudrait pour trouver chaque effet.

# %% [markdown] tags=["lang-en"]
# The same plans in numbers: how many customers it would take to find each lift.

# %%
few = {"relative_lifts": [0.05, 0.1, 0.2, 0.5]}
plots.plan_table(experiments.plans(bought, **few), of=bought, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# Et pour le chiffre d'affaires par client, qui varie bien plus d'un client à l'autre :

# %% [markdown] tags=["lang-en"]
# And for net sales a head, which vary far more between customers:

# %%
amounts = {"outcome": "revenue", "kind": "mean", **arm}
revenue = experiments.compare(members, **amounts) if ready else None
planned = {"of": revenue, "id": "test_plans_revenue", "lang": reader}
plots.plan_table(experiments.plans(revenue, **few), **planned) if ready else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Les 10 % de l'habitude.** Le plus petit des deux groupes fait la précision : contacter toujours plus de clients n'y change presque rien. À la main, pour passer de 12 % à 15 % de conversion, avec une part $c$ de contrôle et $r = c / (1 - c)$ :
#
# $$n_0 = \left(\frac{z_{0{,}975}\sqrt{\bar p (1 - \bar p)(1 + r)} + z_{0{,}8}\sqrt{p_0 (1 - p_0) + r\,p_1 (1 - p_1)}}{p_1 - p_0}\right)^2, \quad \bar p = c\,p_0 + (1 - c)\,p_1$$

# %% [markdown] tags=["lang-en", "lesson"]
# **The habitual 10%.** The smaller of the two arms makes the precision: contacting ever more customers hardly helps. By hand, to go from 12% to 15% of conversion, with a share $c$ of control and $r = c / (1 - c)$:
#
# $$n_0 = \left(\frac{z_{0.975}\sqrt{\bar p (1 - \bar p)(1 + r)} + z_{0.8}\sqrt{p_0 (1 - p_0) + r\,p_1 (1 - p_1)}}{p_1 - p_0}\right)^2, \quad \bar p = c\,p_0 + (1 - c)\,p_1$$

# %% tags=["lesson"]
p0, p1, c = 0.12, 0.15, 0.10
r, mean = c / (1 - c), c * p0 + (1 - c) * p1
under_null = (mean * (1 - mean) * (1 + r)) ** 0.5
as_given = (p0 * (1 - p0) + r * p1 * (1 - p1)) ** 0.5
n0 = ((stats.norm.ppf(0.975) * under_null + stats.norm.ppf(0.8) * as_given) / (p1 - p0)) ** 2
assert abs(experiments.sample_size(p0, p1, control_share=c).exact - n0) < 1e-6
for one in (0.1, 0.2, 0.5):
    needed = experiments.sample_size(p0, p1, control_share=one).total
    print(reader.percent(one, decimals=0), reader.integer(needed), sep=" → ")

# %% [markdown] tags=["lang-fr", "lesson"]
# Le chiffre d'affaires demande bien plus, car quelques gros paniers le font varier. `per_head` donne l'écart-type à partir de la conversion et du panier. Combien de clients pour trouver 10 % de plus, moitié-moitié, sur la conversion, puis sur le chiffre d'affaires par client ?

# %% [markdown] tags=["lang-en", "lesson"]
# Revenue takes far more, since a few large baskets make it vary. `per_head` gives the standard deviation from conversion and basket. How many customers does it take to find 10% more, half and half, on conversion, then on revenue a head?

# %% tags=["lesson"]
head = experiments.per_head(0.12, basket=230.0, basket_sd=250.0)
for_rate = experiments.sample_size(0.12, 0.132).total
for_revenue = experiments.sample_size(head.mean, 1.1 * head.mean, sd=head.sd).total
print(reader.integer(for_rate), reader.integer(for_revenue), sep="\n")

# %% [markdown] tags=["lang-fr"]
# ## La campagne a-t-elle marché ?
#
# D'abord la **conversion** : la part des clients qui achètent au moins une fois dans la fenêtre.

# %% [markdown] tags=["lang-en"]
# ## Did the campaign work?
#
# First **conversion**: the share of customers who buy at least once in the window.

# %% tags=["answer"]
said.compared(bought, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main, sur la campagne de printemps : si rien n'avait changé, les deux groupes auraient le même taux $\bar p$. De combien d'erreurs types l'écart s'en éloigne-t-il ?
#
# $$z = \frac{p_1 - p_0}{\sqrt{\bar p (1 - \bar p)\left(\frac{1}{n_0} + \frac{1}{n_1}\right)}}$$

# %% [markdown] tags=["lang-en", "lesson"]
# By hand, on the campaign of spring: had nothing changed, both arms would have the same rate $\bar p$. By how many standard errors does the difference depart from that?
#
# $$z = \frac{p_1 - p_0}{\sqrt{\bar p (1 - \bar p)\left(\frac{1}{n_0} + \frac{1}{n_1}\right)}}$$

# %% tags=["lesson"]
counts = spring.group_by("arm").agg(x=spring.bought.sum(), n=spring.count()).to_pandas()
x, n = counts.sort_values("arm")[["x", "n"]].to_numpy().T
pooled = x.sum() / n.sum()
z = (x[1] / n[1] - x[0] / n[0]) / (pooled * (1 - pooled) * (1 / n).sum()) ** 0.5
of_spring = experiments.compare(spring, outcome="bought")
assert abs(of_spring.p_value - 2 * stats.norm.sf(abs(z))) < 1e-12
print(reader.number(z, decimals=2), said.p_value(of_spring.p_value, reader), sep="\n")

# %% [markdown] tags=["lang-fr", "lesson"]
# La **valeur p** n'est pas la probabilité que la campagne soit sans effet. C'est la probabilité de voir un écart au moins aussi grand **si** elle l'était. L'intervalle en dit davantage : de combien, au moins et au plus. Le verdict demande les deux : p sous 5 % et un intervalle qui exclut 0.

# %% [markdown] tags=["lang-en", "lesson"]
# The **p-value** is not the probability that the campaign has no effect. It is the probability of seeing a difference at least as large **if** it had none. The interval says more: by how much, at least and at most. The verdict asks for both: p under 5% and an interval that excludes 0.

# %% tags=["lesson"]
low, high = of_spring.absolute_low, of_spring.absolute_high
print(reader.points(low), reader.points(high), of_spring.verdict, sep="\n")

# %% [markdown] tags=["lang-fr"]
# ### Le chiffre d'affaires par client
#
# Tous les clients comptent, aussi ceux qui n'ont rien acheté.

# %% [markdown] tags=["lang-en"]
# ### Net sales a head
#
# All customers count, also those who bought nothing.

# %%
said.compared(revenue, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# Le verdict vient de l'intervalle de Hall, qui tient compte de l'asymétrie des montants. Le test des manuels est à côté, pour comparer, et les permutations : on redistribue les clients entre les groupes des milliers de fois, et l'on compte les écarts au moins aussi grands.

# %% [markdown] tags=["lang-en"]
# The verdict comes from Hall's interval, which allows for the skewness of amounts. Beside it, to compare, stand the textbooks' test and the permutations: customers are dealt to the arms again thousands of times, and differences at least as large are counted.

# %%
plots.method_table(revenue, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr", "lesson"]
# **Pourquoi pas le test de Welch ?** Un petit groupe de contrôle manque presque toujours les rares gros acheteurs, et son écart-type avec eux. Welch croit alors le grand groupe meilleur. Voici 2 000 campagnes **sans effet**, avec 400 contrôles : chaque test promet 2,5 % de fausses alertes de chaque côté.

# %% [markdown] tags=["lang-en", "lesson"]
# **Why not Welch's test?** A small control nearly always misses the rare big spenders, and their spread with them. Welch then takes the larger arm for the better one. Here are 2,000 campaigns **without effect**, with 400 controls: each test promises 2.5% of false alarms on either side.

# %% tags=["lesson"]
from marketing_kpi.trials import means, sums

chance = np.random.default_rng(4)
spend = (chance.random((2000, 4000)) < 0.1) * chance.lognormal(5, 1.0, (2000, 4000))
both_arms = sums.of(spend[:, :400]), sums.of(spend[:, 400:])
tests = {"welch": means.welch(*both_arms), "hall": means.hall(*both_arms)}
lower = {name: (test.high < 0).mean() for name, test in tests.items()}
higher = {name: (test.low > 0).mean() for name, test in tests.items()}
pd.DataFrame({"lower": lower, "higher": higher}).map(reader.percent)

# %% [markdown] tags=["lang-fr"]
# ### Plus d'acheteurs, ou de plus gros achats ?
#
# Le chiffre d'affaires par client est le produit de la part d'acheteurs et de la dépense d'un acheteur.

# %% [markdown] tags=["lang-en"]
# ### More buyers, or larger purchases?
#
# Net sales a head are the share who buy times what a buyer spends.

# %%
said.parts(revenue, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# ### Avec ce que l'on savait déjà
#
# Ce qu'un client achetait avant la campagne explique une partie de ce qu'il achète pendant. L'ôter peut resserrer l'intervalle, sans biais, puisque la campagne n'a pas pu changer le passé.

# %% [markdown] tags=["lang-en"]
# ### With what was already known
#
# What a customer bought before the campaign explains part of what they buy during it. Taking it out can narrow the interval, without bias, since the campaign cannot have changed the past.

# %%
past = {"covariate": "revenue_before", **amounts}
adjusted = experiments.compare(members, **past) if ready else None
said.narrowed(revenue, adjusted, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# ### Tous les résultats ensemble
#
# Regarder plusieurs résultats, c'est prendre plusieurs billets de loterie : les valeurs p, les intervalles et les verdicts sont corrigés de leur nombre (Holm).

# %% [markdown] tags=["lang-en"]
# ### All outcomes together
#
# Looking at several outcomes is taking several lottery tickets: p-values, intervals and verdicts are corrected for their number (Holm).

# %%
every = experiments.compare_all(members, outcomes=list(trial.outcomes)) if ready else None
ax = plots.lifts(every, lang=reader) if ready else None
said.corrected(every, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# En nombres :

# %% [markdown] tags=["lang-en"]
# In numbers:

# %%
plots.lift_table(every, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr", "lesson"]
# La correction de **Holm**, à la main : la plus petite valeur p est multipliée par le nombre de comparaisons, la suivante par ce nombre moins un, et ainsi de suite, sans jamais redescendre ni dépasser 1.

# %% [markdown] tags=["lang-en", "lesson"]
# **Holm's** correction by hand: the smallest p-value is multiplied by the number of comparisons, the next one by that number less one, and so on, never going down again nor beyond 1.

# %% tags=["lesson"]
several = experiments.compare_all(spring, outcomes=["bought", "orders", "revenue", "margin"])
ranked = several.sort_values("p_value")
by_hand = (ranked.p_value * np.arange(len(ranked), 0, -1)).cummax().clip(upper=1)
assert np.allclose(by_hand, ranked.p_adjusted)
ranked.assign(by_hand=by_hand)[["outcome", "p_value", "by_hand"]].round(4)

# %% [markdown] tags=["lang-fr"]
# ### Par segment
#
# Où la campagne a-t-elle le plus fait ? Chaque segment compte bien moins de clients dans chaque groupe que la campagne entière : la plupart des écarts entre segments sont du hasard.

# %% [markdown] tags=["lang-en"]
# ### By segment
#
# Where did the campaign do most? Each segment has far fewer customers in each arm than the whole campaign: most differences between segments are chance.

# %%
cut = {"outcomes": ["bought"], "by": list(trial.segments)}
cells = experiments.compare_all(members, **cut) if trial.segments else None
ax = plots.lifts(cells, by=by, lang=reader) if trial.segments else None
counted = said.corrected(cells, by=by, lang=reader) if trial.segments else None
counted or said.segments(trial, lang=reader)

# %% [markdown] tags=["lang-fr"]
# En nombres :

# %% [markdown] tags=["lang-en"]
# In numbers:

# %%
plots.lift_table(cells, by=by, id="lifts_by_segment", lang=reader) if trial.segments else None

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Deux campagnes dont la vérité est connue
#
# Les données de démonstration sont simulées : le courriel de printemps fait vraiment acheter, celui d'automne ne fait **rien**. Que dit le test de l'un et de l'autre ?

# %% [markdown] tags=["lang-en", "lesson"]
# ### Two campaigns whose truth is known
#
# The demo data are simulated: the mail of spring really makes people buy, the one of autumn does **nothing**. What does the test say of both?

# %% tags=["lesson"]
autumn = experiments.members(mk.demo(), campaign="autumn_mail")
two = {"spring_mail": of_spring, "autumn_mail": experiments.compare(autumn, outcome="bought")}
pair = pd.DataFrame([one._asdict() for one in two.values()]).assign(campaign=list(two))
picture = plots.lifts(pair, by="campaign", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Et la vérité, à côté de l'intervalle :

# %% [markdown] tags=["lang-en", "lesson"]
# And the truth, beside the interval:

# %% tags=["lesson"]
truth = [mk.truth()[name]["conversion_uplift"] for name in two]
ends = pair.set_index("campaign")[["absolute_low", "absolute_high"]]
ends.assign(truth=truth).map(reader.points).assign(verdict=pair.verdict.to_list())

# %% [markdown] tags=["lang-fr", "lesson"]
# **« On ne peut pas dire » n'est pas « rien ».** Voici, pour le printemps, l'intervalle du chiffre d'affaires par client, le verdict, puis la vérité. L'effet était là ; le groupe de contrôle était trop petit pour le montrer.

# %% [markdown] tags=["lang-en", "lesson"]
# **"One cannot tell" is not "nothing".** Here are, for spring, the interval of net sales a head, the verdict, then the truth. The effect was there; the control was too small to show it.

# %% tags=["lesson"]
spending = experiments.compare(spring, outcome="revenue")
true_lift = mk.truth()["spring_mail"]["revenue_uplift_per_head"]
least, most = spending.absolute_low, spending.absolute_high
print(*map(reader.money, (least, most)), spending.verdict, reader.money(true_lift), sep="\n")

# %% [markdown] tags=["lang-fr"]
# ## Qu'a valu la campagne ?
#
# L'effet par client, multiplié par les clients traités, donne ce qui n'aurait pas eu lieu sans elle. Les intervalles s'y multiplient aussi.

# %% [markdown] tags=["lang-en"]
# ## What was the campaign worth?
#
# The lift a head, times the treated customers, is what would not have been without it. The intervals are multiplied too.

# %%
spent = trial.cost if cost is None else cost
costs = {"cost": spent or 0.0, "margin_rate": margin_rate}
worth = experiments.incremental(members, **costs, **arm) if ready else None
told = {"is_cost_known": spent is not None, "lang": reader}
sharing = len(trial.treatments) if cost is None else 1
ax = plots.incremental_amounts(worth, **told) if ready else None
said.incremental(worth, sharing=sharing, **told) if ready else None

# %% [markdown] tags=["lang-fr"]
# En nombres :

# %% [markdown] tags=["lang-en"]
# In numbers:

# %%
plots.worth_table(worth, **told) if ready else None

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main, pour le printemps : l'effet sur la conversion fois les clients traités, puis le nombre de commandes qu'il faudrait à la campagne pour se rembourser, si une commande laissait 100 de marge et qu'elle en coûtait 900.

# %% [markdown] tags=["lang-en", "lesson"]
# By hand, for spring: the lift of conversion times the treated customers, then the orders that the campaign would need to repay itself, were an order to leave a margin of 100 and the campaign to cost 900.

# %% tags=["lesson"]
added = (x[1] / n[1] - x[0] / n[0]) * n[1]
of_mail = experiments.incremental(spring, cost=900.0)
assert abs(of_mail.customers.value - added) < 1e-9
print(reader.integer(added), reader.integer(900 / 100), of_mail.verdict, sep="\n")

# %% [markdown] tags=["lang-fr", "lesson"]
# Bien plus d'acheteurs ajoutés qu'il ne faut de commandes, et pourtant le verdict reste indécis : ce n'est pas la marge supposée par commande qui décide, c'est la marge brute **mesurée** par client, dont l'intervalle comprend encore le coût.

# %% [markdown] tags=["lang-en", "lesson"]
# Far more buyers added than orders needed, and yet the verdict is that one cannot tell: it is not the margin assumed for an order that decides, but the gross profit **measured** a head, whose interval still includes the cost.

# %% [markdown] tags=["lang-fr"]
# ## Ce qu'il aurait fallu
#
# Quand on ne peut pas trancher, la suite n'est pas d'attendre un meilleur chiffre, mais de préparer un test assez grand, pour le plus petit effet qui compterait.

# %% [markdown] tags=["lang-en"]
# ## What it would have taken
#
# When one cannot tell, what comes next is not to wait for a better figure, but to plan a test that is large enough, for the smallest effect that would matter.

# %%
matters = {"relative_lift": worthwhile_lift}
take = experiments.would_take(bought, **matters) if ready else None
said.would_take(take, bought, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# Et pour le chiffre d'affaires par client, qui varie bien plus :

# %% [markdown] tags=["lang-en"]
# And for net sales a head, which vary far more:

# %%
take_more = experiments.would_take(revenue, **matters) if ready else None
said.would_take(take_more, revenue, lang=reader) if ready else None

# %% [markdown] tags=["lang-fr"]
# ## À ne pas lire dans cette page
#
# - **« On ne peut pas dire » n'est pas « aucun effet ».** L'intervalle dit ce qui reste possible.
# - **L'effet vaut pour ces clients et ces jours.** Une autre saison ou un autre public peuvent répondre autrement ; ce qui s'achète plus tard, ou plus tôt, n'y est pas.
# - **Une conversion qui monte ne prouve pas un gain.** Elle peut venir d'achats avancés ou de plus petits paniers : c'est la marge qui paie.
# - **Le meilleur segment du tableau** l'est en partie par hasard.
# - **Les retours ne sont pas déduits.** Le chiffre d'affaires et la marge sont ceux des commandes de la fenêtre.
# - **Les taux de clic et d'ouverture** ne mesurent pas un effet : ils ne disent rien de ceux qui auraient acheté quand même.

# %% [markdown] tags=["lang-en"]
# ## What not to read into this page
#
# - **"One cannot tell" is not "no effect".** The interval says what remains possible.
# - **The effect holds for these customers and these days.** Another season or another public may respond otherwise; what is bought later, or would have been, is not in it.
# - **A conversion that rises does not prove a gain.** It may come of purchases brought forward or of smaller baskets: margin is what pays.
# - **The best segment of the table** is so partly by chance.
# - **Returns are not deducted.** Net sales and gross profit are those of the orders of the window.
# - **Click and open rates** do not measure an effect: they say nothing of those who would have bought anyway.

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# **Regarder chaque jour** et s'arrêter dès que p passe sous 5 %. Une campagne sans effet, regardée 28 fois, finit souvent par « marcher » un jour. Fixez la durée avant, et ne concluez qu'à la fin.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# **Looking every day** and stopping as soon as p falls under 5%. A campaign without effect, looked at 28 times, often ends up "working" on some day. Fix the length beforehand, and conclude at its end only.

# %% tags=["lesson"]
picture = plots.false_alarms(experiments.peeking(), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Choisir le meilleur segment** après coup. Plus on découpe, plus on trouve, même quand il n'y a rien ; la correction de Holm tient sa promesse.

# %% [markdown] tags=["lang-en", "lesson"]
# **Picking the best segment** afterwards. The more you cut, the more you find, even when there is nothing; Holm's correction keeps its promise.

# %% tags=["lesson"]
picture = plots.false_alarms(experiments.best_segment(), lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Contacter le groupe de contrôle** par mégarde (une relance à « toute la base », une publicité ciblée). L'effet mesuré fond d'autant, et le test ne le trouve plus.

# %% [markdown] tags=["lang-en", "lesson"]
# **Contacting the control** by mistake (a reminder to "the whole base", a targeted ad). The measured effect melts by as much, and the test no longer finds it.

# %% tags=["lesson"]
spoilt = experiments.contacted_control()
spoilt.map(reader.percent)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Un groupe de contrôle tiré au sort dit ce que les clients auraient fait de toute façon ; les répondants, non.
# - Vérifier la taille des groupes, leur équilibre et les autres campagnes **avant** de lire un résultat.
# - Choisir la taille d'après le plus petit effet qui compte : 10 % de contrôle suffit rarement.
# - Lire un effet avec son intervalle, et dire « on ne peut pas trancher » quand c'est le cas.
# - Passer de l'effet par client à ce que la campagne a valu, avec ses doutes.
# - Décider de tout avant : la durée, le résultat, les segments.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - A control drawn at random tells what customers would have done anyway; responders do not.
# - Check the sizes of the arms, their balance and other campaigns **before** reading a result.
# - Choose the size by the smallest effect that matters: a control of 10% is seldom enough.
# - Read an effect with its interval, and say "one cannot tell" when that is so.
# - Go from the lift a head to what the campaign was worth, with its doubts.
# - Decide everything beforehand: the length, the outcome, the segments.

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
q1, q2, q3, q4, q5, q6, q7 = mk.exercises("04", lang=reader, seed=seed)

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
mk.quiz("04", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Relancez la page avec `campaign = "autumn_mail"` et `expected_control_share = 0.2`, puis avec `window_days = 7`. Quels verdicts changent, et pourquoi ne faut-il pas choisir la fenêtre après coup ?
# 2. **Décider.** Le contrôle de printemps est à 10 %. La direction refuse d'en laisser plus de côté. Que proposez-vous : attendre, réunir plusieurs campagnes, changer de résultat ? Avec quels chiffres ?
# 3. **Cas.** Une agence annonce : « les cliqueurs ont dépensé quatre fois plus que le groupe de contrôle ». Répondez-lui en cinq phrases, et dites quels nombres vous lui demandez.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Run the page again with `campaign = "autumn_mail"` and `expected_control_share = 0.2`, then with `window_days = 7`. Which verdicts change, and why must the window not be chosen afterwards?
# 2. **Decide.** Spring's control is 10%. Management refuses to leave more customers alone. What do you propose: to wait, to pool several campaigns, to change the outcome? With which figures?
# 3. **Case.** An agency announces: "clickers spent four times as much as the control". Answer in five sentences, and say which numbers you ask for.
