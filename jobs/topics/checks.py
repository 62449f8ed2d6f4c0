"""What is odd about a topic that is otherwise well formed: rules that can never fire, concepts that no rule uses."""

from __future__ import annotations

from jobs.topics.model import Rule, Topic


def odd_rules(topic: Topic) -> list[tuple[int | None, str]]:
    """Findings with the number of the rule (from 0), or None where the whole topic is meant."""
    found: list[tuple[int | None, str]] = []
    for number, rule in enumerate(topic.rules):
        reason = never_fires(rule)
        if reason:
            found.append((number, f"rule {rule.name!r} can never fire: {reason}"))
    reachable = sum(
        rule.weight * max(1.0, rule.title_factor)
        for rule in topic.rules
        if rule.weight > 0 and never_fires(rule) is None
    )
    if reachable < topic.threshold:
        found.append(
            (
                None,
                f"the topic can never match: all its weights together are {reachable:g} of {topic.threshold:g}",
            )
        )
    used = {name for rule in topic.rules for name in names_of(rule)}
    used |= {name for concept in topic.concepts for name in concept.includes}
    if topic.weighing is not None:
        used |= {
            name for groups in topic.weighing.roles.values() for names in groups.values() for name in names
        }
    found += [
        (None, f"no rule uses the concept {one.name!r}")
        for one in topic.concepts
        if one.name not in used and not one.masks
    ]
    return found


def never_fires(rule: Rule) -> str | None:
    """Why no text can satisfy the rule, or None."""
    forbidden = set(rule.not_text)
    if rule.phrases and all(
        any(set(slot.concepts) <= forbidden and not slot.many for slot in one.slots) for one in rule.phrases
    ):
        return "its phrases need what not_text forbids"
    for key, wanted, ruled_out in (
        ("near", rule.near, forbidden | (set(rule.not_near) if rule.not_near_words is None else set())),
        ("around", rule.around, forbidden | set(rule.not_around)),
        ("text", rule.text, forbidden),
        ("title", rule.title, forbidden | set(rule.not_title)),
    ):
        for names in wanted:
            if set(names) <= ruled_out:
                return f"{key} needs {' or '.join(names)}, which a not_ condition forbids"
    if any(set(names) <= set(rule.nearer_than) for names in rule.near):
        return "near and nearer_than name the same concepts"
    return None


def names_of(rule: Rule) -> set[str]:
    """Every concept a rule speaks of."""
    groups = (*rule.near, *rule.around, *rule.text, *rule.title)
    flat = (
        *(rule.nearer_than, rule.more_than, rule.not_inside, rule.not_before),
        *(rule.not_near, rule.not_around, rule.not_text, rule.not_title),
    )
    slots = (slot.concepts for phrase in (*rule.phrases, *rule.unless) for slot in phrase.slots)
    return {name for names in (*groups, *flat, *slots) for name in names}
