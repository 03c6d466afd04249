"""The words of a text: split, without those that say nothing, cut to their stems.

Two words count as one if they have the same stem ("listing", "lists") or stand in the same row of
`SAME`: just enough for a prompt's words to find the tool that they ask for.
"""

from __future__ import annotations

import re
from functools import lru_cache

WORD = re.compile(r"[^\W\d_]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words(text: str) -> list[str]:
    """The words in lower case; names like `read_file` and `readFile` are two."""
    return [word.lower() for word in WORD.findall(CAMEL.sub(" ", text))]


STOP = frozenset(
    words("""a about all am an and any are as at be been but by can could did do does for from get give go
    had has have he hello her here hey hi his how i if in into is it its let like may me much many my no not
    of on or our out please s she should so some t than thank thanks that the their them then there these
    they this those to up us use was we were what when where which who whom whose why will with would you
    your""")
)
"""Words that carry no subject."""

ASKING = frozenset(
    words("""answer ask contain contains describe explain find help know list lists need open quote read say
    search see show summarize want work works write""")
)
"""Words that say what to do, not what about."""

PLAIN = frozenset(words("file folder name names question text word words"))
"""Words that say what kind of thing something is, not what about."""

SAME = {
    word: row.split()[0]
    for row in (
        "say says said tell tells mention mentions mentioned state states",
        "temperature weather warm cold hot degrees forecast",
        "add plus sum total",
        "subtract minus difference",
        "multiply times product",
        "divide divided quotient",
        "find search look locate grep lookup",
        "delete remove erase",
        "mail email emails mails",
        "date today day calendar",
        "calculate compute calculator math evaluate",
        "file files document documents",
        "folder folders directory directories",
    )
    for word in row.split()
}


@lru_cache(4096)
def stem(word: str) -> str:
    """The word without its ending."""
    word = SAME.get(word, word)
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed", "s"):
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= 3:
            cut = word[: -len(ending)]
            return cut[:-1] if cut[-1] == cut[-2] and ending != "s" else cut.removesuffix("e")
    return word.removesuffix("e")


def stems(text: str) -> frozenset[str]:
    """The stems of all words that carry something."""
    return frozenset(stem(word) for word in words(text) if word not in STOP)


def subject_stems(text: str) -> frozenset[str]:
    """The stems of what the text is about, without what it asks to be done."""
    return frozenset(stem(word) for word in words(text) if is_subject(word))


def is_subject(word: str) -> bool:
    """Whether a word in lower case can be what a text is about."""
    return word not in STOP and SAME.get(word, word) not in ASKING | PLAIN


def is_asking(word: str) -> bool:
    """Whether a word in lower case says what to do."""
    return SAME.get(word, word) in ASKING
