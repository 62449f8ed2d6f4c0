"""A compact picture of an article for comparison: its weightiest words and its story keys, with weights.

Words and keys are 32-bit hashes. The lowest three bits of a key's hash say its kind, so that shared places, numbers
and weekdays can be told apart without the strings. Packed: counts, length, language, top weight, then the hashes (uint32),
then the weights (uint8, in 255ths of the largest).
"""

from __future__ import annotations

import math
import struct
from array import array
from dataclasses import dataclass
from typing import Final
from zlib import crc32

MAX_WORDS: Final = 52
"""Enough for a whole report of 130 words; longer articles are told by their weightiest words as well."""
MAX_KEYS: Final = 16
MAX_NAMES: Final = 12
"""Apart from the other keys: in Arabic script any rare word may be a name, and they would push places out."""
KINDS: Final = {"p": 0, "g": 1, "c": 2, "k": 3, "w": 4, "n": 5, "~": 6}
_HEADER: Final = struct.Struct("<BBBBH2sf")
_CHANCE: Final = 1 / 256
"""How often two bytes agree that have nothing to do with each other."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """Word hash to weight (unit length), key hash to weight (raw, in nats), and the body's length in words."""

    words: dict[int, float]
    keys: dict[int, float]
    length: int
    language: str = ""
    """Two letters, or the script where the language is not known: only whether two agree matters."""
    whole: bytes = b""
    head: bytes = b""
    """The lowest byte of each MinHash of all words, and of the first ones."""


def word_hash(word: str) -> int:
    """32 bits, the same on every machine and in every process."""
    return crc32(word.encode())


def key_hash(key: str) -> int:
    """32 bits of which the lowest three are the key's kind."""
    return crc32(key.encode()) & ~7 | KINDS[key[0]]


def pack(
    words: list[tuple[int, float]],
    keys: list[tuple[int, float]],
    length: int,
    language: str = "",
    minhash: bytes = b"",
    head: bytes = b"",
) -> bytes:
    """The stored form. At most 255 of each; weights positive. Of the signatures (uint32s) a byte a hash is kept."""
    top = max((weight for _, weight in words + keys), default=1.0)
    header = _HEADER.pack(
        len(words), len(keys), len(minhash) // 4, len(head) // 4,
        min(length, 65_535), language[:2].encode("ascii", "replace"), top,
    )  # fmt: skip
    hashes = array("I", [found for found, _ in words] + [found for found, _ in keys])
    weights = bytes(max(1, round(weight / top * 255)) for _, weight in words + keys)
    return header + hashes.tobytes() + weights + minhash[::4] + head[::4]


def unpack(blob: bytes) -> Sketch:
    """The inverse of `pack`; word weights come back with unit length."""
    word_count, key_count, whole_count, head_count, length, language, top = _HEADER.unpack_from(blob)
    count = word_count + key_count
    start = _HEADER.size
    hashes = array("I", blob[start : start + 4 * count])
    weights = blob[start + 4 * count : start + 5 * count]
    rest = blob[start + 5 * count :]
    norm = math.sqrt(sum(weight * weight for weight in weights[:word_count])) or 1.0
    words = {hashes[i]: weights[i] / norm for i in range(word_count)}
    scale = top / 255
    keys = {hashes[i]: weights[i] * scale for i in range(word_count, count)}
    return Sketch(
        words,
        keys,
        length,
        language.rstrip(b"\0").decode("ascii", "replace"),
        rest[:whole_count],
        rest[whole_count : whole_count + head_count],
    )


def resemblance(one: bytes, other: bytes) -> float:
    """Jaccard similarity of the word sets behind two signatures, within 0.05; 0 where either is missing."""
    if not one or len(one) != len(other):
        return 0.0
    agreeing = sum(1 for left, right in zip(one, other, strict=True) if left == right)
    return (agreeing / len(one) - _CHANCE) / (1 - _CHANCE)
