"""Jinja2 templates that operators may edit: sandboxed, without endless loops, checked before anything starts.

A template sees only prepared text. Each turn of a loop or macro costs a step, the output has a limit, `safe` and what
could fill the memory is left out; the check at start runs in a process of its own with a time and memory limit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from jobs.alerts.clean import cut, isolate
from storage.model import BorderwatchError

MAX_STEPS = 20_000
"""A digest of 500 alerts with 10 lines each takes 6,000."""
MAX_OUTPUT_CHARS = 1_000_000
MAX_TEMPLATE_BYTES = 100_000
CHECK_LIMIT_S = 10.0
_FILTERS = {
    "abs", "batch", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "forceescape",
    "groupby", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr",
    "reverse", "round", "select", "selectattr", "slice", "sort", "string", "striptags", "sum", "title", "tojson", "trim",
    "truncate", "unique", "upper", "urlencode", "wordcount",
}  # fmt: skip


class BadTemplateError(BorderwatchError):
    """A template cannot be used; the message names the file, the line and the reason."""


class _Budget:
    """Counts the turns of one rendering."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def __call__(self) -> str:
        self.left -= 1
        if self.left < 0:
            raise SecurityError(f"the template runs in circles: more than {MAX_STEPS:,} turns of its loops")
        return ""


class _Environment(SandboxedEnvironment):
    intercepted_binops = frozenset(["*", "**", "%"])

    def __init__(self, *, html: bool) -> None:
        super().__init__(
            autoescape=html,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            loader=None,
        )
        self.filters = {name: kept for name, kept in self.filters.items() if name in _FILTERS}
        self.filters["isolate"] = isolate
        self.filters["cut"] = cut
        self.globals = {"range": _short_range, "namespace": self.globals["namespace"]}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if (
            not all(isinstance(side, (int, float)) and abs(side) < 1_000_000 for side in (left, right))
            or operator == "**"
        ):
            raise SecurityError(f"{operator} works on small numbers only in a template")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for kind in (nodes.For, nodes.Macro, nodes.CallBlock, nodes.FilterBlock):
            for node in list(tree.find_all(kind)):
                step = nodes.Output([nodes.Call(nodes.Name("__step__", "load"), [], [], None, None)])
                step.set_lineno(node.lineno).set_environment(self)
                for child in step.find_all(nodes.Node):
                    child.set_lineno(node.lineno)
                node.body.insert(0, step)  # type: ignore[attr-defined] # every one of these kinds has a body
        return tree


def _short_range(*bounds: int) -> range:
    wanted = range(*bounds)
    if len(wanted) > 1000:
        raise SecurityError("range() gives at most 1,000 numbers in a template")
    return wanted


class Template:
    """A compiled template."""

    def __init__(self, source: str, name: str, *, html: bool) -> None:
        self.name = name
        try:
            self._template = _environment(html).from_string(source)
        except jinja2.TemplateSyntaxError as fault:
            raise BadTemplateError(f"{name}, line {fault.lineno}: {fault.message}") from None

    def render(self, view: dict[str, Any]) -> str:
        """The text; raises BadTemplateError, also for a template that runs in circles or writes without end."""
        pieces: list[str] = []
        size = 0
        try:
            for piece in self._template.generate({**view, "__step__": _Budget()}):
                size += len(piece)
                if size > MAX_OUTPUT_CHARS:
                    raise BadTemplateError(f"{self.name}: writes more than {MAX_OUTPUT_CHARS:,} characters")
                pieces.append(piece)
        except BadTemplateError:
            raise
        except RecursionError:
            raise BadTemplateError(f"{self.name}: a macro calls itself without end") from None
        except MemoryError:
            raise BadTemplateError(f"{self.name}: needs more memory than there is") from None
        except Exception as fault:  # noqa: BLE001 - whatever a template's expression raises is the template's fault
            raise BadTemplateError(f"{self.name}{_line(fault)}: {fault}") from None
        return "".join(pieces)


@cache
def _environment(html: bool) -> _Environment:
    return _Environment(html=html)


def _line(fault: Exception) -> str:
    trace, line = fault.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""


@cache
def shipped(name: str) -> Template:
    """A template of `presets/templates/`, such as `alert.txt`."""
    source = files("presets").joinpath("templates", f"{name}.j2").read_text(encoding="utf-8")
    return Template(source, f"presets/templates/{name}.j2", html=name.endswith(".html"))


def load_template(path: Path, *, html: bool) -> Template:
    """An operator's template; raises BadTemplateError where it cannot be read or compiled."""
    try:
        if path.stat().st_size > MAX_TEMPLATE_BYTES:
            raise BadTemplateError(f"{path}: larger than {MAX_TEMPLATE_BYTES // 1000} kB")
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise BadTemplateError(f"{path}: cannot be read as UTF-8 text ({fault})") from None
    return Template(source, path.name, html=html)


def check_templates(paths: Iterable[tuple[Path, bool]], limit_s: float = CHECK_LIMIT_S) -> dict[Path, str]:
    """What is wrong with operators' templates (path, html): each is rendered with samples in a process of its own,
    which is ended after `limit_s` seconds or 512 MB. A template without faults is not in the result."""
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda wanted: (wanted[0], _check(wanted[0], wanted[1], limit_s)), paths)
    return {path: fault for path, fault in found if fault is not None}


def _check(path: Path, html: bool, limit_s: float) -> str | None:
    command = [sys.executable, "-m", "jobs.alerts.template_check", str(path), "html" if html else "text"]
    try:
        done = subprocess.run(  # noqa: S603 - this program itself
            command, capture_output=True, timeout=limit_s, check=False, cwd=Path(__file__).parents[2]
        )
    except subprocess.TimeoutExpired:
        return f"takes more than {limit_s:g} s: a loop without an end?"
    if done.returncode == 0:
        return None
    answer = done.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return str(json.loads(answer)) if answer.startswith('"') else "cannot be rendered in 512 MB of memory"
