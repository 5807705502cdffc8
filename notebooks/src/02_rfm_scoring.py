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
# # Segmentation RFM : à quels clients parler, et pour leur dire quoi ?
#
# Votre budget ne permet pas de s'adresser à tout le monde avec le même soin. Cette page classe chaque client selon trois faits que toute boutique connaît : la **récence** (depuis combien de jours il n'a pas commandé), la **fréquence** (combien de commandes) et le **montant** (combien il a dépensé).

# %% [markdown] tags=["lang-en"]
# # RFM segmentation: which customers to talk to, and what to say?
#
# Your budget does not stretch to the same care for everyone. This page ranks each customer on three facts that every shop knows: **recency** (how many days since the last order), **frequency** (how many orders) and **monetary** value (how much they spent).

# %% [markdown] tags=["lang-fr", "lesson"]
# **Votre but.** À la fin de la leçon, vous saurez calculer un score RFM à la main, le refaire sur des milliers de clients, dire ce que vaut chaque segment, et surtout reconnaître les cas où le score vous trompe.
#
# Commencez par les réglages. Ce sont les mêmes que ceux d'un rapport pour un client : changez-les et relancez toute la page. `as_of` est la date de l'analyse ; ce jour-là n'est pas compté.

# %% [markdown] tags=["lang-en", "lesson"]
# **Your goal.** By the end of the lesson you can compute an RFM score by hand, do it again on thousands of customers, say what each segment is worth and, above all, recognise when the score misleads you.
#
# Start with the settings. They are those of a client's report: change them and run the whole page again. `as_of` is the day of the analysis; that day itself does not count.

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
classes = 5
thresholds = None

# %% [markdown] tags=["lang-fr", "lesson"]
# Ouvrez ensuite les données. `reader` sait écrire les nombres, les montants et les dates dans votre langue.

# %% [markdown] tags=["lang-en", "lesson"]
# Then open the data. `reader` knows how to write numbers, amounts and dates in your language.

# %%
import pandas as pd
import marketing_kpi as mk
from marketing_kpi import plots, rfm

reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
dates = mk.periods(as_of=as_of, period=period, compare=compare)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## À la main, sur dix clients
#
# Voici une petite boutique : dix clients, de `a` à `j`, et leurs vingt commandes de l'année.

# %% [markdown] tags=["lang-en", "lesson"]
# ## By hand, on ten customers
#
# Here is a small shop: ten customers, `a` to `j`, and their twenty orders of the year.

# %% tags=["lesson"]
days = [
    "2025-03-02", "2025-06-15", "2025-10-05", "2025-12-20", "2025-05-11", "2025-08-17",
    "2025-12-10", "2025-02-01", "2025-04-12", "2025-06-30", "2025-09-09", "2025-11-28",
    "2025-01-20", "2025-03-15", "2025-07-07", "2025-10-31", "2025-12-27", "2025-11-15",
    "2025-05-05", "2025-02-14",
]

# %% [markdown] tags=["lang-fr", "lesson"]
# Chaque commande a un client, un jour et un montant.

# %% [markdown] tags=["lang-en", "lesson"]
# Each order has a customer, a day and an amount.

# %% tags=["lesson"]
amounts = [60, 80, 75, 90, 40, 55, 45, 150, 200, 180, 35, 30, 70, 65, 25, 20, 120, 15, 300, 50]
shop = pd.DataFrame({"customer_id": list("aaaabbbcccddeeffghij"), "amount": amounts})
shop["ordered_at"] = pd.to_datetime(days)
shop["order_id"] = shop.index.astype(str)
shop.head()

# %% [markdown] tags=["lang-fr", "lesson"]
# Regroupez les commandes par client : les trois mesures en découlent, une ligne chacune. D'abord la **récence**, en jours entre la dernière commande et la date d'analyse.

# %% [markdown] tags=["lang-en", "lesson"]
# Group the orders by customer and the three measures follow, one line each. First **recency**: the days between the last order and the day of the analysis.

# %% tags=["lesson"]
customers = shop.groupby("customer_id")
recency_days = (pd.Timestamp("2026-01-01") - customers.ordered_at.max()).dt.days

