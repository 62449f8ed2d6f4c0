"""Topic files: what is refused and where the fault is said to be, what is reported, and what the keys do."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.topics.gazetteer import shipped_gazetteer
from jobs.topics.loader import TopicSet, load_topic, load_topics, parse_topic
from jobs.topics.match import match_article
from storage.model import UsageError

_HEAD = 'name = "t"\n[concepts.dam]\nen = ["dam"]\nfa = ["سد"]\n[concepts.river]\nen = ["river", "Helmand"]\n'
_RULE = '[[rules]]\nname = "r"\nphrases = ["[dam]"]\n'


@pytest.mark.parametrize(
    ("toml", "line", "reason"),
    [
        ("", 1, "name: is missing"),
        ('name = "a b/c"\n' + _HEAD[11:] + _RULE, 1, "may hold letters"),
        (_HEAD.replace('"t"', '"t"\nthreshold = "high"') + _RULE, 2, "threshold: must be a number"),
        (_HEAD.replace('"t"', '"t"\nthreshold = 0') + _RULE, 2, "must be above 0"),
        (_HEAD + _RULE + "wieght = 2\n", 10, "rules.1.wieght: is not understood"),
        (_HEAD + _RULE + "weight = 0\n", 10, "changes nothing"),
        (_HEAD + _RULE + 'where = "body"\n', 10, "'body' is none of"),
        (_HEAD + _RULE + 'near = ["canal"]\n', 10, "no concept 'canal'"),
        (_HEAD + _RULE.replace("[dam]", "[dma]"), 9, "no concept 'dma'"),
        (_HEAD + _RULE.replace("[dam]", "[dam"), 9, "not understood"),
        (_HEAD + _RULE.replace("[dam]", "[dam] ..99 [river]"), 9, "more than 30 words"),
        (_HEAD + _RULE.replace("[dam]", "[dam] [river]*"), 9, "a list stands between"),
        (_HEAD + _RULE.replace('["[dam]"]', "[]"), 7, "needs phrases"),
        (_HEAD + _RULE + 'near = ["river"]\nnear_words = 0\n', 11, "whole number"),
        (_HEAD + _RULE + "near_words = 4\n", 10, "means nothing without near"),
        (_HEAD + _RULE + _RULE, 11, "already called 'r'"),
        (_HEAD + _RULE + "near = 3\n", 10, "must be a list of texts"),
        (_HEAD + 'xx = ["y"]\n' + _RULE, 7, "concepts.river.xx: is not understood"),
        (_HEAD + "[concepts.empty]\n" + _RULE, 7, "has no terms"),
        (_HEAD + '[concepts.dots]\nen = ["…"]\n' + _RULE, 8, "holds no word"),
        (_HEAD + '[concepts.g]\ngazetteer = ["atlantis"]\n' + _RULE, 8, "'atlantis' is no id"),
        (_HEAD + '[concepts.g]\nincludes = ["sea"]\n' + _RULE, 8, "no other concept 'sea'"),
        (_HEAD, 1, "at least one [[rules]]"),
        ("name = ", 1, "not TOML"),
        (_HEAD + _RULE + 'order = "random"\n', 10, "neither 'as written' nor 'any'"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(toml: str, line: int, reason: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_topic(toml.encode(), Path("my.toml"), shipped_gazetteer())
    faults = str(refused.value).splitlines()
    assert any(reason in fault for fault in faults), faults
    assert any(
        fault.startswith(f"my.toml:{line}:") or "not TOML" in fault for fault in faults if reason in fault
    ), faults


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text(_HEAD + _RULE + "weight = 0\nwhere = 'body'\n", "utf-8")
    second.write_text("threshold = 1\n", "utf-8")
    with pytest.raises(UsageError) as refused:
        load_topics(["a.toml", "b.toml", "missing.toml", "presets:nothing"], tmp_path)
    faults = str(refused.value).splitlines()
    assert len(faults) >= 6
    assert sum("a.toml" in fault for fault in faults) == 2
    assert any("missing.toml:1: no such topic file" in fault for fault in faults)
    assert any("iran-pakistan-border" in fault for fault in faults if "nothing.toml" in fault)


def test_two_topics_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(_HEAD + _RULE, "utf-8")
    (tmp_path / "b.toml").write_text(_HEAD + _RULE, "utf-8")
    with pytest.raises(UsageError, match="already called 't'"):
        load_topics(["a.toml", "b.toml"], tmp_path)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ('near = ["river"]\nnot_near = ["river"]\n', "near needs river"),
        ('not_text = ["dam"]\n', "its phrases need what not_text forbids"),
        ('text = ["river"]\nnot_text = ["river"]\n', "text needs river"),
        ('near = ["river"]\nnearer_than = ["river"]\n', "the same concepts"),
        ("weight = 0.4\n", "the topic can never match"),
    ],
)
def test_a_rule_that_can_never_fire_is_reported(rule: str, reason: str) -> None:
    topic = parse_topic((_HEAD + _RULE + rule).encode(), Path("my.toml"), shipped_gazetteer())
    assert any(reason in warning for warning in topic.warnings), topic.warnings


def test_an_unused_concept_is_reported() -> None:
    topic = parse_topic((_HEAD + _RULE).encode(), Path("my.toml"), shipped_gazetteer())
    assert topic.warnings == ("my.toml:1: no rule uses the concept 'river'",)


def test_the_shipped_topics_are_sound() -> None:
    presets = sorted(Path(__file__).parents[2].joinpath("presets", "topics").glob("*.toml"))
    assert presets
    for path in presets:
        topic = load_topic(path)
        assert topic.warnings == (), topic.warnings
        assert topic.name == path.stem


def test_the_version_follows_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(_HEAD + _RULE, "utf-8")
    before = load_topics(["a.toml"], tmp_path)
    assert load_topics(["a.toml"], tmp_path).version == before.version
    path.write_text(_HEAD + _RULE + "weight = 2\n", "utf-8")
    assert load_topics(["a.toml"], tmp_path).version != before.version


def test_a_topic_set_travels_to_another_process(border: TopicSet) -> None:
    travelled: TopicSet = pickle.loads(pickle.dumps(border))
    text = "The Iran–Pakistan border was closed."
    (one,), (other,) = match_article("", text, None, border), match_article("", text, None, travelled)
    assert one == other


@pytest.mark.parametrize(
    ("extra", "title", "text", "holds"),
    [
        # inflected forms, exact forms and beginnings
        ('phrases = ["[dam]"]', "", "Two dams burst.", True),
        ('phrases = ["[dam]"]', "", "سدهای کشور", True),
        ('phrases = ["[dam]"]', "", "damage", False),
        # gaps, small words and punctuation
        ('phrases = ["[dam] [river]"]', "", "a dam on the river", True),
        ('phrases = ["[dam] [river]"]', "", "a dam beside a river", False),
        ('phrases = ["[dam] ..1 [river]"]', "", "a dam beside a river", True),
        ('phrases = ["[dam] [river]"]', "", "a dam, the river", False),
        ('phrases = ["[dam] [river]"]', "", "a river. A dam. The river", False),
        ('phrases = ["[dam] [river]"]\norder = "any"', "", "the river dam", True),
        ('phrases = ["[river] near|beside [dam]"]', "", "the river beside the dam", True),
        ('phrases = ["[river] new? [dam]"]', "", "river dam", True),
        ('phrases = ["[river] new? [dam]"]', "", "river new dam", True),
        ('phrases = ["[dam] [sea]* [river]"]', "", "dam: sea, lake, 3 sea and river", False),
        ('phrases = ["[dam] [sea]* [river]"]', "", "dam sea, 3 sea and river", True),
        # conditions
        ('phrases = ["[dam]"]\nnear = ["river"]', "", "A dam. A river.", False),
        ('phrases = ["[dam]"]\naround = ["river"]', "", "A dam. A river.", True),
        ('phrases = ["[dam]"]\naround = ["river"]', "", "A dam. Nothing here. A river.", False),
        ('phrases = ["[dam]"]\naround = ["river"]', "The river", "Nothing here. None. A dam.", True),
        ('phrases = ["[dam]"]\ntext = ["river"]', "", "A dam. Nothing here. A river.", True),
        ('phrases = ["[dam]"]\ntext = ["river"]\nmore_than = ["sea"]', "", "dam river sea", False),
        ('phrases = ["[dam]"]\ntext = ["river"]\nmore_than = ["sea"]', "", "dam river river sea", True),
        ('phrases = ["[dam]"]\nnear = ["river"]\nnear_words = 2', "", "dam a b c river", False),
        ('phrases = ["[dam]"]\nnear = ["river"]\nnearer_than = ["sea"]', "", "sea dam one river", False),
        ('phrases = ["[dam]"]\nnear = ["river"]\nnearer_than = ["sea"]', "", "river dam one sea", True),
        ('phrases = ["[dam]"]\nnot_near = ["sea"]', "", "dam and sea", False),
        ('phrases = ["[dam]"]\nnot_near = ["sea"]\nnot_near_words = 2', "", "dam a b c sea", True),
        ('phrases = ["[dam]"]\nnot_before = ["sea"]', "", "dam by the sea", True),
        ('phrases = ["[dam]"]\nnot_before = ["sea"]', "", "sea by the dam", False),
        ('phrases = ["[dam] ..3 [river]"]\nnot_inside = ["sea"]', "", "dam sea river", False),
        ('phrases = ["[dam]"]\nunless = ["[sea] [dam]"]', "", "a sea dam", False),
        ('phrases = ["[dam]"]\nunless = ["[sea] [dam]"]', "", "a dam sea", True),
        ('phrases = ["[dam]"]\nwhere = "title"', "", "dam", False),
        ('phrases = ["[dam]"]\nwhere = "text"', "dam", "", False),
        ('phrases = ["[dam]"]\ntitle = ["river"]', "river", "dam", True),
        ('phrases = ["[dam]"]\nnot_title = ["river"]', "river", "dam", False),
        ('phrases = ["[dam]"]\nnot_text = ["river"]', "river", "dam", False),
        ('phrases = ["[dam]"]\nweight = 0.6\ntitle_factor = 2.0', "dam", "", True),
        ('phrases = ["[dam]"]\nweight = 0.6\ntitle_factor = 2.0', "", "dam", False),
        # a longer name hides what stands in it
        ('phrases = ["[dam]"]', "", "Amster dam square", False),
    ],
)
def test_what_the_keys_do(
    small_topic: Callable[[str], TopicSet], extra: str, title: str, text: str, holds: bool
) -> None:
    toml = (
        'name = "t"\n[small_words]\nen = ["a", "the", "on", "and"]\n'
        '[concepts.dam]\nen = ["dam"]\nfa = ["سد"]\n[concepts.river]\nen = ["=river"]\n[concepts.sea]\nen = ["sea*"]\n'
        f'[concepts.other]\nmasks = true\nen = ["Amster dam"]\n[[rules]]\nname = "r"\n{extra}\n'
    )
    assert bool(match_article(title, text, None, small_topic(toml))) is holds


def test_weights_add_up_and_count_against(small_topic: Callable[[str], TopicSet]) -> None:
    topics = small_topic(
        'name = "t"\nthreshold = 1.0\n[concepts.dam]\nen = ["dam"]\n[concepts.river]\nen = ["river"]\n'
        '[concepts.film]\nen = ["film"]\n'
        '[[rules]]\nname = "a"\nsays = "a dam"\nphrases = ["[dam]"]\nweight = 0.6\n'
        '[[rules]]\nname = "b"\nsays = "a river"\nphrases = ["[river]"]\nweight = 0.6\n'
        '[[rules]]\nname = "c"\nsays = "a film"\nphrases = ["[film]"]\nweight = -0.5\n'
    )
    assert match_article("", "a dam", None, topics) == ()
    (match,) = match_article("A river", "a dam", None, topics)
    assert match.score == 1.2
    assert match.rules == ("a dam", "a river")
    assert [one.field for one in match.evidence] == ["text", "title"]
    assert match_article("A river", "a dam in a film", None, topics) == ()
