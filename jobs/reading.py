"""From a capture to everything that pure code can say about it, and the worker processes that do it.

`read` is the one line that the live crawl, the recrawl and `sources check` call. It runs in processes, since a
page may take seconds of CPU (1.7–4.5 s were measured) and some never end.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from crawler.extract import extract
from jobs.dedup.fingerprint import fingerprint
from jobs.topics.loader import TopicSet, load_topics
from jobs.topics.match import match_article
from storage.archive import read_capture
from storage.captures import Archived
from storage.model import (
    Article,
    ArticleReading,
    BorderwatchError,
    Capture,
    Entry,
    HostProfile,
    NotAnArticle,
    Reading,
)
from text.normalise import normalise

T = TypeVar("T")

TASKS_PER_WORKER = 2_000
"""A worker is replaced after so many pages: it grows by about 36 kB a page (260 MB at 250 pages, 287 MB at 1,000, measured), and each
replacement loads the topics anew while others wait."""


class ReadingError(BorderwatchError):
    """A page could not be read: the worker crashed, ran out of time or raised; the message says which."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Which topic files judge: their references and the folder they are relative to."""

    references: tuple[str, ...]
    base_dir: Path

    def load(self) -> TopicSet:
        """The compiled topics; raises UsageError with every fault."""
        return load_topics(self.references, self.base_dir)


@dataclass(frozen=True, slots=True)
class Work:
    """One page to read: the capture itself, or where its record lies in the archive."""

    capture: Capture | None = None
    archive: Path | None = None
    place: Archived | None = None
    source: str = ""
    entry: Entry | None = None
    profile: HostProfile | None = None


def read(capture: Capture, entry: Entry | None, profile: HostProfile | None, topics: TopicSet) -> Reading:
    """Read one capture: articles with fingerprint and matches, or the reason why there are none. Pure."""
    begun = time.process_time()
    found = extract(capture, entry, profile)
    if isinstance(found, NotAnArticle):
        return Reading(nothing=found, cpu_ms=(time.process_time() - begun) * 1000)
    articles = tuple(_judge(article, topics) for article in found)
    return Reading(articles=articles, cpu_ms=(time.process_time() - begun) * 1000)


def _judge(article: Article, topics: TopicSet) -> ArticleReading:
    return ArticleReading(
        article=article,
        fingerprint=fingerprint(article.title, article.text, article.language, article.published),
        matches=match_article(article.title, article.text, article.language, topics),
        indexed=(normalise(article.title), normalise(article.text)),
    )


_topics: TopicSet | None = None


def _begin_worker(topics: Topics) -> None:
    global _topics  # noqa: PLW0603 - a worker process loads its topics once
    _topics = topics.load()
    gc.freeze()  # what is loaded now lives as long as the worker: the collector need not look at it


def _read_in_worker(work: Work) -> Reading:
    capture = work.capture
    if capture is None:
        assert work.archive is not None
        assert work.place is not None
        capture = read_capture(work.archive, work.place, source=work.source)
    assert _topics is not None
    return read(capture, work.entry, work.profile, _topics)


class ReaderPool:
    """Worker processes that read pages under a time limit each.

    pebble is the one pool that kills a stuck worker on its deadline, fails the culprit alone on a crash, and leaves
    no orphans after kill -9 of its parent (concurrent.futures and loky fail on all three).
    """

    def __init__(self, workers: int, timeout_s: float, topics: Topics) -> None:
        self.workers = workers
        self.timeout_s = timeout_s
        self.topics = topics
        self._pool = self._new_pool()
        self._room = asyncio.Semaphore(workers * 4)

    def _new_pool(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["jobs.preload"])
        return ProcessPool(
            max_workers=self.workers,
            max_tasks=TASKS_PER_WORKER,
            initializer=_begin_worker,
            initargs=(self.topics,),
            context=context,
        )

    async def read(self, work: Work) -> Reading:
        """Read one page in a worker. Raises ReadingError where it crashed, raised or took too long."""
        return await self.call(_read_in_worker, work)

    async def call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a picklable function in a worker, under the same time limit; its own public errors come through."""
        async with self._room:
            future: Future[T] = self._pool.schedule(
                function, args=args, kwargs=kwargs, timeout=self.timeout_s
            )
            try:
                return await asyncio.wrap_future(future)
            except TimeoutError:
                raise ReadingError(f"reading took longer than {self.timeout_s:g} s") from None
            except ProcessExpired as fault:
                raise ReadingError(f"the reading process died ({fault.exitcode})") from fault
            except CancelledError:
                raise asyncio.CancelledError from None
            except BorderwatchError:
                raise
            except Exception as fault:
                raise ReadingError(f"{type(fault).__name__}: {fault}"[:500]) from fault

    def reload(self, topics: Topics) -> None:
        """Read what comes next by other topics; what is being read ends as it began."""
        old, self.topics = self._pool, topics
        self._pool = self._new_pool()
        old.close()

    def close(self) -> None:
        """Stop the workers at once; captures that they held stay pending."""
        self._pool.stop()
        self._pool.join(timeout=5)