# %% [markdown] tags=["lang-fr", "lesson"]
# Puis la **fréquence**, le nombre de commandes, et le **montant**, leur somme.

# %% [markdown] tags=["lang-en", "lesson"]
# Then **frequency**, the number of orders, and **monetary** value, their sum.

# %% tags=["lesson"]
frequency = customers.order_id.nunique()
monetary = customers.amount.sum()

# %% [markdown] tags=["lang-fr", "lesson"]
# Mettez les trois côte à côte, et lisez chaque ligne comme une personne : qui revient souvent ? qui ne vient plus ?

# %% [markdown] tags=["lang-en", "lesson"]
# Put the three side by side, and read each row as a person: who comes back often? who no longer comes?

# %% tags=["lesson"]
measures = {"recency_days": recency_days, "frequency": frequency, "monetary": monetary}
by_hand = pd.DataFrame(measures)
by_hand

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Des mesures aux notes
#
# Une note va de 1 à 5, et 5 est la meilleure. L'idée des **quantiles** : rangez les clients du moins bon au meilleur, coupez la file en cinq parts égales. Pour $n$ clients et $k$ classes, le client de rang $i$ reçoit
#
# $$\text{classe} = \left\lfloor \frac{(2i - 1)\,k}{2n} \right\rfloor + 1$$
#
# Les clients à égalité reçoivent leur **rang moyen** : à faits égaux, note égale.

# %% [markdown] tags=["lang-en", "lesson"]
# ### From measures to scores
#
# A score runs from 1 to 5, and 5 is best. The idea of **quantiles**: line the customers up from worst to best and cut the line into five equal parts. With $n$ customers and $k$ classes, the customer of rank $i$ gets
#
# $$\text{class} = \left\lfloor \frac{(2i - 1)\,k}{2n} \right\rfloor + 1$$
#
# Customers who tie get their **average rank**: same facts, same score.

