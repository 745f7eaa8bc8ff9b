# ruff: noqa: RUF001 - letters of many scripts
"""Which language a text is in, and which texts a voice takes. The tables hold what was hard: names, lists, dialect."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.language import Unspeakable, WrongLanguage, check_speakable, detect, matching, name_of, plain_code

SENTENCES = Path(__file__).parent / "sentences"
"""Sentences of every language of Kokoro's but English, one a line: talk, chat, proverbs, books, menus, dialects."""

KOKORO = ["en-us", "en-gb", "es", "fr-fr", "hi", "it", "ja", "pt-br", "zh"]

DETECTED = {
    "ar": ["صباح الخير، كيف حالكم اليوم؟", "مرحبا"],
    "be": ["Добры дзень, як вашы справы сёння?"],
    "bg": ["Кучето тича из парка всяка сутрин, преди да закусим."],
    "bn": ["আপনি আজ কেমন আছেন?"],
    "cs": ["Vlak do Prahy odjíždí dnes večer ze třetího nástupiště."],
    "da": ["Hunden løber gennem parken hver eneste morgen."],
    "de": ["Das ist ein kurzer deutscher Satz ohne Umlaute.", "Guten Tag, wie geht's?", "Ich liebe dich."],
    "el": ["Καλημέρα σε όλους, τι κάνετε σήμερα;"],
    "en": ["The meeting starts at eight o'clock in the evening.", "Hello, how are you?"],
    "es": ["El perro corre por el parque todos los días.", "Hola, ¿cómo estás?", "¡Te quiero mucho!"],
    "fa": ["سلام، حال شما امروز چطور است؟"],
    "fi": ["Koira juoksee puiston läpi joka päivä aamulla."],
    "fr": ["Le petit chat dort sur le canapé depuis ce matin.", "Bonjour, comment allez-vous ?"],
    "gu": ["તમે આજે કેમ છો?"],
    "he": ["בוקר טוב לכולם, מה שלומכם היום?"],
    "hi": ["कुत्ता हर दिन पार्क में दौड़ता है।", "नमस्ते", "README.md फ़ाइल खोलिए और terminal में pip install numpy चलाइए।"],
    "hu": ["A kutya minden reggel átszalad a parkon."],
    "hy": ["Բարի լույս, ինչպե՞ս եք այսօր"],
    "it": ["Il cane corre nel parco tutti i giorni.", "Ciao, mi chiamo Luca."],
    "ja": [
        "会議は夜八時に始まります。",
        "カラオケ",
        "GitHubのPull RequestをReviewする。",
        "李白の詩は「床前明月光」で始まる。",
    ],
    "ka": ["დილა მშვიდობისა, როგორ ხართ?"],
    "ko": ["안녕하세요, 오늘 기분이 어떠세요?", "서울에서 OpenAI DevDay가 열렸다."],
    "lt": ["Traukinys į Vilnių šiandien vakare vėluoja dvidešimt minučių."],
    "mr": ["मी उद्या सकाळी पुण्याला जाणार आहे आणि परवा परत येणार आहे."],
    "ne": ["तपाईंलाई आज कस्तो छ? हामी भोलि काठमाडौं जान्छौं।"],
    "nl": ["De hond rent elke dag door het grote park.", "Hallo, hoe gaat het?"],
    "no": ["Vi trenger mer tid for å gjøre ferdig dette arbeidet."],
    "pl": ["Jutro rano pojedziemy pociągiem do Krakowa.", "Dziękuję bardzo, do zobaczenia!"],
    "pt": ["O cachorro corre no parque todos os dias de manhã.", "Muito obrigado pela ajuda."],
    "ro": ["Câinele aleargă prin parc în fiecare dimineață."],
    "ru": ["Доброе утро всем, как у вас дела сегодня?", "Привет"],
    "sr": ["Добро јутро свима, како сте данас?"],
    "sv": ["Hunden springer genom parken varje dag på morgonen."],
    "ta": ["காலை வணக்கம், எப்படி இருக்கிறீர்கள்?"],
    "th": ["สวัสดีตอนเช้า วันนี้เป็นอย่างไรบ้าง"],
    "tr": ["Köpek her sabah parkın içinden koşarak geçiyor."],
    "uk": ["Доброго ранку, як ваші справи сьогодні?"],
    "ur": ["آپ آج کیسے ہیں؟"],
    "vi": ["Xin chào các bạn, hôm nay các bạn có khỏe không?"],
    "zh": [
        "我们需要更多时间来完成这项工作。",
        "你好",
        "这个App的UI很好看，但是Bug太多了。",
        "优の良品是一家香港零食店，在很多城市都有分店，价格也不贵。",
    ],
}

