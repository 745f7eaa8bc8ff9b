import pytest

from models.reading.portuguese import written_out
from models.reading.traced import Traced

SPOKEN = [
    ("2 pessoas, 2 dias", "duas pessoas, dois dias"),
    ("200 casas, 1 vez", "duzentas casas, uma vez"),
    ("2.000 mulheres", "duas mil mulheres"),
    ("22 problemas", "vinte e dois problemas"),
    ("2 milhões de pessoas", "dois milhões de pessoas"),
    ("em 1999", "em mil novecentos e noventa e nove"),
    ("o dia 3 de maio de 2024", "o dia três de maio de dois mil e vinte e quatro"),
    ("1º de maio e 1 de junho", "primeiro de maio e primeiro de junho"),
    ("3/5/2024", "três de maio de dois mil e vinte e quatro"),
    ("2024-05-03", "três de maio de dois mil e vinte e quatro"),
    ("às 14:30", "às catorze e trinta"),
    ("às 9h, às 2h, às 21h, à 1h", "às nove horas, às duas horas, às vinte e uma horas, à uma hora"),
    ("às 9:05", "às nove e cinco"),
    ("às 14h30", "às catorze horas e trinta minutos"),
    ("R$ 12,50", "doze reais e cinquenta centavos"),
    ("R$1.234,56", "mil duzentos e trinta e quatro reais e cinquenta e seis centavos"),
    ("R$ 2,5 milhões", "dois vírgula cinco milhões de reais"),
    ("R$ 5 mil", "cinco mil reais"),
    ("R$ 3 bi", "três bilhões de reais"),
    ("R$ 1,00 e R$ 0,99", "um real e noventa e nove centavos"),
    ("US$ 200", "duzentos dólares"),
    ("1.000.000 €", "um milhão de euros"),
    ("£2, £200", "duas libras, duzentas libras"),
    ("20% e 3,5 %", "vinte por cento e três vírgula cinco por cento"),
    ("-5 °C", "menos cinco graus Celsius"),
    ("120 km/h", "cento e vinte quilômetros por hora"),
    ("2 t, 2 kg, 200 g", "duas toneladas, dois quilogramas, duzentos gramas"),
    ("1º, 2ª, 3º lugar", "primeiro, segunda, terceiro lugar"),
    ("21ª edição", "vigésima primeira edição"),
    ("século XXI, século V", "século vinte e um, século quinto"),
    ("Luís XIV, Dom Pedro II", "Luís catorze, Dom Pedro segundo"),
    ("a II Guerra Mundial", "a segunda Guerra Mundial"),
    ("(11) 91234-5678", "um um, nove um dois três quatro, cinco seis sete oito"),
    ("+55 11 3456-7890", "mais cinco cinco, um um, três quatro cinco seis, sete oito nove zero"),
    ("3/4, 1/3 e 2½", "três quartos, um terço e dois e meio"),
    ("O Sr. Silva e a Sra. Souza", "O senhor Silva e a senhora Souza"),
    ("a Dra. Lima, nº 7", "a doutora Lima, número sete"),
    ("na Av. Paulista", "na avenida Paulista"),
    ("joao@exemplo.com.br", "joao arroba exemplo ponto com ponto br"),
    ("2 + 2 = 4", "dois mais dois igual a quatro"),
    ("5-10 km", "cinco a dez quilômetros"),
    ("007", "zero zero sete"),
    ("Oi 😀!", "Oi!"),
]
PROSE = [
    "Era uma vez – não é? – um homem que dizia: “guarda-chuva e/ou chapéu”.",
    "Tudo bem, mas só amanhã.",
    "",
]


@pytest.mark.parametrize(("written", "spoken"), SPOKEN)
def test_what_is_written_in_figures_and_signs(written: str, spoken: str) -> None:
    assert written_out(Traced.of(written)).text == spoken


@pytest.mark.parametrize("prose", PROSE)
def test_prose_stays(prose: str) -> None:
    assert written_out(Traced.of(prose)).text == prose
