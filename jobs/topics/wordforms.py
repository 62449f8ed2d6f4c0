"""Which written forms of a word count as the word: endings, joined prefixes and stems, by language.

A term of a topic file stands for its inflected forms as well. `=word` takes the word exactly, `word*` everything that
begins with it. The tables hold the endings that the press uses on nouns and names (they are applied to normalised
words: ي is ی, ك is ک, ZWNJ is gone), not the whole morphology: a noun's Persian plural and ezafe, Urdu oblique and
plural forms, the Arabic article and attached conjunctions, an English plural.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

_ENDINGS_WRITTEN: Final = {
    "en": "s es i is",
    "fa": "ی یی ای ها های هایی هایش هایشان هایمان ان انی یان یانی یها یهای شان مان ش اش ات",
    "ur": "ی ے یں وں یوں یاں یو ات ز یے",
    "bal": "ی ے یں وں یوں یاں ات یے ا ان انی یی",
    "ps": "ی و ونه ونو انو ان ه یو یان یانو",
    "ar": "ی ه ها هم ین ون ات یه یین یون ان تین",
    "de": "s e en er es em n ern",
    "fr": "s e es ne nes x",
    "ru": "а у е ы и ом ам ами ах ои ого ому ем ая ое ые ых ым ыми",
    "tr": "i in a e da de ta te dan den lar ler lari leri li la le ya ye na ne nin nda nde ndaki",
    "zh": "",
}
ENDINGS: Final = {language: frozenset(endings.split()) for language, endings in _ENDINGS_WRITTEN.items()}
ARABIC_PREFIXES: Final = ("وال", "بال", "فال", "کال", "ولل", "ال", "لل", "و", "ف", "ب", "ل", "ک")
_LONGEST: Final = max(len(ending) for endings in ENDINGS.values() for ending in endings)
_CACHE_LIMIT: Final = 200_000
"""Words remembered before the memory starts anew: a text of a million different words must not keep them all."""


def key_of(word: str, language: str) -> str:
    """The key under which a term's word is stored: `=word`, `word*`, or the word with its language's endings."""
    if word.startswith("=") or word.endswith("*"):
        return word
    return f"{word}~{language}" if ENDINGS.get(language) else f"={word}"


class WordForms(dict[str, tuple[str, ...]]):
    """Keys of the vocabulary that a written word may stand for, by word; worked out once a word."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__()
        self._keys = frozenset(keys)
        self._languages: dict[str, list[str]] = {}
        for key in self._keys:
            stem, mark, language = key.partition("~")
            if mark:
                self._languages.setdefault(stem, []).append(language)
        self._begin_lengths = sorted({len(key) - 1 for key in self._keys if key.endswith("*")})

    def __reduce__(self) -> tuple[type[WordForms], tuple[frozenset[str]]]:
        return (WordForms, (self._keys,))

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        found = self[word] = self._work_out(word)
        return found

    def _work_out(self, word: str) -> tuple[str, ...]:
        found = [key for key in (f"={word}",) if key in self._keys]
        beginnings = (word[:length] + "*" for length in self._begin_lengths if length <= len(word))
        found += [key for key in beginnings if key in self._keys]
        found += self._inflected(word, ENDINGS)
        for prefix in ARABIC_PREFIXES:
            if word.startswith(prefix):
                found += self._inflected(word[len(prefix) :], ("ar",))
        return tuple(dict.fromkeys(found))

    def _inflected(self, word: str, languages: Collection[str]) -> list[str]:
        """The keys of stems in these languages that the word is with an ending of its language, or without one."""
        cuts = range(min(_LONGEST + 1, len(word)))
        return [
            f"{word[: len(word) - cut]}~{language}"
            for cut in cuts
            for language in self._languages.get(word[: len(word) - cut], ())
            if language in languages and (cut == 0 or word[-cut:] in ENDINGS[language])
        ]
