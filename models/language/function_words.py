"""Words that tell a language at once: common in it, and seldom words of another one."""

from models.language.prose import prose, without_links

_WORDS = {
    "en": frozenset({
        "the", "and", "that", "with", "this", "you", "from", "which", "they", "would", "what", "there", "their",
        "been", "were", "your", "could", "should", "about", "these", "those",
    }),
    "es": frozenset({
        "los", "las", "pero", "muy", "más", "fue", "hay", "también", "usted", "cuando", "hasta", "están", "eso",
    }),
    "fr": frozenset({"les", "une", "est", "pour", "avec", "vous", "nous", "qui", "sont", "cette", "aux", "c'est"}),
    "it": frozenset({"che", "gli", "della", "nel", "sono", "è", "più", "anche", "perché", "questo", "hanno", "delle"}),
    "pt": frozenset({"não", "em", "um", "uma", "você", "também", "são", "foi", "isso", "ao", "pelo", "pela"}),
}  # fmt: skip
_AT_HOME = 0.08  # of the words


def at_home(text: str) -> set[str]:
    """The languages that the running words of the text are plainly of, whatever is quoted in it."""
    words = prose(without_links(text)).lower().split()
    least = _AT_HOME * len(words)
    return {language for language, known in _WORDS.items() if sum(word in known for word in words) > least}
