"""Making fetched text harmless where it is shown: one line, no controls, no direction tricks, no mentions. Pure."""

from __future__ import annotations

import re
import unicodedata

FSI, PDI = "\u2068", "\u2069"
"""First strong isolate and its end (Unicode UAX #9 section 2.4.2): a right-to-left title cannot reorder its neighbours."""

WORD_JOINER = "\u2060"
# Marks, embeddings, overrides and isolates (UAX #9), line and paragraph separators, BOM, tags and other invisibles that
# hide text. ZWNJ and ZWJ stay: Persian and Urdu are written with them.
_INVISIBLE = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BREAK = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_MENTION = re.compile(r"[@＠﹫]")
_MARKUP_CALL = re.compile(r"<(?=[!@#/a-zA-Z])")


def one_line(text: str, limit: int | None = None) -> str:
    """The text on one line without controls and invisible direction marks, cut to `limit` code points."""
    bare = _INVISIBLE.sub("", text)
    flat = " ".join(_CONTROL.sub(" ", bare.replace("\t", " ").replace("\n", " ")).split())
    return flat if limit is None else cut(flat, limit)


def many_lines(text: str) -> str:
    """The text with its line ends as newlines, without controls and invisible direction marks."""
    return _CONTROL.sub(" ", _INVISIBLE.sub("", _BREAK.sub("\n", text)))


def cut(text: str, limit: int) -> str:
    """At most `limit` code points; a cut ends with an ellipsis, at a word where one is near, never inside a cluster."""
    if len(text) <= limit:
        return text
    if limit <= 1:
        return "…"[:limit]
    end = limit - 1
    while end > 0 and (
        unicodedata.combining(text[end]) or text[end] in "\u200d\ufe0f" or text[end - 1] == "\u200d"
    ):
        end -= 1
    space = text.rfind(" ", max(0, end - 24), end)
    return text[: space if space > 0 else end].rstrip() + "…"


def defuse(text: str) -> str:
    """No mention that a chat service would act on (`@channel`, `<!here>`), no tag and no Markdown link that hides its
    address: an invisible joiner breaks them."""
    calm = _MENTION.sub(lambda found: found[0] + WORD_JOINER, text)
    return (
        _MARKUP_CALL.sub("<" + WORD_JOINER, calm)
        .replace("](", f"]{WORD_JOINER}(")
        .replace("][", f"]{WORD_JOINER}[")
    )


def isolate(text: str) -> str:
    """The text in a directional isolate, for plain text that mixes scripts."""
    return f"{FSI}{text}{PDI}" if text else ""


def safe_link(url: str) -> str:
    """The address where it is a web address without blanks or controls; otherwise nothing (`javascript:`, `data:`)."""
    clean = url.strip()
    if (
        not re.fullmatch(r"https?://[^\s<>\"'\\^`{|}\x00-\x20\x7f]+", clean)
        or _INVISIBLE.search(clean)
        or _CONTROL.search(clean)
    ):
        return ""
    return clean


RTL_LANGUAGES = frozenset({"ar", "fa", "ur", "ps", "bal", "ckb", "sd", "ug", "he", "yi", "dv", "pnb", "prs"})


def direction(language: str | None) -> str:
    """`rtl`, `ltr`, or `auto` for an unknown language, as HTML's `dir` wants it."""
    if not language:
        return "auto"
    return "rtl" if language.split("-")[0].lower() in RTL_LANGUAGES else "ltr"
