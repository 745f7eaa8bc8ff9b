"""English prose of ours to measure with: plain, varied, and without rare names."""

import random

SENTENCES = (
    "The ferry left the harbour at half past six, and the gulls followed it out to sea.",
    "Please remember to water the plants on Tuesday and Friday.",
    "She opened the letter slowly, as if the paper itself could break.",
    "A good map tells you where you are, but not where you should go.",
    "We counted fourteen geese, three ducks and one very lonely swan.",
    "His brother repairs clocks in a small shop behind the station.",
    "Nobody had told the new teacher about the fire alarm.",
    "The recipe asks for two cups of flour, a pinch of salt and some patience.",
    "When the rain stopped, the whole street smelled of warm stone.",
    "Can you hear the difference between these two recordings?",
    "They built the bridge in ninety days and argued about it for ninety years.",
    "My grandmother kept her money in a tin that once held biscuits.",
    "The train to the coast runs every twenty minutes until midnight.",
    "It was the quietest room that he had ever slept in.",
    "Turn left at the bakery, walk past the school, and ring the second bell.",
    "The committee will publish its report at the end of the month.",
    "He promised to call, and for once he did.",
    "Snow fell all night, and in the morning the village was silent.",
    "The museum is closed on Mondays, but the garden stays open.",
    "Our neighbour plays the violin much better than he thinks.",
    "Fresh bread, cold butter and strong coffee: that is breakfast.",
    "The doctor listened carefully and asked only three questions.",
    "You can borrow my bicycle if you bring it back before dinner.",
    "The last page of the book was missing, so we wrote our own.",
    "Five hundred people signed the petition in a single afternoon.",
    "The old lighthouse has been empty since the keeper retired.",
    "Keep the receipt, because they will not exchange it without one.",
    "A cat sat on the warm engine and refused to move.",
    "The children drew a dragon on the pavement with blue chalk.",
    "Our flight was delayed, so we learned to play chess.",
    "She speaks four languages and is silent in all of them.",
    "The storm took the roof of the barn but left the hay.",
    "We should plant the apple trees before the ground freezes.",
    "The orchestra tuned for a minute, and then the lights went out.",
    "There is a spare key under the third flower pot.",
    "He answered the phone on the first ring and said nothing.",
    "The river is low this summer, and you can walk to the island.",
    "Write your name at the top of the page and turn it over.",
    "The market sells honey from bees that live on the roof.",
    "At the end of the day, everyone helped to fold the chairs.",
)

PARAGRAPH = " ".join(SENTENCES[:4])
"""About 18 seconds of speech in several segments."""

SHORT = (
    "Yes.",
    "No.",
    "Of course.",
    "Not today.",
    "Thank you.",
    "Good morning.",
    "See you soon.",
    "One moment, please.",
)
"""What a game or an assistant says most: about a second each."""


def paragraph(seed: int, sentences: int = 8) -> str:
    """Sentences in an order of its own; the same for the same seed."""
    return " ".join(random.Random(seed).sample(SENTENCES, sentences))  # noqa: S311 - not a secret


def of_length(characters: int) -> str:
    """Prose of at most `characters`, in whole sentences, in paragraphs of eight."""
    paragraphs: list[str] = []
    length = index = 0
    while length + len(SENTENCES[index % len(SENTENCES)]) + 1 <= characters:
        sentence = SENTENCES[index % len(SENTENCES)]
        if index % 8:
            paragraphs[-1] += f" {sentence}"
        else:
            paragraphs.append(sentence)
        length += len(sentence) + 1
        index += 1
    return "\n".join(paragraphs)
