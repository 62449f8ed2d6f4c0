import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.urls import canonical_url, host_of, is_fetchable, listing_key, registrable_domain

PAGE = "https://www.dawn.com/news/1812345/levies-post-attacked"


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("HTTPS://WWW.Dawn.COM:443/news/1812345#comments", "https://www.dawn.com/news/1812345"),
        ("http://dawn.com:8080/a", "http://dawn.com:8080/a"),
        ("http://dawn.com", "http://dawn.com/"),
        ("https://dawn.com/a/./b/../c", "https://dawn.com/a/c"),
        ("https://dawn.com/a?utm_source=rss&utm_medium=x&id=7", "https://dawn.com/a?id=7"),
        ("https://dawn.com/a?fbclid=abc", "https://dawn.com/a"),
        ("https://dawn.com/a?b=2&a=1&b=1", "https://dawn.com/a?a=1&b=2&b=1"),
        ("https://dawn.com/a?", "https://dawn.com/a"),
        ("https://irna.ir/news/خبر", "https://irna.ir/news/%D8%AE%D8%A8%D8%B1"),
        ("https://irna.ir/%7euser/%d8%ae", "https://irna.ir/~user/%D8%AE"),
        ("https://irna.ir/100%", "https://irna.ir/100%25"),
        ("https://ایران.ir/x", "https://xn--mgba3a4f16a.ir/x"),
        ("https://user@dawn.com/a", "https://dawn.com/a"),
        ("  https://dawn.com/a\n", "https://dawn.com/a"),
        ("http://[::1]:80/a", "http://[::1]/a"),
        ("mailto:desk@dawn.com", "mailto:desk@dawn.com"),
    ],
)
def test_equal_addresses_have_one_identity(url: str, identity: str) -> None:
    assert canonical_url(url) == identity
    assert listing_key(url) == identity


@pytest.mark.parametrize(
    ("url", "rel", "identity"),
    [
        # Twins, as the page itself says.
        (
            "https://m.dawn.com/news/1812345",
            "https://www.dawn.com/news/1812345",
            "https://www.dawn.com/news/1812345",
        ),
        (PAGE + "/amp", PAGE, PAGE),
        (PAGE + "?output=amp", "/news/1812345/levies-post-attacked", PAGE),
        (PAGE, PAGE + "?utm_source=x#top", PAGE),
        # An id without its slug is still the item.
        (PAGE, "https://www.dawn.com/news/1812345", "https://www.dawn.com/news/1812345"),
        # Wrong ones.
        (PAGE, "https://www.dawn.com/", PAGE),
        (PAGE, "https://www.dawn.com", PAGE),
        (PAGE, "https://www.dawn.com/news", PAGE),
        (PAGE, "https://www.reuters.com/world/levies-post-attacked-2024", PAGE),
        (PAGE, "https://evil-dawn.com/news/1812345", PAGE),
        ("https://a.pk/view.php?id=8123", "https://a.pk/view.php", "https://a.pk/view.php?id=8123"),
        ("https://a.co.uk/x-y-z", "https://b.co.uk/x-y-z", "https://a.co.uk/x-y-z"),
        (PAGE, "javascript:void(0)", PAGE),
        (PAGE, "http://[broken", PAGE),
        (PAGE, "", PAGE),
        ("https://www.dawn.com/", "https://www.dawn.com/", "https://www.dawn.com/"),
    ],
)
def test_rel_canonical_is_believed_only_where_it_is_credible(url: str, rel: str, identity: str) -> None:
    assert canonical_url(url, rel_canonical=rel) == identity


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ftp://a.pk/x", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("//a.pk/x", "scheme"),
        ("https:///x", "host"),
        ("https://user:pw@a.pk/x", "credentials"),
        ("https://a.pk/\nx", "control"),
        ("https://a.pk/a b", "spaces"),
        ("https://a.pk\\@b.pk/", "backslashes"),
        ("https://a.pk:99999/", "malformed"),
        ("https://a.pk:0/", "impossible"),
        ("https://a..pk/", "impossible"),
        ("https://[::1/", "malformed"),
        ("https://a.pk/" + "x" * 5000, "longer"),
    ],
)
def test_what_may_not_be_fetched_says_why(url: str, word: str) -> None:
    reason = is_fetchable(url)
    assert reason is not None
    assert word in reason


@pytest.mark.parametrize(
    "url", [PAGE, "http://127.0.0.1:8080/a?b=c", "https://ایران.ir/خبر", "http://[::1]/x"]
)
def test_ordinary_addresses_may_be_fetched(url: str) -> None:
    assert is_fetchable(url) is None


def test_domains_follow_the_bundled_suffix_list() -> None:
    assert registrable_domain("m.news.dawn.com.pk") == "dawn.com.pk"
    assert registrable_domain("127.0.0.1") == "127.0.0.1"
    assert host_of("https://WWW.Dawn.com:444/x") == "www.dawn.com"
    assert host_of("https://[broken") == ""


_urls = st.one_of(
    st.text(max_size=80),
    st.builds(
        "{}://{}{}/{}?{}#{}".format,
        st.sampled_from(["http", "HTTPS"]),
        st.sampled_from(["a.pk", "WWW.B.ir", "ایران.ir", "[::1]", "m.c.co.uk"]),
        st.sampled_from(["", ":80", ":443", ":8080"]),
        st.text(st.sampled_from("ab/.%2fé~خ;:@! -_"), max_size=20),
        st.text(st.sampled_from("ab=&%3utm_sourceخ+"), max_size=20),
        st.text(max_size=5),
    ),
)


@given(_urls)
def test_the_canonical_form_is_idempotent(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once


@given(_urls, _urls)
def test_rel_canonical_never_raises_and_stays_on_the_site(url: str, rel: str) -> None:
    named = canonical_url(url, rel_canonical=rel)
    assert canonical_url(named) == named
    if named != canonical_url(url):
        assert registrable_domain(host_of(named)) == registrable_domain(host_of(url))


@given(st.text(max_size=200))
def test_judging_an_address_never_raises(url: str) -> None:
    is_fetchable(url)
