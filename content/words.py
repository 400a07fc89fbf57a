"""An operator's list of wrong or sensitive words, and where a text has any of them, before it goes to review."""

import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from content.errors import ContentError, Rejected
from content.tables import find_header, read_xlsx
from content.text import clean_field, compact

MAX_WORDS = 20_000
_CONTEXT = 12
_LEVELS = {
    "错误": "wrong", "禁用": "wrong", "敏感": "sensitive", "提醒": "notice", "提示": "notice", "": "sensitive",
}  # fmt: skip


@dataclass(frozen=True)
class Word:
    """A word to look for: what to write instead ("" for nothing), and `level`: wrong, sensitive or notice."""

    text: str
    advice: str
    level: str


@dataclass(frozen=True)
class WordList:
    """What a list holds: each line that is not empty is in exactly one of the two."""

    words: tuple[Word, ...]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True)
class Finding:
    """A word in a text: characters `start` to `end` of it, and what stands around them."""

    word: Word
    start: int
    end: int
    context: str


def parse_word_list(data: bytes) -> WordList:
    """Return the words of an .xlsx with the columns 词语, 建议, 级别 (错误, 敏感, 提醒), at most 20,000.

    Raises ContentError for a file that cannot be read, lacks the column 词语, or has no words.
    """
    rows = read_xlsx(data, max_rows=MAX_WORDS + 10)
    header, columns = find_header(rows, ("词语",), ("建议", "级别"))
    words: dict[str, Word] = {}
    rejected: list[Rejected] = []
    for line, cells in rows[header + 1 :]:
        given = {name: cells[at] for name, at in columns.items()}
        try:
            word = _word(given.get("词语", ""), given.get("建议", ""), given.get("级别", ""))
        except ContentError as error:
            rejected.append(Rejected(line, error.code, error.detail))
            continue
        if words.setdefault(folded(word.text), word) is not word:
            rejected.append(Rejected(line, "repeated_word", f"词语「{word.text}」在前面已经有了，这一行没有使用。"))
    if not words:
        raise ContentError("empty_sheet", "表中没有可用的词语，请在“词语”一列填写后重新上传。")
    return WordList(tuple(words.values()), tuple(rejected))


def _word(text: str, advice: str, level: str) -> Word:
    text = clean_field(text, "word", "词语", 50, required=True)
    if len(folded(text)) < 2:
        raise ContentError("word_too_short", "词语至少要两个字，否则处处都会提示。")
    known = _LEVELS.get(compact(level))
    if known is None:
        raise ContentError("unknown_level", f"级别「{level[:20]}」无法识别，请填写“错误”“敏感”或“提醒”，或留空。")
    return Word(text, clean_field(advice, "advice", "建议", 100), known)


def flag_words(text: str, words: Sequence[Word]) -> Iterator[Finding]:
    """Yield where the words are in a text, first to last.

    Width, case, spaces and invisible characters do not hide a word; of words that lie in each other the longest
    counts. Time is linear in the text (Aho-Corasick), however many words there are: about 0.5 s for 512 KB.
    """
    keys = {folded(word.text): word for word in words}
    keys.pop("", None)
    machine = _Machine(list(keys))
    named = list(keys.values())
    characters, places = _folded_with_places(text)
    for begin, end, number in _longest(machine.matches(characters)):
        start, stop = places[begin], places[end - 1] + 1
        around = text[max(start - _CONTEXT, 0) : stop + _CONTEXT].replace("\n", " ")
        yield Finding(named[number], start, stop, around)


@cache
def _fold(character: str) -> str:
    return "".join(
        each
        for each in unicodedata.normalize("NFKC", character).casefold()
        if not each.isspace() and unicodedata.category(each) != "Cf"
    )


def folded(text: str) -> str:
    """Return the text as words are compared: each character NFKC and without case; no spaces, nothing invisible."""
    return "".join(map(_fold, text))


def _folded_with_places(text: str) -> tuple[str, list[int]]:
    """Return the folded text, and for each of its characters where it stands in the text."""
    pieces = [_fold(character) for character in text]
    places = [place for place, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), places


def _longest(matches: Iterator[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Leave out each match (begin, end, number) that lies within another; they come by their ends."""
    waiting: list[tuple[int, int, int]] = []
    for match in matches:
        while waiting and match[0] <= waiting[-1][0]:
            waiting.pop()
        waiting.append(match)
    yield from waiting


class _Machine:
    """Aho-Corasick over words: a trie whose nodes know where to go on when the next character does not fit."""

    def __init__(self, words: Sequence[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._word: list[int] = [-1]
        self._lengths = [len(word) for word in words]
        for number, word in enumerate(words):
            node = 0
            for character in word:
                node = self._next[node].setdefault(character, len(self._next))
                if node == len(self._next):
                    self._next.append({})
                    self._word.append(-1)
            self._word[node] = number
        self._link()

    def _link(self) -> None:
        self._back = [0] * len(self._next)
        waiting = deque(self._next[0].values())
        while waiting:
            node = waiting.popleft()
            if self._word[node] < 0:
                # Of the words that end here the longest is given; a shorter one lies within it.
                self._word[node] = self._word[self._back[node]]
            for character, child in self._next[node].items():
                self._back[child] = self._step(self._back[node], character)
                waiting.append(child)

    def _step(self, node: int, character: str) -> int:
        while node and character not in self._next[node]:
            node = self._back[node]
        return self._next[node].get(character, 0)

    def matches(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield (begin, end, number) of the longest word that ends at each place, if there is one."""
        node = 0
        for place, character in enumerate(text):
            node = self._step(node, character)
            number = self._word[node]
            if number >= 0:
                yield place + 1 - self._lengths[number], place + 1, number
