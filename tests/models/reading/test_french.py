import pytest

from models.reading.french import written_out
from models.reading.traced import Traced

SPOKEN = [
    ("71, 80, 81, 91", "soixante et onze, quatre-vingts, quatre-vingt-un, quatre-vingt-onze"),
    ("200 et 280", "deux cents et deux cent quatre-vingts"),
    ("80 000 livres", "quatre-vingt mille livres"),
    ("21 personnes, 1 fois, 21 ans", "vingt et une personnes, une fois, vingt et un ans"),
    ("1 234 567 habitants", "un million deux cent trente-quatre mille cinq cent soixante-sept habitants"),
    ("en 1999", "en mille neuf cent quatre-vingt-dix-neuf"),
    ("Le 1er mai 2024", "Le premier mai deux mille vingt-quatre"),
    ("le 1 mai et le 2 mai", "le premier mai et le deux mai"),
    ("3/5/2024, 2024-05-03", "trois mai deux mille vingt-quatre, trois mai deux mille vingt-quatre"),
    ("à 14:30 ou 14h30", "à quatorze heures trente ou quatorze heures trente"),
    ("à 9h, à 1h, à 21 h 05", "à neuf heures, à une heure, à vingt et une heures cinq"),
    ("0h30", "zéro heure trente"),
    ("Il est 9 h et demie.", "Il est neuf heures et demie."),
    ("12,50 €", "douze euros cinquante"),
    ("3 M€ et 1 000 000 €", "trois millions d'euros et un million d'euros"),
    ("1 €, £1, £21", "un euro, une livre, vingt et une livres"),
    ("$5 millions", "cinq millions de dollars"),
    ("0,99 €", "quatre-vingt-dix-neuf centimes"),
    ("20 %, 0,5 %", "vingt pour cent, zéro virgule cinq pour cent"),
    ("3,14", "trois virgule quatorze"),
    ("-5 °C", "moins cinq degrés Celsius"),
    ("120 km/h", "cent vingt kilomètres à l'heure"),
    ("21 t, 2,5 Go", "vingt et une tonnes, deux virgule cinq gigaoctets"),
    ("5 l d'eau", "cinq litres d'eau"),
    ("la 1re, le 2e, le 3ème, le 21e", "la première, le deuxième, le troisième, le vingt et unième"),
    ("80e et 200e", "quatre-vingtième et deux centième"),
    ("au XXIe siècle", "au vingt et unième siècle"),
    ("Louis XIV et François Ier", "Louis quatorze et François premier"),
    ("Napoléon III, chapitre IV", "Napoléon trois, chapitre quatre"),
    ("01 23 45 67 89", "zéro un, vingt-trois, quarante-cinq, soixante-sept, quatre-vingt-neuf"),
    (
        "+33 6 12 34 56 78",
        "plus trente-trois, six, douze, trente-quatre, cinquante-six, soixante-dix-huit",
    ),
    ("3/4, 1/3, 2½", "trois quarts, un tiers, deux et demi"),
    ("M. Dupont et Mme Martin", "monsieur Dupont et madame Martin"),
    ("le Dr Petit, n° 5", "le docteur Petit, numéro cinq"),
    ("44 av. J.-C.", "quarante-quatre avant Jésus-Christ."),
    ("jean.dupont@exemple.fr", "jean point dupont arobase exemple point fr"),
    ("2 + 2 = 4", "deux plus deux égale quatre"),
    ("toi & moi", "toi et moi"),
    ("de 5-10 km", "de cinq à dix kilomètres"),
    ("J'ai 1 chat et 1 voiture.", "J'ai un chat et une voiture."),
    ("007", "zéro zéro sept"),
    ("Salut 👋🏽 !", "Salut !"),
]
PROSE = [
    "Aujourd'hui, c'est-à-dire dimanche, rendez-vous à l'hôtel : « Quoi ? »",
    "Me voilà ; il dit qu'elle mixe.",
    "",
]


@pytest.mark.parametrize(("written", "spoken"), SPOKEN)
def test_what_is_written_in_figures_and_signs(written: str, spoken: str) -> None:
    assert written_out(Traced.of(written)).text == spoken


@pytest.mark.parametrize("prose", PROSE)
def test_prose_stays(prose: str) -> None:
    assert written_out(Traced.of(prose)).text == prose
