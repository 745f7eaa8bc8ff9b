import pytest

from models.reading.spanish import written_out
from models.reading.traced import Traced

SPOKEN = [
    ("Hay 21 euros y 31 días.", "Hay veintiún euros y treinta y un días."),
    ("200 personas y 1 libro", "doscientas personas y un libro"),
    ("31.000 personas y 21 mil votos", "treinta y un mil personas y veintiún mil votos"),
    ("1 vez, 21 veces", "una vez, veintiuna veces"),
    ("El número 21.", "El número veintiuno."),
    ("El 3 de mayo de 2024", "El tres de mayo de dos mil veinticuatro"),
    ("el 1 de enero", "el primero de enero"),
    ("1/5/2024 y 2024-05-03", "primero de mayo de dos mil veinticuatro y tres de mayo de dos mil veinticuatro"),
    ("31.12.1999", "treinta y uno de diciembre de mil novecientos noventa y nueve"),
    ("a las 14:30", "a las catorce treinta"),
    ("a las 9:05 o a las 21:00", "a las nueve cero cinco o a las veintiuna horas"),
    ("a la 1:15", "a la una quince"),
    ("a las 9 h", "a las nueve horas"),
    ("las 8:30 a. m. y las 5 p. m.", "las ocho treinta de la mañana y las cinco de la tarde."),
    ("12,50 €", "doce euros con cincuenta"),
    ("$5 millones", "cinco millones de dólares"),
    ("3 M€", "tres millones de euros"),
    ("1 € y 1.000.000 €", "un euro y un millón de euros"),
    ("£1 y £200", "una libra y doscientas libras"),
    ("0,99 €", "noventa y nueve céntimos"),
    ("$1,234.56", "mil doscientos treinta y cuatro dólares con cincuenta y seis"),
    ("300 CHF", "trescientos francos suizos"),
    ("un 20 %, un 3,5%", "un veinte por ciento, un tres coma cinco por ciento"),
    ("-5 °C", "menos cinco grados Celsius"),
    ("120 km/h", "ciento veinte kilómetros por hora"),
    ("200 t y 1 kg", "doscientas toneladas y un kilogramo"),
    ("100 m²", "cien metros cuadrados"),
    ("el 1º y la 2ª, el 3er piso", "el primero y la segunda, el tercer piso"),
    ("de 5-10 km", "de cinco a diez kilómetros"),
    ("la guerra de 1914-1918", "la guerra de mil novecientos catorce a mil novecientos dieciocho"),
    ("3/4 y 2 1/2", "tres cuartos y dos y medio"),
    ("0,05 y 3,14", "cero coma cero cinco y tres coma catorce"),
    ("10 000 casas", "diez mil casas"),
    ("912 345 678", "nueve uno dos, tres cuatro cinco, seis siete ocho"),
    ("+34 912 345 678", "más tres cuatro, nueve uno dos, tres cuatro cinco, seis siete ocho"),
    ("siglo XXI, siglo V", "siglo veintiuno, siglo quinto"),
    ("Luis XIV, Felipe II, Isabel II", "Luis catorce, Felipe segundo, Isabel segunda"),
    ("la II Guerra Mundial, capítulo IV", "la segunda Guerra Mundial, capítulo cuatro"),
    ("El Sr. López y la Sra. Díaz", "El señor López y la señora Díaz"),
    ("pan, vino, etc. Después, n.º 5", "pan, vino, etcétera. Después, número cinco"),
    ("p. ej. en EE. UU.", "por ejemplo en Estados Unidos."),
    ("juan.perez@correo.es", "juan punto perez arroba correo punto es"),
    ("Visita ejemplo.com/hola.", "Visita ejemplo punto com barra hola."),
    ("2 + 2 = 4", "dos más dos igual a cuatro"),
    ("tú & yo, @ana", "tú y yo, arroba ana"),
    ("covid-19, A4, 3D", "covid-diecinueve, A cuatro, tres D"),
    ("007", "cero cero siete"),
    ("192.168.1.1", "ciento noventa y dos punto ciento sesenta y ocho punto uno punto uno"),
    ("Hola 😀 mundo ❤️!", "Hola mundo!"),
]
PROSE = [
    "Érase una vez, en un lugar de la Mancha; ¿y/o no?",
    "El bien-estar – dijo – de Vd es lo primero: «¡ya!»",
    "",
]


@pytest.mark.parametrize(("written", "spoken"), SPOKEN)
def test_what_is_written_in_figures_and_signs(written: str, spoken: str) -> None:
    assert written_out(Traced.of(written)).text == spoken


@pytest.mark.parametrize("prose", PROSE)
def test_prose_stays(prose: str) -> None:
    assert written_out(Traced.of(prose)).text == prose