UNSURE = [
    "",
    "42",
    "+1 (555) 010-9999",
    "OK",
    "Voxhall",
    "Hola mundo",
    "Angela Merkel, Emmanuel Macron, Pedro Sánchez",
    "JEAN-LUC PICARD, FRANÇOIS TRUFFAUT, GÉRARD DEPARDIEU AND AMÉLIE POULAIN",
    "Spaghetti alla carbonara, penne all'arrabbiata, tiramisu, panna cotta",
    "The Weltanschauung of the Zeitgeist produced Schadenfreude in the kindergarten.",
    "The résumé lay on the café table beside the jalapeño and the crème brûlée.",
    "Hasta la vista, baby.",
    "https://de.wikipedia.org/wiki/Liste_der_Städte_in_Deutschland",
    "Unter den Linden 77, 10117 Berlin",
    "for (int i = 0; i < n; i++) { sum += a[i]; }",
    "😀🎉",
]

ENGLISH = [
    "Hello.",
    "Yes.",
    "OK",
    "Voxhall",
    "No.",
    "Hi Bob!",
    "Good morning, everyone.",
    "π is about 3.14159.",
    "The resistance is 4.7 kΩ at 25 °C.",
    "5 µm wide",
    "Jean-Luc Picard, François Truffaut, Gérard Depardieu and Amélie Poulain",
    "Müller, Schröder, Schäfer, Weiß, Großmann, Bäcker, Jürgen, Günther, Köhler",
    "José, María, Guadalupe, Fernández, Rodríguez, González, Muñoz, Hernández",
    "Wojciech Szczęsny, Zbigniew Brzeziński, Krzysztof Kieślowski",
    "Guests: Anna Schmidt, Pierre Dubois, Giulia Rossi, Miguel Alvarez, Ingrid Larsen, Katarzyna Nowak.",
    "Spaghetti alla carbonara, penne all'arrabbiata, tiramisu, panna cotta",
    "Preheat the oven to 180 C. Whisk 200 g flour, 2 eggs, 1 tsp baking powder and 100 ml milk.",
    "2 cups flour; 1 tsp salt; 3 eggs; 250 ml milk; nutmeg; butter",
    "Sodium bicarbonate, potassium permanganate, hydrochloric acid, acetylsalicylic acid",
    "2-(acetyloxy)benzoic acid, N-acetyl-para-aminophenol, tetrahydrocannabinol",
    "NaCl + AgNO3 -> AgCl + NaNO3",
    "1600 Pennsylvania Avenue NW, Washington, DC 20500",
    "221B Baker Street, Marylebone, London NW1 6XE",
    "Champs-Élysées, Montmartre, Saint-Germain-des-Prés, Quartier Latin",
    "Calle de Alcalá 42, 28014 Madrid",
    "Unter den Linden 77, 10117 Berlin",
    "THIS IS A VERY IMPORTANT ANNOUNCEMENT FOR ALL PASSENGERS ON PLATFORM NINE.",
    "BREAKING NEWS",
    "EMERGENCY EXIT DOOR ALARMED",
    "def main(argv: list[str]) -> int: return len(argv)",
    "for (int i = 0; i < n; i++) { sum += a[i]; }",
    "SELECT name, COUNT(*) FROM users GROUP BY name HAVING COUNT(*) > 1;",
    "git commit -m 'fix typo' && git push origin main",
    "pip install numpy scipy pandas matplotlib scikit-learn",
    "https://example.com/path/to/page?query=value&lang=de",
    "user.name+tag@example.co.uk",
    "See https://de.wikipedia.org/wiki/Liste_der_Städte_in_Deutschland for more.",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    "+1 (555) 010-9999",
    "10:45 a.m.",
    "$4.50",
    "20 % off",
    "3 x 4 = 12",
    "Lorem ipsum dolor",
    "She sells sea shells by the sea shore.",
    "Déjà vu, c'est la vie, raison d'être: English borrows freely from French.",
    "The Weltanschauung of the Zeitgeist produced Schadenfreude in the kindergarten.",
    "The résumé lay on the café table beside the jalapeño and the crème brûlée.",
    "My favourite colour is grey.",
    "Colourless green ideas sleep furiously.",
    "Twas brillig, and the slithy toves did gyre and gimble in the wabe.",
    "Whan that Aprille with his shoures soote, the droghte of March hath perced to the roote",
    "Wherefore art thou Romeo? Deny thy father and refuse thy name.",
    "Lol brb gonna grab coffee, u want anything?",
    "omg thats so cool haha",
    "Ain't nobody got time for that.",
    "Nae bother, ye ken, it's a braw bricht moonlicht nicht.",
    "Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo.",
    "Supercalifragilisticexpialidocious",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Antidisestablishmentarianism floccinaucinihilipilification pneumonoultramicroscopicsilicovolcanoconiosis",
    "Alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima",
    "Toyota Corolla, Honda Civic, Hyundai Elantra, Mitsubishi Lancer, Volkswagen Passat",
    "Mozzarella, gorgonzola, parmigiano, prosciutto, bruschetta, espresso, cappuccino",
    "Sushi, sashimi, tempura, teriyaki, udon, ramen, wasabi, edamame",
    "Yoga poses: Adho Mukha Svanasana, Utthita Trikonasana, Virabhadrasana",
    "Tyrannosaurus rex, Homo sapiens, Escherichia coli, Drosophila melanogaster",
    "Amoxicillin 500 mg, ibuprofen 200 mg, paracetamol, omeprazole",
    "Rio de Janeiro, Buenos Aires, São Paulo, Santiago de Chile, Bogotá",
    "Kuala Lumpur, Jakarta, Bandung, Surabaya, Yogyakarta",
    "Reykjavík, Akureyri, Hafnarfjörður, Eyjafjallajökull",
    "The chef said 'Bon appétit, mes amis!' and everyone laughed.",
    'He shouted "Achtung! Achtung! Feuer frei!" and the men ran.',
    "Hasta la vista, baby.",
    "Que sera, sera, whatever will be, will be.",
    "Chapter 1. Introduction",
    "Table of contents, figures, appendix, bibliography, index",
    "Net revenue Q3 2024: USD 4.2m; EBITDA margin 17.3%; capex down.",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "January February March April May June July August September October November December",
    "Milk\neggs\nbread\nbutter\ncheese\ntomatoes\nonions",
    "Red green blue yellow orange purple black white",
    "The quick brown fox jumps over the lazy dog.",
    "I can't believe it's not butter!",
    "Press Ctrl+Alt+Del to restart the computer.",
    "Error: connection refused (os error 111)",
    'print("Hello, World!")',
    "Beethoven, Mozart, Tchaikovsky, Rachmaninoff, Stravinsky, Shostakovich",
    "Real Madrid beat Borussia Dortmund; Bayern drew with Paris Saint-Germain.",
    "La La Land won six Oscars.",
    "Mt. Kilimanjaro, Ngorongoro, Serengeti, Zanzibar",
    "Jalan Besar MRT, Bukit Timah Road, Tanjong Pagar, Choa Chu Kang",
    "Honolulu, Waikiki, Kamehameha Highway, Kaua'i, O'ahu",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    "Dún Laoghaire, Baile Átha Cliath, Sinn Féin, Taoiseach",
    "x",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "DNA RNA ATP GDP NATO UNESCO WYSIWYG ASAP FAQ",
    "Gate B12, flight BA 2490, boarding 18:05, seat 34F",
    "umm yeah gonna be late sry, running to the store real quick",
    "Dear Mr. Brüggemann, thank you for your letter of 3 May; we shall reply shortly.",
    'Speak "Wo ist der Bahnhof?" slowly, and the class will repeat it with you.',
]

