"""What an address says of its page: articles end in dates, numbers and long slugs, furniture in short words."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_DATE = re.compile(
    r"(?:^|[/_-])(?:19|20|13|14)\d\d[/_-]?(?:0?[1-9]|1[0-2])(?:[/_-]?(?:0?[1-9]|[12]\d|3[01]))?(?=[/_-]|$)"
)
_NUMBER = re.compile(r"\d{5,}")
_SHORT_NUMBER = re.compile(r"(?:^|[/=_-])\d{3,4}(?=[/._-]|$)")
_EXTENSION = re.compile(r"\.(?:s?html?|aspx?|php|ece|amp)$", re.IGNORECASE)
_NOT_ARTICLES = re.compile(
    r"/(?:tags?|categor(?:y|ies)|authors?|topics?|search|login|sign-?(?:in|up)|register|about(?:-us)?|contact(?:-us)?"
    r"|privacy(?:-policy)?|terms|rss|feeds?|page/\d+|subscribe|advertis\w+|careers|newsletters?|archive|wp-login"
    r"|cart|account|users?|profile|cookies?|help|faq|sitemap|live-?tv|epaper|e-paper|apps?|podcasts?|writer|print|comments?|reportabuse\w*)(?:[/?.]|$)",
    re.IGNORECASE,
)
_ACTIONS = re.compile(r"(?:^|&)(?:replytocom|share|print|commentid|redirect_to|add-to-cart)=", re.IGNORECASE)


def address_shape(url: str) -> str:
    """The form of an address: numbers and slugs replaced by their kind, so that articles of a site look alike."""
    parts = urlsplit(url)
    segments = []
    for segment in unquote(parts.path).strip("/").split("/"):
        bare = _EXTENSION.sub("", segment)
        if bare.isdigit():
            segments.append("#")
        elif len(re.split(r"[-_ ]+", bare)) >= 4 or len(bare) > 30:
            segments.append("slug#" if _NUMBER.search(bare) else "slug")
        elif any(char.isdigit() for char in bare):
            segments.append("w#")
        else:
            segments.append(bare.lower())
    return (parts.hostname or "") + "/" + "/".join(segments) + ("?" if parts.query else "")


def address_score(url: str) -> float:
    """How much an address looks like an article's: about 3 for sure, 0 for nothing known, negative for none."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    if path.strip("/") == "":
        return 0.5 if re.search(r"(?:^|&)(?:p|id|newsid|nid)=\d+", parts.query, re.IGNORECASE) else -4.0
    score = 0.0
    if _NOT_ARTICLES.search(path) or _ACTIONS.search(parts.query):
        score -= 3.0
    segments = path.strip("/").split("/")
    last = _EXTENSION.sub("", segments[-1])
    words = [word for word in re.split(r"[-_ +]+", last) if word]
    if len(segments) == 1 and len(words) <= 2 and not any(char.isdigit() for char in last):
        score -= 1.5
    if _DATE.search(path):
        score += 2.0
    if _NUMBER.search(path) or _NUMBER.search(parts.query):
        score += 2.0
    elif _SHORT_NUMBER.search(path):
        score += 0.7
    longest = max((len([w for w in re.split(r"[-_ +]+", segment) if w]) for segment in segments), default=0)
    if longest >= 4:
        score += 2.0
    elif longest == 3:
        score += 0.7
    if _EXTENSION.search(segments[-1]):
        score += 0.5
    return score
