"""Extraction against plain trafilatura on the corpus, in the same run: `make bench-extraction`.

Prints one row each for trafilatura's `bare_extraction` with metadata, for reading a page alone, and for reading it
with the profile that the other pages of its host give; then CPU a page of both, from interleaved passes over a
sample in one process. Needs BORDERWATCH_SHARED (the corpus and its scorer); writes bench-results/extraction.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

from trafilatura import bare_extraction
from warcio.archiveiterator import ArchiveIterator

from crawler.boilerplate import count_lines, learn
from crawler.decode import decode_html
from crawler.extract import extract
from crawler.urls import host_of
from storage.model import Capture, HostProfile, NotAnArticle

ROOT = Path(__file__).resolve().parents[2]

Prediction = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the corpus with its gold record."""

    url: str
    fetched_at: datetime
    headers: tuple[tuple[str, str], ...]
    body: bytes
    gold: dict[str, Any]

    @property
    def content_type(self) -> str | None:
        return next((value for name, value in self.headers if name.lower() == "content-type"), None)


def shared() -> Path:
    """The folder of evaluation data; ends the program in a clear sentence where it is not set."""
    folder = os.environ.get("BORDERWATCH_SHARED")
    if not folder or not (Path(folder) / "corpus").is_dir():
        sys.exit("set BORDERWATCH_SHARED to the folder of evaluation data (it holds corpus/ and tools/)")
    return Path(folder)


def load_scorer() -> ModuleType:
    path = shared() / "tools" / "score_extraction.py"
    spec = importlib.util.spec_from_file_location("score_extraction", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_pages() -> Iterator[Page]:
    corpus = shared() / "corpus"
    with (
        (corpus / "news.warc.gz").open("rb") as warc,
        (corpus / "truth.jsonl").open(encoding="utf-8") as truth,
    ):
        for record in ArchiveIterator(warc):
            if record.rec_type != "response":
                continue
            stamp = record.rec_headers.get_header("WARC-Date").replace("Z", "+00:00")
            yield Page(
                url=record.rec_headers.get_header("WARC-Target-URI"),
                fetched_at=datetime.fromisoformat(stamp),
                headers=tuple(record.http_headers.headers),
                body=record.content_stream().read(),
                gold=json.loads(next(truth)),
            )


def by_trafilatura(page: Page, profile: HostProfile | None = None) -> Prediction:
    document = bare_extraction(decode_html(page.body, page.content_type), url=page.url, with_metadata=True)
    if document is None:
        return {}
    return {"text": document.text, "title": document.title, "date": document.date}


def by_us(page: Page, profile: HostProfile | None = None) -> Prediction:
    capture = Capture(page.url, page.fetched_at, 200, page.headers, page.body, "bench", page.url)
    found = extract(capture, None, profile)
    if isinstance(found, NotAnArticle):
        return {"refused": found.reason}
    article = found[0]
    date = article.published.isoformat() if article.published else None
    return {
        "text": article.text,
        "title": article.title,
        "date": date,
        "lines": article.boilerplate,
        "lang": article.language,
    }


_READERS: dict[str, Callable[[Page, HostProfile | None], Prediction]] = {
    "trafilatura": by_trafilatura,
    "us": by_us,
}


def _work(task: tuple[str, Page, HostProfile | None]) -> Prediction:
    name, page, profile = task
    return _READERS[name](page, profile)


def predict(
    name: str, pages: list[Page], profiles: dict[str, HostProfile], processes: int
) -> list[Prediction]:
    tasks = [(name, page, profiles.get(host_of(page.url))) for page in pages]
    with get_context("fork").Pool(processes) as pool:
        return pool.map(_work, tasks, chunksize=16)


def profiles_of(pages: list[Page], predictions: list[Prediction]) -> dict[str, HostProfile]:
    """A profile for each host with several pages: a line needs another page than the one being read."""
    lines: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for page, prediction in zip(pages, predictions, strict=True):
        lines[host_of(page.url)].append(prediction.get("lines", ()))
    return {
        host: HostProfile(host, learn(count_lines(found), len(found)))
        for host, found in lines.items()
        if len(found) > 1
    }


def score(scorer: ModuleType, pages: list[Page], predictions: list[Prediction]) -> dict[str, float]:
    rows = [
        scorer.score_page(page.gold, {"url": page.url, **prediction})
        for page, prediction in zip(pages, predictions, strict=True)
    ]
    summary: dict[str, float] = scorer.summarise(rows)
    return summary


def cpu_ms(pages: list[Page], rounds: int) -> dict[str, float]:
    """Median over the rounds of the mean CPU milliseconds a page, both readers in turn over the same pages."""
    spent: dict[str, list[float]] = defaultdict(list)
    plain: Callable[[Page, HostProfile | None], Prediction] = lambda page, _: {  # noqa: E731
        "text": bare_extraction(decode_html(page.body, page.content_type), url=page.url)
    }
    readers = {
        "trafilatura, text only": plain,
        "trafilatura with metadata": by_trafilatura,
        "borderwatch": by_us,
    }
    for number in range(rounds + 1):
        for name, reader in readers.items():
            start = time.process_time()
            for page in pages:
                reader(page, None)
            if number:  # the first round warms caches
                spent[name].append(1000 * (time.process_time() - start) / len(pages))
    return {name: statistics.median(values) for name, values in spent.items()}


COLUMNS = (
    "text_f1_mean", "text_precision_mean", "text_recall_mean", "text_f1_lt50", "snip_f", "date_exact", "date_wrong",
    "title_exact", "score",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--rounds", type=int, default=3, help="timed passes over the sample; 0 leaves timing out"
    )
    parser.add_argument("--sample", type=int, default=150, help="pages in the timed sample")
    parser.add_argument("--out", type=Path, default=ROOT / "bench-results" / "extraction.json")
    arguments = parser.parse_args()
    scorer, pages = load_scorer(), list(load_pages())
    alone = predict("us", pages, {}, arguments.processes)
    runs = {
        "trafilatura": predict("trafilatura", pages, {}, arguments.processes),
        "borderwatch": alone,
        "borderwatch + profile": predict("us", pages, profiles_of(pages, alone), arguments.processes),
    }
    result: dict[str, Any] = {"pages": len(pages)}
    print("".ljust(24) + "".join(name.removesuffix("_mean").rjust(16) for name in COLUMNS))
    for name, predictions in runs.items():
        scores = score(scorer, pages, predictions)
        result[name] = {column: scores[column] for column in COLUMNS}
        print(name.ljust(24) + "".join(f"{scores[column]:16.3f}" for column in COLUMNS))
    result["refused"] = dict(Counter(item["refused"] for item in alone if "refused" in item))
    wrong = sum(
        bool(item.get("lang")) and item["lang"] != page.gold["lang"]
        for item, page in zip(alone, pages, strict=True)
    )
    result["language_wrong"] = wrong / len(pages)
    print(f"refused: {result['refused']}; language other than gold: {wrong} of {len(pages)}")
    if arguments.rounds:
        sample = pages[:: max(1, len(pages) // arguments.sample)]
        result["cpu_ms_a_page"] = cpu_ms(sample, arguments.rounds)
        for name, value in result["cpu_ms_a_page"].items():
            print(f"{name:28} {value:6.1f} ms of CPU a page")
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