FOREIGN = [
    "Guten Morgen, wie geht es Ihnen heute? Ich hoffe, Sie haben gut geschlafen.",
    "Der schnelle braune Fuchs springt über den faulen Hund.",
    "Die Bundesregierung hat am Mittwoch ein neues Gesetz beschlossen.",
    "Wir treffen uns morgen um acht Uhr am Bahnhof.",
    "Das ist ein kurzer deutscher Satz ohne Umlaute.",
    "Bonjour tout le monde, comment allez-vous aujourd'hui ?",
    "Le petit chat dort sur le canapé depuis ce matin.",
    "Nous avons besoin de plus de temps pour finir ce travail.",
    "Je voudrais une table pour deux personnes, s'il vous plaît.",
    "Buenos días, ¿cómo está usted esta mañana?",
    "El perro corre por el parque todos los días.",
    "Necesitamos más tiempo para terminar este trabajo.",
    "La reunión comienza a las ocho en punto de la noche.",
    "Dzień dobry, jak się pan dzisiaj miewa?",
    "W Szczebrzeszynie chrząszcz brzmi w trzcinie.",
    "Jutro rano pojedziemy pociągiem do Krakowa.",
    "Buongiorno a tutti, come state questa mattina?",
    "Il gatto dorme sul divano da questa mattina presto.",
    "Abbiamo bisogno di più tempo per finire il lavoro.",
    "Bom dia a todos, como vocês estão hoje?",
    "O cachorro corre no parque todos os dias de manhã.",
    "Precisamos de mais tempo para terminar o trabalho.",
    "Goedemorgen allemaal, hoe gaat het vandaag met jullie?",
    "De hond rent elke dag door het grote park.",
    "We hebben meer tijd nodig om dit werk af te maken.",
    "God morgon allihopa, hur mår ni i dag?",
    "Hunden springer genom parken varje dag på morgonen.",
    "Vi trenger mer tid for å gjøre ferdig dette arbeidet.",
    "Hunden løber gennem parken hver eneste morgen.",
    "Hyvää huomenta kaikille, mitä teille kuuluu tänään?",
    "Koira juoksee puiston läpi joka päivä aamulla.",
    "Jó reggelt mindenkinek, hogy vannak ma reggel?",
    "Dobré ráno všem, jak se dnes ráno máte?",
    "Bună dimineața tuturor, ce mai faceți astăzi?",
    "Selamat pagi semuanya, apa kabar hari ini?",
    "Xin chào các bạn, hôm nay các bạn có khỏe không?",
    "Dobro jutro svima, kako ste danas ujutro?",
    "Pes vsak dan teče skozi park in se igra.",
    "Labas rytas visiems, kaip jums šiandien sekasi?",
    "Bon dia a tothom, com esteu avui al matí?",
    "Tere hommikust kõigile, kuidas teil täna läheb?",
    "DER ZUG NACH HAMBURG HAT HEUTE LEIDER VERSPAETUNG",
    "ICH HABE HEUTE KEINE ZEIT FUER DICH UND DEINE FREUNDE",
    "Magandang umaga sa inyong lahat, kumusta kayo ngayon?",
]

