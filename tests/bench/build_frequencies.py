"""Write presets/frequencies.tsv anew from the evaluation texts: document rates of words and story keys, no texts.

BORDERWATCH_SHARED=… python -m tests.bench.build_frequencies VERSION
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jobs.dedup.fingerprint import vocabulary
from jobs.dedup.frequencies import PRESET, learn, render
from tests.bench.story_quality import load


def main() -> None:
    """Learn and write; the version is a name that never comes twice."""
    shared, (version,) = Path(os.environ["BORDERWATCH_SHARED"]), sys.argv[1:]
    texts = load(shared, fewest_words=0)  # Chinese is written without spaces
    table = learn(
        version, ((text.language, vocabulary(text.title, text.text)) for text in texts.border + texts.corpus)
    )
    PRESET.write_text(render(table), encoding="utf-8")
    print(
        f"{PRESET}: version {version}, {len(table.rates)} terms of {len(texts.border) + len(texts.corpus)} articles"
    )


if __name__ == "__main__":
    main()
