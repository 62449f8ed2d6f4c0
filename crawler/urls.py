"""Addresses: which ones may be fetched, and when two of them name the same page.

A page is always fetched at the address as listed. The canonical form here is identity only: it is compared and
stored beside the address, never requested. The forms follow RFC 3986 section 6.2 (case, default port, dot
segments, percent-encoding); tracking parameters and fragments go, the query is sorted by name.

`/amp` and mobile twins are joined only as far as the page's own `rel=canonical` says so. That link is wrong often
enough (themes that point every page at the site's root, at a section or at another site) to be believed only
when it stays on the site and names one item as exactly as the page's address does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote_to_bytes, urljoin, urlsplit

import idna
import tldextract

MAX_URL_CHARS = 4096
"""Longer addresses are refused: servers and intermediaries need only support 8,000 octets (RFC 9110 section
4.1), and in news anything above 2,000 is a redirect trap."""

_DEFAULT_PORTS = {"http": 80, "https": 443}

_TRACKING = re.compile(
    r"""utm_\w+|u_?tm_source|fb(?:clid|_\w+)|gcl(?:id|src)|gbraid|wbraid|dclid|msclkid|yclid|ysclid|twclid|ttclid|igshid|igsh
    |li_fat_id|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|_ga|_gl|ga_\w+|pk_\w+|mtm_\w+|matomo_\w+|piwik_\w+|at_(?:medium|campaign|
    custom\w*|link\w*|format|bbc_team|ptr_name)|ns_(?:mchannel|source|campaign|linkname|fee)|cmpid|cmp|ncid|ocid|icid
    |ito|smid|sref|spm|xtor|rss|from_rss|feed_?source|wt_?mc\w*|wt\.mc\w*|campaign_?id|__twitter_impression
    |echobox|guccounter|guce_\w+|share(?:_?id|d_?from|source)?|traffic_source|taid|s_?cid|srsltid""",
    re.IGNORECASE | re.VERBOSE,
)
"""Parameters that say where the reader came from. `ref` and `source` stay: some sites select content by them."""

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_SAFE = "!$&'()*+,;=:@/-._~"
_QUERY_SAFE = "!$'()*,;:@/?-._~"
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]")
_STRIPPED = "".join(map(chr, range(0x21))) + "\x7f"

_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@lru_cache(maxsize=4096)
def registrable_domain(host: str) -> str:
    """The part of a host name that one owner registers (`dawn.com` of `www.dawn.com`), by the public suffix list
    that is bundled with tldextract; the host itself where there is none (IP addresses, `localhost`)."""
    return _suffixes(host).top_domain_under_public_suffix or host


def host_of(url: str) -> str:
    """The lower-case host of an address in its ASCII form, without port; empty where it has none."""
    try:
        return _ascii_host(urlsplit(url.strip(_STRIPPED)).hostname or "")
    except ValueError:
        return ""


def is_fetchable(url: str) -> str | None:
    """None where an address may be requested, else the reason why not, in words.

    Only its form is judged: whether the host's address is public is for the connection to check.
    """
    if len(url) > MAX_URL_CHARS:
        return f"address longer than {MAX_URL_CHARS} characters"
    if _CONTROL.search(url) or "\\" in url:
        return "address holds spaces, control characters or backslashes"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"address is malformed: {error}"
    if parts.scheme.lower() not in _DEFAULT_PORTS:
        return f"scheme {parts.scheme or '(none)'} is not http or https"
    if not host:
        return "address has no host"
    if parts.username is not None or parts.password is not None:
        return "address holds credentials"
    if port == 0 or not _is_host(host):
        return "address has an impossible host or port"
    return None


def listing_key(url: str) -> str:
    """Identity of a listed address before its page is known: what two listings of one item share."""
    return canonical_url(url)


def canonical_url(url: str, *, rel_canonical: str | None = None) -> str:
    """The identity of a page: `url` in normal form, or what its own `rel=canonical` names, where that is credible.

    Idempotent, and never raises: an address that cannot be parsed is returned stripped of white space.
    """
    own = _normal(url)
    if not rel_canonical or not rel_canonical.strip(_STRIPPED):
        return own
    try:
        named = _normal(urljoin(url.strip(_STRIPPED), rel_canonical.strip(_STRIPPED)))
        return named if _is_credible(urlsplit(own), urlsplit(named)) else own
    except ValueError:
        return own


def _is_credible(own: SplitResult, named: SplitResult) -> bool:
    if named.scheme not in _DEFAULT_PORTS or not named.hostname or not own.hostname:
        return False
    if registrable_domain(named.hostname) != registrable_domain(own.hostname):
        return False
    if named.path.strip("/") == "" and not named.query:
        # The site's root is the canonical address of nothing but itself.
        return own.path.strip("/") == "" and not own.query
    return _names_item(named) or not _names_item(own)


def _names_item(parts: SplitResult) -> bool:
    """Whether path or query look like one item (an id, a date, a slug) rather than a section of the site."""
    rest = f"{parts.path}?{parts.query}"
    if re.search(r"\d{3}", re.sub(r"%[0-9A-F]{2}", "", rest)):
        return True
    return any(
        len(re.sub(r"%[0-9A-F]{2}", "x", part)) >= 25 or part.count("-") + part.count("_") >= 2
        for part in re.split(r"[/?&=]", rest)
    )


def _normal(url: str) -> str:
    text = url.strip(_STRIPPED)
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _ascii_host(parts.hostname or "")
    except ValueError:
        return text
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        return text
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        netloc = f"{netloc}:{port}"
    path = _without_dots(_escaped(parts.path, _PATH_SAFE)) or "/"
    query = _normal_query(parts.query)
    return f"{scheme}://{netloc}{path}" + (f"?{query}" if query else "")


def _normal_query(query: str) -> str:
    kept: list[tuple[str, str]] = []
    for item in query.split("&"):
        if not item:
            continue
        name, equals, value = item.partition("=")
        name = _escaped(name, _QUERY_SAFE)
        if not _TRACKING.fullmatch(name):
            kept.append((name, name + equals + _escaped(value, _QUERY_SAFE + "=")))
    # Stable: parameters of one name keep their order, which some servers read.
    return "&".join(item for _, item in sorted(kept, key=lambda pair: pair[0]))


def _escaped(text: str, safe: str) -> str:
    """Percent-encoding in one form: unreserved characters bare, hex digits upper-case, a stray `%` encoded."""
    parts: list[str] = []
    position = 0
    raw = text.encode("utf-8", "surrogatepass")
    for match in _ESCAPE.finditer(raw):
        parts.append(quote(raw[position : match.start()], safe=safe))
        byte = unquote_to_bytes(match[0])
        parts.append(byte.decode() if byte[0] in _UNRESERVED else match[0].decode().upper())
        position = match.end()
    parts.append(quote(raw[position:], safe=safe))
    return "".join(parts)


def _without_dots(path: str) -> str:
    """Remove `.` and `..` segments (RFC 3986 section 5.2.4)."""
    if "/." not in path:
        return path
    out: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(out) > 1:
                out.pop()
        elif segment != ".":
            out.append(segment)
    if segments[-1] in (".", ".."):
        out.append("")
    return "/".join(out)


@lru_cache(maxsize=4096)
def _ascii_host(host: str) -> str:
    host = host.lower().rstrip(".")
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return host


def _is_host(host: str) -> bool:
    if ":" in host:
        return True
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return False
    labels = name.rstrip(".").split(".")
    return len(name) <= 253 and all(re.fullmatch(r"[A-Za-z0-9_-]{1,63}", label) for label in labels)
