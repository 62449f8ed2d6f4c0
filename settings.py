"""Scrapy's settings, hardened: what a crawler that reads untrusted sites may do, and what it costs.

Only the names that differ from Scrapy's defaults stand here. `crawler.engine` reads them and adds what the
configuration decides (User-Agent, host delay, limits). A test compares them with a running crawler.
"""

from __future__ import annotations

BOT_NAME = "borderwatch"
SPIDER_MODULES: list[str] = []
"""Spiders are started by class; nothing is loaded by name."""

# Doors that Scrapy opens by default.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
"""On by default in Scrapy 2.19: it runs code that comes over HTTP."""
EXTENSIONS_BASE: dict[str, int] = {}
"""None of them is needed; an empty base keeps out what a later version adds."""
ADDONS: dict[str, int] = {}
JOBDIR = None

# Addresses: the only handlers are ours, which check the address that the connection uses.
DOWNLOAD_HANDLERS_BASE: dict[str, str] = {}
DOWNLOAD_HANDLERS = {
    "http": "crawler.spiders.download.GuardedHandler",
    "https": "crawler.spiders.download.GuardedHandler",
}
DOWNLOAD_VERIFY_CERTIFICATES = True
"""Off by default in Scrapy; a page of another's certificate would be archived as the publisher's."""

# Size and time.
DOWNLOAD_MAXSIZE = 32 * 1024 * 1024
"""Bytes of a body, both on the wire and unpacked; feeds of 30 MB exist. Default 1 GiB."""
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_TIMEOUT = 20
"""Seconds for a whole answer, so that a body that drips is cut too. Default 180."""
DOWNLOAD_FAIL_ON_DATALOSS = True

# Nothing that leaks or remembers.
COOKIES_ENABLED = False
REFERER_ENABLED = False
HTTPCACHE_ENABLED = False
HTTPPROXY_ENABLED = False
"""The engine chooses the proxy (environment or source) and hands it to the handler."""

# Decided by the engine, hop by hop: robots and the address check hold on each redirect.
REDIRECT_ENABLED = False
METAREFRESH_ENABLED = False
RETRY_ENABLED = False
"""Retries belong to the schedule, which knows Retry-After and the other jobs of the host."""
ROBOTSTXT_OBEY = False
"""Scrapy's robots cache never expires; `crawler.robots` keeps RFC 9309 over restarts."""
DOWNLOADER_MIDDLEWARES_BASE: dict[str, int] = {}
DOWNLOADER_MIDDLEWARES: dict[str, int] = {}
SPIDER_MIDDLEWARES_BASE: dict[str, int] = {}
SPIDER_MIDDLEWARES: dict[str, int] = {}
DEFAULT_REQUEST_HEADERS: dict[str, str] = {}
COMPRESSION_ENABLED = False
"""The handler unpacks while it reads, so that a bomb is cut at the limit."""
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"

# Politeness and load. Delays between requests to one host are kept by `crawler.hosts`, over restarts.
CONCURRENT_REQUESTS = 32
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 0
AUTOTHROTTLE_ENABLED = False
CONCURRENT_ITEMS = 1
"""Scrapy starts this many tasks for each response, whatever it yields; with the default of 100 they cost half of
the CPU of a fetch (measured)."""
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 256 * 1024 * 1024
"""Back-pressure is the engine's: a body counts until its answer was taken."""

# Quiet and cheap.
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
STATS_DUMP = False
DOWNLOADER_STATS = False
LOG_ENABLED = False
"""Logging is the program's; Scrapy installs no handler of its own."""
LOG_VERSIONS: list[str] = []
WARN_ON_GENERATOR_RETURN_VALUE = False