OTHER_SCRIPTS = [
    "Привет, как дела?",
    "你好，世界",
    "こんにちは",
    "안녕하세요",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "שלום עולם",
    "Γειά σου Κόσμε",
    "สวัสดีชาวโลก",
    "Hello мир",
    "The word λόγος means reason.",
    "გამარჯობა",
    "Բարեւ",
    "வணக்கம்",
]


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language in DETECTED for text in DETECTED[language]]
)
def test_a_language_is_detected(language: str, text: str) -> None:
    assert detect(text) == language
    assert name_of(language) != language


@pytest.mark.parametrize("text", UNSURE)
def test_what_may_be_any_language_is_none(text: str) -> None:
    assert detect(text) is None


def test_english_is_never_detected_as_another_language() -> None:
    variants = (text.lower() for text in ENGLISH), (text.upper() for text in ENGLISH), ENGLISH
    assert {detect(text) for texts in variants for text in texts} <= {"en", None}


@pytest.mark.parametrize("language", KOKORO[2:])
def test_a_voice_takes_all_of_its_own_language(language: str) -> None:
    texts = _sentences(language)
    assert len(texts) > 60
    assert [text for text in texts if not _spoken(text, language) or not _spoken(text.upper(), language)] == []
    wrong = [text for text in texts if detect(text) not in (plain_code(language), None)]
    assert len(wrong) <= (6 if language == "ja" else 0), wrong  # Japanese in Han alone is taken for Chinese