# %% tags=["lesson"]
def quantile_class(values, k=5):
    rank = values.rank(method="average")
    return ((2 * rank - 1) * k // (2 * len(values)) + 1).astype(int)

# %% [markdown] tags=["lang-fr", "lesson"]
# Pour la récence, moins il y a de jours, mieux c'est : on range donc dans l'autre sens, avec un signe moins.

# %% [markdown] tags=["lang-en", "lesson"]
# For recency, fewer days are better, so the order is turned round with a minus sign.

# %% tags=["lesson"]
by_hand["r"] = quantile_class(-by_hand.recency_days)
by_hand["f"] = quantile_class(by_hand.frequency)
by_hand["m"] = quantile_class(by_hand.monetary)
by_hand

# %% [markdown] tags=["lang-fr", "lesson"]
# Regardez la colonne `f`. Quatre clients n'ont commandé qu'une fois : ils sont quatre à égalité, donc aucun n'est « le plus faible cinquième » et personne n'a 1. Ce n'est pas un défaut : la méthode refuse d'inventer une différence que les données ne montrent pas.

# %% [markdown] tags=["lang-en", "lesson"]
# Look at column `f`. Four customers ordered once: the four tie, so none of them is "the weakest fifth" and nobody gets 1. That is no flaw: the method will not invent a difference that the data do not show.

# %% tags=["lesson"]
by_hand.f.value_counts().sort_index().to_frame("customers")

# %% [markdown] tags=["lang-fr", "lesson"]
# ### Avec la bibliothèque
#
# `rfm.summary` fait les trois mesures, `rfm.score` les notes. Deux lignes, pour dix clients comme pour dix millions.

# %% [markdown] tags=["lang-en", "lesson"]
# ### With the package
#
# `rfm.summary` makes the three measures, `rfm.score` the scores. Two lines, for ten customers or ten million.

# %% tags=["lesson"]
small = rfm.score(rfm.summary(shop, as_of="2026-01-01")).set_index("customer_id")
small[["recency_days", "frequency", "monetary", "rfm"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# Votre calcul et celui de la bibliothèque doivent être les mêmes, case par case. `assert` s'arrête s'ils ne le sont pas.

# %% [markdown] tags=["lang-en", "lesson"]
# Your result and the package's must be the same, cell by cell. `assert` stops if they are not.

# %% tags=["lesson"]
assert (small[by_hand.columns] == by_hand).all(axis=None)

# %% [markdown] tags=["lang-fr", "lesson"]
# Le client `c` a dépensé plus que tous les autres, et il est pourtant parmi ceux qui inquiètent : sa dernière commande est loin. Un classement par chiffre d'affaires seul vous l'aurait caché. Les notes de récence et de fréquence donnent à chacun un segment ; la suite de la leçon dit comment.

# %% [markdown] tags=["lang-en", "lesson"]
# Customer `c` spent more than anyone else and is still among those to worry about: the last order was long ago. A ranking by revenue alone would have hidden it. The recency and frequency scores give each a segment; the rest of the lesson says how.

# %% tags=["lesson"]
assert small.monetary.idxmax() == "c" and small.loc["c", "r"] < 3
named = rfm.segment(small.reset_index())
named["segment"] = [rfm.segment_name(id, lang=lang) for id in named.segment]
named[["customer_id", "rfm", "segment"]]

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Les égalités : qui décide, les faits ou le numéro de client ?
#
# Dans presque tous les commerces, beaucoup de clients n'ont commandé qu'une fois. Certains outils les rangent « dans l'ordre où ils arrivent » pour remplir cinq classes de même taille. Essayez : `method="first"` donne un rang différent à chacun, même à égalité.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Ties: who decides, the facts or the customer number?
#
# In nearly every shop, many customers ordered once. Some tools line them up "as they come" so as to fill five classes of the same size. Try it: `method="first"` gives each a rank of their own, even when they tie.

# %% tags=["lesson"]
ties = small[["frequency", "f"]].copy()
ties["naive_f"] = pd.qcut(ties.frequency.rank(method="first"), 5, labels=False) + 1
ties[ties.frequency == 1]

# %% [markdown] tags=["lang-fr", "lesson"]
# Ces quatre clients ont fait exactement la même chose, et reçoivent deux notes. Changez seulement l'ordre des lignes : la note naïve change de mains, la nôtre reste.

# %% [markdown] tags=["lang-en", "lesson"]
# These four customers did exactly the same thing and get two different scores. Change nothing but the order of the rows: the naive score changes hands, ours stays.

# %% tags=["lesson"]
turned = ties.sort_index(ascending=False)
turned["naive_f"] = pd.qcut(turned.frequency.rank(method="first"), 5, labels=False) + 1
turned[turned.frequency == 1].sort_index()

# %% [markdown] tags=["lang-fr", "lesson"]
# La preuve en une ligne chacune : la note naïve n'est plus la même, la nôtre ne dépend pas de l'ordre.

# %% [markdown] tags=["lang-en", "lesson"]
# The proof, a line each: the naive score is no longer the same, ours does not depend on the order.

# %% tags=["lesson"]
assert (turned.naive_f.sort_index() != ties.naive_f).any()
assert (quantile_class(turned.frequency).sort_index() == ties.f).all()

# %% [markdown] tags=["lang-fr", "lesson"]
# En grand : CDNOW, un disquaire en ligne des années 1990 (Fader et Hardie, 2001 ; les données de `sample:cdnow`). Voici combien de ses clients ont passé une commande, deux, trois, quatre, et cinq ou plus, de janvier 1997 à juin 1998.

# %% [markdown] tags=["lang-en", "lesson"]
# On a large scale: CDNOW, an online record shop of the 1990s (Fader and Hardie, 2001; the data of `sample:cdnow`). Here is how many of its customers placed one order, two, three, four, and five or more, from January 1997 to June 1998.

# %% tags=["lesson"]
cdnow = pd.Series([11908, 4079, 2217, 1441, 3925], index=[1, 2, 3, 4, 5])
cdnow_frequency = pd.Series(cdnow.index.repeat(cdnow))
assert len(cdnow_frequency) == cdnow.sum()

# %% [markdown] tags=["lang-fr", "lesson"]
# Donnez à chacun sa note de fréquence, d'abord selon sa place dans la file, puis à rang moyen. Comptez les notes des clients d'une seule commande, qui ont tous fait la même chose.

# %% [markdown] tags=["lang-en", "lesson"]
# Give each a frequency score, first by the place in the line, then by average rank. Count the scores of the customers of one order, who all did the same thing.

# %% tags=["lesson"]
place = cdnow_frequency.rank(method="first")
both = pd.DataFrame({"by_place": pd.qcut(place, 5, labels=False) + 1})
both["by_rank"] = quantile_class(cdnow_frequency)
once = both[cdnow_frequency == 1]
once.apply(pd.Series.value_counts).fillna(0).astype(int)

# %% [markdown] tags=["lang-fr", "lesson"]
# Rangés dans l'ordre d'arrivée, les uns ont 1, les autres 2 ou 3, selon leur seul identifiant ; à rang moyen, tous ont la même note. Pour écrire à ceux qui ont acheté au moins deux fois, ne filtrez donc pas sur une note : filtrez sur le fait, `frequency >= 2`.

# %% [markdown] tags=["lang-en", "lesson"]
# Lined up as they come, some have 1, others 2 or 3, by nothing but their id; by average rank, all have the same score. So to write to those who bought at least twice, do not filter on a score: filter on the fact, `frequency >= 2`.

# %% tags=["lesson"]
assert once.by_rank.nunique() == 1 and once.by_place.nunique() == 3
int((cdnow_frequency >= 2).sum())

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Quantiles ou seuils fixes ?
#
# Les quantiles comparent les clients **entre eux** : un cinquième environ, sauf égalités, sera toujours « le meilleur ». Des **seuils fixes** les comparent à une règle que l'entreprise s'est donnée. Voici ceux d'un commerce où l'on achète tous les trois mois ; chaque borne appartient à la classe qu'elle ferme.

# %% [markdown] tags=["lang-en", "lesson"]
# ## Quantiles or fixed thresholds?
#
# Quantiles compare customers **with each other**: about a fifth, save for ties, will always be "the best". **Fixed thresholds** compare them with a rule that the company set. Here are those of a shop where people buy every three months; each bound belongs to the class it closes.

# %% tags=["lesson"]
rules = {"recency_days": [30, 90, 180, 365], "frequency": [1, 2, 3, 5]}
rules["monetary"] = [50, 100, 200, 400]
fixed = rfm.score(rfm.summary(shop, as_of="2026-01-01"), thresholds=rules)
fixed[["customer_id", "rfm"]].assign(quantiles=small.rfm.to_numpy())

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main, un seuil se lit avec `pd.cut` : jusqu'à 50, la classe est 1 ; au-delà de 400, elle est 5.

# %% [markdown] tags=["lang-en", "lesson"]
# By hand, a threshold reads as `pd.cut`: up to 50 the class is 1; above 400 it is 5.

# %% tags=["lesson"]
bounds = [0, 50, 100, 200, 400, float("inf")]
assert (pd.cut(small.monetary, bounds, labels=[1, 2, 3, 4, 5]).to_numpy() == fixed.m).all()

# %% [markdown] tags=["lang-fr", "lesson"]
# Supposez une année magnifique : chacun dépense le double. Quelle méthode le voit ?

# %% [markdown] tags=["lang-en", "lesson"]
# Suppose a splendid year: everyone spends twice as much. Which method sees it?

# %% tags=["lesson"]
better = small[["recency_days", "frequency"]].assign(monetary=small.monetary * 2).reset_index()
seen = {"quantiles": rfm.score(better).m, "thresholds": rfm.score(better, thresholds=rules).m}
rise = pd.DataFrame(seen).mean() - [small.m.mean(), fixed.m.mean()]
rise.round(2).to_frame("rise_of_mean_m")

# %% [markdown] tags=["lang-fr", "lesson"]
# Les quantiles ne bougent pas, puisque l'ordre des clients n'a pas changé. **Pour choisir à qui écrire ce mois-ci, prenez les quantiles ; pour suivre un progrès d'année en année, prenez des seuils fixes, sur des fenêtres de même longueur** (on verra pourquoi plus bas). Dans les réglages de cette page, `thresholds` passe de l'un à l'autre.

# %% [markdown] tags=["lang-en", "lesson"]
# Quantiles do not move, since the order of the customers has not changed. **To choose whom to write to this month, take quantiles; to follow progress from year to year, take fixed thresholds, over windows of the same length** (further down you will see why). In the settings of this page, `thresholds` switches from one to the other.

# %% [markdown] tags=["lang-fr"]
# ## Qui sont les clients ?
#
# Toutes les commandes valides des clients identifiés comptent, depuis le début des données et jusqu'à la veille de la date d'analyse.

# %% [markdown] tags=["lang-en"]
# ## Who are the customers?
#
# Every valid order of an identified customer counts, from the beginning of the data to the eve of the day of the analysis.

# %%
orders = rfm.identified_orders(data)
summary = rfm.summary(orders, as_of=as_of).execute().astype({"monetary": float})
left = rfm.left_out(data, as_of=as_of)
plots.sentences.rfm.summary(summary, lang=reader, as_of=as_of, left_out=left)

# %% [markdown] tags=["lang-fr"]
# Le score repose sur le client et le montant de chaque commande. Voici ce que pèsent les commandes dont on ne connaît pas le client.

# %% [markdown] tags=["lang-en"]
# The score rests on the customer and the amount of each order. Here is what the orders weigh whose customer is not known.

# %%
needed = ["orders.customer_id", "orders.amount"]
missing = [name for name in needed if not data.has(*name.split("."))]
known = plots.sentences.rfm.left_out(left, lang=reader)
plots.lacking(missing, lang=reader) if missing else known

# %% [markdown] tags=["lang-fr"]
# ### Quelle part les meilleurs font-ils ?
#
# Souvent, peu de clients font une grande part du chiffre d'affaires. La part donnée ici porte sur tout l'historique, non sur la seule période : elle peut donc différer de celle de la vue d'ensemble. L'intervalle dit de combien cette part pourrait bouger si d'autres clients, tirés de la même clientèle, étaient venus.

# %% [markdown] tags=["lang-en"]
# ### What share do the best make?
#
# A few customers often make a large share of revenue. The share given here is over the whole history, not over the period alone: so it may differ from that of the overview. The interval says how far that share could move had other customers come, drawn from the same clientele.

# %% tags=["answer"]
best = rfm.top_share(summary, share=0.2)
plots.sentences.rfm.top_share(best, lang=reader, as_of=as_of)

# %% [markdown] tags=["lang-fr"]
# La courbe part des meilleurs clients et ajoute les autres un à un ; plus elle est loin de la diagonale, moins il faut de clients pour faire le chiffre d'affaires.

# %% [markdown] tags=["lang-en"]
# The curve starts with the best customers and adds the others one by one; the further from the diagonal, the fewer customers it takes to make the revenue.

# %%
ax = plots.concentration(rfm.concentration(summary), top=best, as_of=as_of, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# À la main, c'est un tri et une somme : prenez le cinquième des clients qui dépensent le plus, arrondi vers le haut, et divisez.

# %% [markdown] tags=["lang-en", "lesson"]
# By hand it is a sort and a sum: take the fifth of customers who spend most, rounded up, and divide.

# %% tags=["lesson"]
money = summary.monetary.sort_values(ascending=False)
by_hand_share = money.head(best.top_customers).sum() / money.sum()
assert abs(by_hand_share - best.value) < 1e-9

# %% [markdown] tags=["lang-fr"]
# ## Les segments
#
# La récence et la fréquence dessinent une grille. On y lit quatre cases : les **meilleurs** (récents et fréquents), les **nouveaux ou occasionnels** (récents, peu fréquents), ceux **à risque** (fréquents autrefois, absents depuis) et les **perdus** (ni l'un ni l'autre). La classe du milieu compte comme haute : « récent » veut dire parmi les plus récents de ces clients, pas récent en jours. Lisez donc les jours à côté des noms.

# %% [markdown] tags=["lang-en"]
# ## The segments
#
# Recency and frequency draw a grid. Four boxes can be read in it: the **best** (recent and frequent), the **new or occasional** (recent, not frequent), those **at risk** (once frequent, no longer recent) and the **lost** (neither). The middle class counts as high: "recent" means among the most recent of these customers, not recent in days. So read the days beside the names.

# %%
scores = rfm.score(summary, classes=classes, thresholds=thresholds)
segments = rfm.segment(scores)
ax = plots.recency_frequency(rfm.recency_frequency(segments), classes=classes, lang=reader)
plots.sentences.rfm.boxes(rfm.by_segment(segments), lang=reader)

# %% [markdown] tags=["lang-fr"]
# Quand beaucoup de clients sont à égalité, une classe de fréquence peut rester vide, et des segments avec elle.

# %% [markdown] tags=["lang-en"]
# When many customers tie, a frequency class may stay empty, and segments with it.

# %%
plots.sentences.rfm.ties(segments, classes=classes, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Lisez la grille comme une carte : un client entre en haut à gauche, va vers la droite en prenant l'habitude d'acheter, et descend quand il s'éloigne. Le travail du marketing est de le faire aller à droite, et de le rattraper avant qu'il ne descende.

# %% [markdown] tags=["lang-en", "lesson"]
# Read the grid as a map: a customer enters at the top left, moves right as buying becomes a habit, and sinks when drifting away. Marketing's work is to move them right, and to catch them before they sink.

# %% [markdown] tags=["lang-fr"]
# Chaque segment, ce qu'il compte de clients et ce qu'il vaut :

# %% [markdown] tags=["lang-en"]
# Each segment, how many customers it holds and what it is worth:

# %%
worth = rfm.by_segment(segments)
plots.segment_table(worth, lang=reader, as_of=as_of)

# %% [markdown] tags=["lang-fr"]
# La surface de chaque rectangle est le nombre de clients du segment.

# %% [markdown] tags=["lang-en"]
# The area of each rectangle is the number of customers in the segment.

# %%
ax = plots.treemap(worth, lang=reader)

# %% [markdown] tags=["lang-fr"]
# Le nombre de clients et leur poids dans le chiffre d'affaires sont deux images très différentes. Voici la part du chiffre d'affaires.

# %% [markdown] tags=["lang-en"]
# The number of customers and their weight in revenue are two very different pictures. Here is the share of revenue.

# %%
ax = plots.segment_sales(worth, lang=reader)
plots.sentences.rfm.largest_segment(worth, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# Dans le code, un segment a un identifiant qui ne change pas avec la langue. Voici l'identifiant de chaque segment, son nom et sa case.

# %% [markdown] tags=["lang-en", "lesson"]
# In code, a segment has an id that does not change with the language. Here are the id, the name and the box of each segment.

# %% tags=["lesson"]
ids = pd.DataFrame({"segment": [one.id for one in rfm.SEGMENTS]})
ids["name"] = [one.name(lang) for one in rfm.SEGMENTS]
ids["box"] = [rfm.box_name(one.box, lang=lang) for one in rfm.SEGMENTS]
ids.set_index("segment")

# %% [markdown] tags=["lang-fr", "lesson"]
# Vérifiez que la table compte tout le monde : chaque client est dans un seul segment, et la somme des parts vaut 1.

# %% [markdown] tags=["lang-en", "lesson"]
# Check that the table counts everyone: each customer is in one segment only, and the shares add up to 1.

# %% tags=["lesson"]
assert worth.customers.sum() == len(summary)
assert abs(worth.net_sales_share.sum() - 1) < 1e-9

# %% [markdown] tags=["lang-fr", "lesson"]
# Une fois les clients classés, la liste d'une campagne est un filtre. Voici le début de celle des clients à ne pas perdre (`cannot_lose`).

# %% [markdown] tags=["lang-en", "lesson"]
# Once the customers are ranked, the list of a campaign is a filter. Here is the top of the list of customers you cannot lose (`cannot_lose`).

# %% tags=["lesson"]
target = segments[segments.segment == "cannot_lose"]
target.nlargest(5, "monetary")[["customer_id", "recency_days", "frequency", "monetary"]]

# %% [markdown] tags=["lang-fr"]
# ## Qui a bougé pendant la période ?
#
# Les clients, notés au début puis à la fin de la période, chaque fois sur une fenêtre de même longueur : au plus deux ans avant la date, moins si les données commencent plus tard. Les segments de la fin peuvent donc différer de ceux d'en haut, qui portent sur tout l'historique. Une ligne dit d'où l'on part, une colonne où l'on arrive ; les pourcentages sont ceux de la ligne. « Aucune commande » : rien dans la fenêtre de cette date.

# %% [markdown] tags=["lang-en"]
# ## Who moved during the period?
#
# The customers, scored at the beginning and at the end of the period, each time over a window of the same length: at most two years before the date, less where the data begin later. So the segments at the end may differ from those above, which are over the whole history. A row says where customers start, a column where they end; percentages are of the row. "No order": nothing in the window of that date.

# %%
window = rfm.window(data, periods=dates)
span = pd.Timedelta(window.days, "D")
then = rfm.summary(orders, as_of=dates.start, since=dates.start - span).execute()
now = rfm.summary(orders, as_of=dates.end, since=dates.end - span).execute()

# %% [markdown] tags=["lang-fr", "lesson"]
# Croisez les deux notations : une case dit combien de clients sont passés d'un segment à un autre.

# %% [markdown] tags=["lang-en", "lesson"]
# Cross the two scorings: a cell says how many customers went from one segment to another.

# %%
earlier, later = (
    rfm.segment(rfm.score(one, classes=classes, thresholds=thresholds))
    for one in (then, now)
)
moves = rfm.migration(earlier, later)
ax = plots.migration(moves, lang=reader, window=window)
plots.sentences.rfm.migration(moves, lang=reader, window=window)

# %% [markdown] tags=["lang-fr", "lesson"]
# **Pourquoi des fenêtres égales ?** Comptées depuis le début des données, les commandes d'un client ne peuvent que s'ajouter : sa fréquence monte ou reste, quoi qu'il fasse. La deuxième date paraîtrait meilleure sans que personne n'ait changé, avec des seuils fixes surtout. Voyez, sur tout l'historique, combien de fréquences baissent d'une date à l'autre.

# %% [markdown] tags=["lang-en", "lesson"]
# **Why equal windows?** Counted from the beginning of the data, a customer's orders can only add up: frequency rises or stays, whatever the customer does. The second date would look better without anyone having changed, with fixed thresholds above all. See, over the whole history, how many frequencies fall from one date to the other.

# %% tags=["lesson"]
whole = rfm.summary(orders, as_of=dates.start).execute().merge(summary, on="customer_id")
int((whole.frequency_y < whole.frequency_x).sum())

# %% [markdown] tags=["lang-fr", "lesson"]
# Aucune. Sur deux fenêtres égales, elles peuvent baisser : voici combien le font.

# %% [markdown] tags=["lang-en", "lesson"]
# None. Over two equal windows they can fall: here is how many do.

# %% tags=["lesson"]
equal = then.merge(now, on="customer_id")
int((equal.frequency_y < equal.frequency_x).sum())

# %% [markdown] tags=["lang-fr", "lesson"]
# Dans le tableau, cherchez trois choses : la diagonale (ceux qui restent), ce qui quitte les meilleurs segments (la fuite), et d'où viennent les meilleurs d'aujourd'hui. Attention : avec des quantiles, quelqu'un doit descendre pour qu'un autre monte. Voici la fuite des champions.

# %% [markdown] tags=["lang-en", "lesson"]
# In the table, look for three things: the diagonal (those who stay), what leaves the best segments (the leak), and where today's best came from. Beware: with quantiles, someone has to go down for another to go up. Here is the leak of the champions.

# %% tags=["lesson"]
leak = moves[(moves.before == "champions") & (moves.after != "champions")].copy()
leak["after"] = [rfm.segment_name(id, lang=lang) for id in leak.after]
leak["share"] = leak.share.map(reader.percent)
leak[["after", "customers", "share"]]

# %% [markdown] tags=["lang-fr"]
# ## Que faire de chaque segment ?
#
# À chaque segment convient une action. Le même rabais pour tous donne de l'argent à ceux qui auraient acheté au plein prix.

# %% [markdown] tags=["lang-en"]
# ## What to do with each segment?
#
# Each segment calls for its own action. The same discount for all gives money to those who would have paid full price.

# %%
plots.segment_actions(worth, lang=reader)

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Là où l'on se trompe
#
# - **Le RFM décrit, il ne prévoit pas.** Un client noté 5-5-5 peut partir demain. La leçon 03 estime ce qu'il achètera.
# - **Les quantiles font toujours environ un cinquième de « meilleurs »**, sauf égalités, même dans une clientèle qui s'effondre. Regardez les jours et les montants, pas seulement les notes.
# - **Les acheteurs d'une seule commande** forment souvent le plus gros groupe. Ne tirez pas entre eux des différences que leurs achats ne montrent pas.
# - **Les retours** ne sont pas déduits ici : un client qui renvoie tout paraît excellent. Croisez avec le taux de retour (leçon 09).
# - **Un segment n'est pas un effet.** Que les meilleurs clients aient reçu votre courriel ne prouve pas que le courriel les a rendus meilleurs (leçon 04).

# %% [markdown] tags=["lang-en", "lesson"]
# ## Where people go wrong
#
# - **RFM describes, it does not forecast.** A customer scored 5-5-5 may leave tomorrow. Lesson 03 estimates what they will buy.
# - **Quantiles always make about a fifth of "best" customers**, save for ties, even in a clientele that collapses. Look at the days and the amounts, not only at the scores.
# - **One-time buyers** are often the largest group. Do not draw differences between them that their purchases do not show.
# - **Returns** are not deducted here: a customer who sends everything back looks excellent. Cross-check with the return rate (lesson 09).
# - **A segment is not an effect.** That the best customers received your e-mail does not prove that the e-mail made them better (lesson 04).

# %% [markdown] tags=["lang-fr", "lesson"]
# Le premier piège se voit dans les données : parmi les champions du début de la période, tous n'ont pas racheté. Combien étaient-ils, combien n'ont rien acheté de la période, et quelle part est-ce ?

# %% [markdown] tags=["lang-en", "lesson"]
# The first pitfall shows in the data: of the champions at the beginning of the period, not all bought again. How many were they, how many bought nothing in the period, and what share is that?

# %% tags=["lesson"]
champions = earlier[earlier.segment == "champions"]
bought = summary[pd.to_datetime(summary.last_order) >= pd.Timestamp(dates.start)]
lost = ~champions.customer_id.isin(bought.customer_id)
print(reader.integer(len(champions)), reader.integer(lost.sum()), reader.percent(lost.mean()))

# %% [markdown] tags=["lang-fr", "lesson"]
# ## Ce que vous avez appris
#
# - Calculer récence, fréquence et montant à une date donnée, puis des notes de 1 à 5.
# - Traiter les égalités sans laisser le numéro de client décider.
# - Choisir entre quantiles (à qui parler) et seuils fixes (progresse-t-on).
# - Lire la grille en quatre cases, peser chaque segment, suivre les passages d'une date à l'autre, sur des fenêtres égales.

# %% [markdown] tags=["lang-en", "lesson"]
# ## What you learned
#
# - Compute recency, frequency and monetary value at a given day, then scores from 1 to 5.
# - Treat ties without letting the customer number decide.
# - Choose between quantiles (whom to talk to) and fixed thresholds (are we progressing).
# - Read the grid in four boxes, weigh each segment, follow the moves between two dates, over equal windows.

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
q1, q2, q3, q4, q5, q6 = mk.exercises("02", lang=reader, seed=seed)

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
mk.quiz("02", lang=reader)

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# ## Questions ouvertes
#
# 1. **Comparer.** Fixez vos propres seuils pour la récence d'une épicerie, puis d'un vendeur de matelas. Qu'est-ce qui change, et pourquoi ?
# 2. **Appliquer.** Relancez la page avec `as_of = "2025-01-01"`. Quels segments ont grandi depuis ? Est-ce une bonne nouvelle ?
# 3. **Décider.** La direction veut offrir un rabais aux champions « pour les remercier ». Rédigez en cinq phrases votre réponse, avec une autre proposition et le chiffre de cette page qui l'appuie.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# ## Open questions
#
# 1. **Compare.** Set your own recency thresholds for a grocer, then for a mattress seller. What changes, and why?
# 2. **Apply.** Run the page again with `as_of = "2025-01-01"`. Which segments have grown since? Is it good news?
# 3. **Decide.** Management wants to give champions a discount "to thank them". Write your answer in five sentences, with another proposal and the figure of this page that supports it.
