"""How Japanese is read: what is written and what is said, and prose that stays as it is."""

SPOKEN = [
    ("192.168.1.1", "百九十二点百六十八点一点一"),
    ("A4、007", "エー四、ゼロゼロナナ"),
    ("2 + 2 = 4", "二 プラス 二 イコール 四"),
    ("３本", "サンボン"),
    ("いい天気😀。", "いい天気。"),
]
PROSE = [
    "「吾輩は猫である。」名前はまだ無い……",
    "三人の少年と二本の木、一日中。",
    "",
]