@pytest.mark.parametrize("voice", KOKORO)
def test_no_voice_takes_running_text_of_another_language(voice: str) -> None:
    """Chinese by a Japanese voice is left out: Han may be Japanese."""
    others = [code for code in KOKORO[2:] if plain_code(code) != plain_code(voice) and (voice, code) != ("ja", "zh")]
    for other in others:
        texts = [text for text in _sentences(other) if len(text) > 45]
        spoken = [text for text in texts if _spoken(text, voice)]
        assert len(spoken) < 0.2 * len(texts) + 1, spoken


def _sentences(language: str) -> list[str]:
    return (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def _spoken(text: str, language: str) -> bool:
    try:
        check_speakable(text, language)
    except Unspeakable:
        return False
    return True


@pytest.mark.parametrize("text", ENGLISH)
def test_english_and_what_is_in_it_is_spoken(text: str) -> None:
    check_speakable(text, "en-us")
    check_speakable(text.upper(), "en-gb")


@pytest.mark.parametrize("text", FOREIGN)
def test_another_language_is_refused(text: str) -> None:
    with pytest.raises(Unspeakable, match="speaks American English; the text looks like"):
        check_speakable(text, "en-us")


@pytest.mark.parametrize("text", OTHER_SCRIPTS)
def test_another_script_is_refused(text: str) -> None:
    with pytest.raises(Unspeakable, match=r"speaks British English; the text contains \w+ letters"):
        check_speakable(text, "en-gb")


@pytest.mark.parametrize(
    ("text", "voice", "message", "language"),
    [
        ("Guten Morgen, wie geht es Ihnen heute?", "en-us", "American English; the text looks like German.", "de"),
        ("Le petit chat dort sur le canapé.", "en-us", "looks like French", "fr"),
        ("The weather will be lovely for the rest of the week.", "es", "Spanish; the text looks like English.", "en"),
        ("Der Zug nach Hamburg hat heute leider Verspätung.", "pt-br", "Brazilian Portuguese; .* like German.", "de"),
        ("Precisamos de mais tempo para terminar o trabalho.", "es", "looks like Portuguese", "pt"),
        ("Necesitamos más tiempo para terminar este trabajo.", "pt-br", "looks like Spanish", "es"),
        ("Привет", "es", r"contains Cyrillic letters \(Привет\)", "ru"),
        ("안녕하세요", "ja", "contains Hangul letters", "ko"),
        ("مرحبا بالعالم", "hi", "contains Arabic letters", "ar"),
        ("नमस्ते", "it", "contains Devanagari letters", "hi"),
        ("你好", "fr-fr", "contains Chinese letters", "zh"),
        ("カラオケ", "zh", "contains Katakana letters", "ja"),
        ("Ελλάδα", "zh", "contains Greek letters", "el"),
        ("The weather will be lovely for the rest of the week.", "hi", "Hindi; the text is in Latin letters", None),
        ("mera naam rahul hai aur main dilli mein rehta hoon", "hi", "is in Latin letters", None),
        ("The word λόγος means reason, as far as we know.", "en-us", r"contains Greek letters \(λόγος\)", None),
    ],
)
def test_a_refusal_says_what_it_saw(text: str, voice: str, message: str, language: str | None) -> None:
    with pytest.raises(WrongLanguage, match=message) as caught:
        check_speakable(text, voice)
    assert caught.value.language == language


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("東京都知事選挙公示", "ja"),
        ("Python、Docker、Kubernetesを使います。", "ja"),
        ("微软CEO satya nadella在san francisco发表了演讲。", "zh"),
        ("OpenAI", "zh"),
        ("मेरा laptop खराब हो गया है, service center जाना पड़ेगा।", "hi"),
        ("Penne all'arrabbiata", "es"),
        ("Camiño de Santiago", "pt-br"),
        ("La casa de Maria", "it"),
    ],
)
def test_names_and_words_in_latin_letters_are_in_every_language(text: str, voice: str) -> None:
    check_speakable(text, voice)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("a", ["en-us"]),
        ("b", ["en-gb"]),
        ("e", ["es"]),
        ("f", ["fr-fr"]),
        ("h", ["hi"]),
        ("i", ["it"]),
        ("j", ["ja"]),
        ("p", ["pt-br"]),
        ("z", ["zh"]),
        ("en", ["en-us", "en-gb"]),
        ("en-US", ["en-us"]),
        ("en_GB", ["en-gb"]),
        ("en-AU", ["en-us", "en-gb"]),
        ("es-MX", ["es"]),
        ("fr", ["fr-fr"]),
        ("pt", ["pt-br"]),
        ("pt-PT", ["pt-br"]),
        (" PT-br ", ["pt-br"]),
        ("jp", ["ja"]),
        ("ja-JP", ["ja"]),
        ("cmn", ["zh"]),
        ("zh-Hant-TW", ["zh"]),
        ("de", []),
        ("yue", []),
        ("english", []),
        ("", []),
    ],
)
def test_a_language_goes_by_many_names(name: str, codes: list[str]) -> None:
    assert matching(name, KOKORO) == codes


