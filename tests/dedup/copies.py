"""Copies as spam blogs and desks make them: words swapped, cut, another lede, site furniture around. For tests and benches."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_TOKEN = re.compile(r"\w+|\W+")
_SENTENCE_END = re.compile(r"(?<=[.۔!?])\s")
BEFORE = {
    "en": ("Share this:\nTwitter Facebook WhatsApp\n", "Home / World / Breaking News\nPosted by admin\n"),
    "fa": ("به گزارش پایگاه خبری ما؛ کد خبر: ۱۲۸۴۴۹ | چاپ | ارسال به دوستان\n",),
    "ur": ("شیئر کریں: فیس بک | ٹوئٹر | واٹس ایپ\n",),
}
AFTER = {
    "en": (
        "\nSource link\nAbout Admin\nCheck Also\nMinister opens new road amid protests\nLeave a Reply\nYour email address will not be published",
        "\nRead more\nAll rights reserved",
    ),
    "fa": ("\nانتهای پیام/ نظر شما چیست؟ نظرات حاوی توهین منتشر نمی‌شود. آخرین اخبار: قیمت طلا و سکه امروز",),
    "ur": ("\nمزید پڑھیں\nتبصرہ کریں آپ کا ای میل ایڈریس شائع نہیں کیا جائے گا\nتازہ ترین خبریں",),
}
LEDES = {"en": "(Reuters) - ", "fa": "خبرگزاری مهر - گروه استان‌ها: ", "ur": "(مانیٹرنگ ڈیسک) "}


def swap(text: str, rate: float, vocabulary: Sequence[str], rng: random.Random) -> str:
    """Replace a share of the words by others, mostly the same way each time, one in seven by two words."""
    parts = _TOKEN.findall(text)
    where = [index for index, part in enumerate(parts) if part[0].isalpha()]
    learned: dict[str, str] = {}
    for index in rng.sample(where, round(rate * len(where))):
        word = parts[index].lower()
        if word not in learned or rng.random() >= 0.7:
            learned[word] = rng.choice(vocabulary) + (
                f" {rng.choice(vocabulary)}" if rng.random() < 0.15 else ""
            )
        parts[index] = learned[word]
    return "".join(parts)


def respin(
    text: str,
    language: str,
    rate: float,
    vocabulary: Sequence[str],
    rng: random.Random,
    *,
    wrapped: bool,
    kept: float,
    other_lede: bool,
) -> str:
    """A copy: the first `kept` of the words, its first sentence replaced by a dateline, `rate` of the words swapped, wrapped."""
    spoken = language if language in BEFORE else "en"
    if kept < 1:
        parts = _TOKEN.findall(text)
        text = "".join(parts[: max(60, int(len(parts) * kept))])
    if other_lede:
        _, *rest = _SENTENCE_END.split(text, maxsplit=1)
        text = LEDES[spoken] + (rest[0] if rest and len(rest[0].split()) > 25 else text)
    text = swap(text, rate, vocabulary, rng)
    if not wrapped:
        return text
    return (rng.choice(BEFORE[spoken]) if rng.random() < 0.5 else "") + text + rng.choice(AFTER[spoken])
