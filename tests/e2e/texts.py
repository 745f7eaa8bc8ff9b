"""What the tests have spoken."""

SENTENCE = "The old lighthouse keeper counted eleven ships before the fog came in."

LINES = """\
The first line of this poem is short.
The second line is about a river.
The third line is about the sea.
The fourth line is about the rain.
The fifth line is about the snow.
The sixth line is about the sun.
"""
"""Every line is a paragraph, and so a segment of its own."""

RUSSIAN = "Добрый вечер, дорогие друзья."
GERMAN = "Guten Abend, wir haben heute leider keine Zeit für einen langen Spaziergang durch den Wald."
REFUSED = (RUSSIAN, GERMAN)

SENTENCES = (
    ("af_heart", "The quick brown fox jumps over the lazy dog near the river bank."),
    ("af_heart", "Please send the signed contract to our office before noon on Thursday."),
    ("am_michael", "She bought three loaves of bread, a dozen eggs, and two bottles of milk."),
    ("am_michael", "Heavy rain is expected along the coast, with strong winds after midnight."),
    ("af_bella", "How many students have already finished reading the second chapter?"),
    ("af_bella", "The museum opens at nine in the morning and closes at half past five."),
    ("bf_emma", "My grandmother taught me how to bake an apple pie when I was seven."),
    ("bf_emma", "What a wonderful surprise it was to see them waiting at the station!"),
    ("bm_george", "The committee rejected the proposal because it was far too expensive."),
    ("bm_george", "Turn left at the church, then walk straight ahead for two hundred metres."),
    ("bm_lewis", "Scientists have discovered a small planet that circles a distant star."),
    ("bm_lewis", "He closed the window quietly, so that the baby would not wake up."),
)
"""Twelve sentences by six voices, three American and three British."""

FIRST = "On a cold morning in November, a young carpenter walked slowly down to the harbour."
LAST = "That night, for the first time in many years, the whole village slept without any fear."
_MIDDLE = """\
He carried a wooden box under one arm and a heavy bag of tools over his shoulder. The fishermen had already left, \
and only two old men sat on the wall, smoking their pipes and watching the gulls. One of them raised his hand and \
asked where the carpenter was going so early. He answered that the bell of the chapel had been broken by the \
storm, and that he had promised the priest to repair the tower before the end of the week.

The old men laughed, because everybody knew that the tower had been closed for twenty years. Nobody had climbed \
its stairs since the great fire. The carpenter only smiled and went on. When he reached the chapel, the door was \
open, and a small girl was sitting on the steps with a yellow cat in her lap. She told him that her brother had \
gone up to look for the bell, and that he had not come down again.

The carpenter put down his bag and listened. Somewhere above his head, the wind was moving through the broken \
windows. He lit his lamp and began to climb. The first steps were made of stone and held his weight, but the \
higher ones were made of wood, and many of them were missing. Halfway up he found the boy, who was sitting on a \
beam and did not dare to move. He spoke to him calmly, tied a rope around his waist, and brought him down one step \
at a time.

By the evening, the whole village had heard about the rescue. Women brought soup and fresh bread to the workshop, \
and the two old men came to say that they were sorry. In the following days, everybody helped to carry timber up \
the hill. They repaired the stairs, the roof, and finally the bell itself. On Sunday it rang again, loud and \
clear, and it could be heard far out at sea.
"""
STORY = f"{FIRST} {_MIDDLE}{LAST}"
"""About 2,000 characters."""