def test_emoji_alone_are_read_by_name() -> None:
    check_speakable("😀🎉", "en-us")


@pytest.mark.parametrize("text", ["", " \n\t", "?!... --", "🇫🇷", "* * *"])
def test_text_without_a_word_is_refused(text: str) -> None:
    with pytest.raises(Unspeakable, match="nothing to speak"):
        check_speakable(text, "en-us")


def test_a_german_quotation_in_an_english_text_is_spoken() -> None:
    english = "The old man looked at the sea and said what everyone there had been thinking for days. " * 3
    check_speakable(f"{english} Ich habe heute keine Zeit für dich und deine Freunde. {english}", "en-us")


@pytest.mark.parametrize("text", ["a" * 100_000, "a@" * 50_000, ".-" * 50_000 + "a", "a'" * 50_000, "word, " * 16_000])
def test_a_hundred_thousand_odd_characters_are_checked(text: str) -> None:
    check_speakable(text, "en-us")


@given(st.text(), st.sampled_from(KOKORO))
def test_any_text_is_spoken_or_refused(text: str, voice: str) -> None:
    with suppress(Unspeakable):
        check_speakable(text, voice)
    assert name_of(detect(text) or "en")


def test_it_imports_no_torch() -> None:
    script = (
        "import sys; from models.language import check_speakable; check_speakable('A plain row of words', 'en-us')\n"
        "print('torch' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hoy es 3 de mayo y cuesta 12,50 €.", "es"),
        ("Le 3 mai, cela coûte 12 euros.", "fr"),
        ("Please take bus 42 to the old harbour.", "en"),
        ("Canon EOS 5D.", None),
    ],
)
def test_a_figure_leaves_a_remark_its_language(text: str, language: str | None) -> None:
    assert detect(text) == language
