import pytest

from models.reading.italian import written_out
from models.reading.traced import Traced

SPOKEN = [
    ("21 euro e 1 euro", "ventuno euro e un euro"),
    ("1 persona, 1 anno, 1 studente", "una persona, un anno, uno studente"),
    ("23 libri, 28 giorni", "ventitré libri, ventotto giorni"),
    ("123 persone", "centoventitré persone"),
    ("1.000 e 100.000", "mille e centomila"),
    ("nel 1999", "nel millenovecentonovantanove"),
    ("il 3 maggio 2024", "il tre maggio duemilaventiquattro"),
    ("il 1° maggio e il 1 giugno", "il primo maggio e il primo giugno"),
    ("3/5/2024, 2024-05-03", "tre maggio duemilaventiquattro, tre maggio duemilaventiquattro"),
    ("alle 14:30", "alle quattordici e trenta"),
    ("alle ore 14.30", "alle ore quattordici e trenta"),
    ("alle 9:00, all'1:05", "alle nove, all'una e cinque"),
    ("12,50 €", "dodici euro e cinquanta"),
    ("€ 3,20", "tre euro e venti"),
    ("1.000.000 €", "un milione di euro"),
    ("$5 milioni", "cinque milioni di dollari"),
    ("3 mln €", "tre milioni di euro"),
    ("£1, £2", "una sterlina, due sterline"),
    ("0,99 €", "novantanove centesimi"),
    ("il 20%", "il venti per cento"),
    ("3,14 e 0,5", "tre virgola quattordici e zero virgola cinque"),
    ("-5 °C", "meno cinque gradi Celsius"),
    ("120 km/h", "centoventi chilometri orari"),
    ("2 t, 1 kg, 100 m²", "due tonnellate, un chilogrammo, cento metri quadrati"),
    ("1º, 2ª, 3º posto", "primo, seconda, terzo posto"),
    ("al 3° piano", "al terzo piano"),
    ("secolo XX, XX secolo", "secolo ventesimo, ventesimo secolo"),
    ("Luigi XIV, Elisabetta II", "Luigi quattordicesimo, Elisabetta seconda"),
    ("Papa Giovanni Paolo II", "Papa Giovanni Paolo secondo"),
    ("la II guerra mondiale", "la seconda guerra mondiale"),
    ("333 123 4567", "tre tre tre, uno due tre, quattro cinque sei sette"),
    ("+39 06 1234567", "più tre nove, zero sei, uno due tre quattro cinque sei sette"),
    ("3/4 e 2½", "tre quarti e due e mezzo"),
    ("Il sig. Rossi e la sig.ra Bianchi", "Il signor Rossi e la signora Bianchi"),
    ("pane, vino, ecc.", "pane, vino, eccetera."),
    ("n. 5, 44 a.C.", "numero cinque, quarantaquattro avanti Cristo."),
    ("mario.rossi@esempio.it", "mario punto rossi chiocciola esempio punto it"),
    ("2 + 2 = 4", "due più due uguale a quattro"),
    ("Ho 1 gatto e 1 macchina.", "Ho un gatto e una macchina."),
    ("da 5-10 km", "da cinque a dieci chilometri"),
    ("007", "zero zero sette"),
    ("Ciao 🇮🇹!", "Ciao!"),
]
PROSE = [
    "Nel mezzo del cammin di nostra vita; perché? L'un l'altro.",
    "Uno studente, un po' d'acqua – e basta.",
    "",
]


@pytest.mark.parametrize(("written", "spoken"), SPOKEN)
def test_what_is_written_in_figures_and_signs(written: str, spoken: str) -> None:
    assert written_out(Traced.of(written)).text == spoken


@pytest.mark.parametrize("prose", PROSE)
def test_prose_stays(prose: str) -> None:
    assert written_out(Traced.of(prose)).text == prose
