"""Reading the configuration: every fault at once, with file, key, value and reason."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jobs.config.models import Config, ConfigFile, Include, SourceFile, SourceOptions
from storage.model import UsageError

Model = TypeVar("Model", bound=BaseModel)

DEFAULT_NAME = "borderwatch.toml"
_PLAIN_WORDS = {
    "path_type": "give a path in quotes",
    "string_type": "give text in quotes",
    "tuple_type": "give a list in square brackets",
    "extra_forbidden": "unknown key",
}
"""What a person reads instead of pydantic's words, which speak of Python."""
_SECRET_KEYS = {"url", "secret", "password", "token", "proxy", "heartbeat_url"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a configuration file."""

    file: str
    key: str
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}{f' = {self.value}' if self.value else ''}: {self.reason}"


class ConfigurationError(UsageError):
    """The configuration has faults; all of them are in the message."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(
            f"{count} fault{'s' if count > 1 else ''} in the configuration; nothing was started.\n{lines}"
        )


def find_config(option: Path | None, environment: Mapping[str, str], cwd: Path) -> Path | None:
    """--config, else $BORDERWATCH_CONFIG, else ./borderwatch.toml, else None (the shipped defaults)."""
    if option is not None:
        return option
    if named := environment.get("BORDERWATCH_CONFIG"):
        return Path(named)
    local = cwd / DEFAULT_NAME
    return local if local.exists() else None


def load_config(path: Path | None, *, cwd: Path | None = None) -> Config:
    """Load, join what `include` names, and check. Raises ConfigurationError with every fault."""
    base = (path.parent if path else cwd or Path.cwd()).resolve()
    if path is None:
        return Config(base_dir=base)
    faults: list[Fault] = []
    data = _read_toml(path, faults)
    model = _validate(ConfigFile, data, str(path), faults) if data is not None else None
    found = _collect_sources(data or {}, path, faults)
    sources = _unique(found, faults)
    if model is not None:
        _check_channels(model, str(path), faults)
    if data is not None:
        faults += _topic_faults(_named_topics(data), base)
    if faults or model is None:
        raise ConfigurationError(faults)
    return Config(
        path=path.resolve(), base_dir=base, service=model.service, sources=sources, topics=model.include.topics,
        channels=model.channels, web=model.web, websub=model.websub, data_dir=model.data_dir or model.service.data_dir,
    )  # fmt: skip


def data_dir(config: Config, option: Path | None) -> Path:
    """--data-dir, else $BORDERWATCH_DATA_DIR, else `data_dir` of the configuration, else ./data."""
    if option is not None:
        return option
    if named := os.environ.get("BORDERWATCH_DATA_DIR"):
        return Path(named)
    if config.data_dir is not None:
        return config.base_dir / config.data_dir.expanduser()
    return Path("data")


def preset(kind: str, name: str) -> Path | None:
    """The shipped file `presets/KIND/NAME.toml`, or None."""
    path = Path(str(files("presets"))) / kind / f"{name}.toml"
    return path if path.is_file() else None


def resolve_include(kind: str, reference: str, base: Path) -> Path | str:
    """The file that an include names; a string says why there is none."""
    if reference.startswith("presets:"):
        name = reference.removeprefix("presets:")
        path = preset(kind, name)
        if path is None:
            folder = Path(str(files("presets"))) / kind
            known = ", ".join(sorted(p.stem for p in folder.glob("*.toml"))) or "none"
            return f"no such preset; there are: {known}"
        return path
    path = base / Path(reference).expanduser()
    return path if path.is_file() else f"there is no file {path}"


def _read_toml(path: Path, faults: list[Fault]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        faults.append(
            Fault(
                str(path),
                "",
                "",
                "the file does not exist. Write one with `borderwatch init`, or name another with --config",
            )
        )
    except (OSError, UnicodeDecodeError) as fault:
        faults.append(Fault(str(path), "", "", f"cannot be read as UTF-8 text ({fault})"))
    except tomllib.TOMLDecodeError as fault:
        faults.append(Fault(str(path), "", "", f"is not TOML: {fault}"))
    return None


def _validate(model: type[Model], data: dict[str, Any], file: str, faults: list[Fault]) -> Model | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults.extend(_fault(file, data, detail) for detail in error.errors(include_url=False))
        return None


def _fault(file: str, data: object, detail: Any) -> Fault:
    location = detail["loc"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    value = ""
    if detail["type"] != "missing" and isinstance(detail.get("input"), (str, int, float, bool, list)):
        value = "…" if _SECRET_KEYS & {str(part) for part in location} else repr(detail["input"])[:80]
    reason = _PLAIN_WORDS.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    name = _name_at(data, location)
    return Fault(file, key, value, f"{reason} ({name})" if name else reason)


def _name_at(data: object, location: tuple[int | str, ...]) -> str:
    """The `name` of the innermost table on the way, so that a person finds source 37 of a list."""
    name = ""
    for part in location:
        try:
            data = data[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(data, dict) and isinstance(data.get("name"), str):
            name = data["name"][:60]
    return name


def _collect_sources(
    data: dict[str, Any], path: Path, faults: list[Fault]
) -> list[tuple[str, SourceOptions]]:
    """The sources of the file and of the files it includes, each with the file it came from."""
    found: list[tuple[str, SourceOptions]] = []
    raw = data.get("sources")
    for item in raw if isinstance(raw, list) else ():
        try:
            found.append((str(path), SourceOptions.model_validate(item)))
        except ValidationError:
            continue  # already reported with the whole file
    include = data.get("include")
    references = include.get("sources", ()) if isinstance(include, dict) else ()
    for index, reference in enumerate(references if isinstance(references, list) else ()):
        if not isinstance(reference, str):
            continue
        target = resolve_include("sources", reference, path.parent)
        if isinstance(target, str):
            faults.append(Fault(str(path), f"include.sources[{index}]", repr(reference), target))
            continue
        content = _read_toml(target, faults)
        model = _validate(SourceFile, content, str(target), faults) if content is not None else None
        found += [(str(target), options) for options in (model.sources if model else ())]
    return found


def _unique(found: list[tuple[str, SourceOptions]], faults: list[Fault]) -> tuple[SourceOptions, ...]:
    seen: dict[str, str] = {}
    for file, options in found:
        if options.name in seen:
            faults.append(
                Fault(
                    file,
                    "sources.name",
                    repr(options.name),
                    f"the name is taken already (in {seen[options.name]})",
                )
            )
        seen.setdefault(options.name, file)
    return tuple(options for _, options in found)


def _check_channels(model: ConfigFile, file: str, faults: list[Fault]) -> None:
    names: set[str] = set()
    for index, channel in enumerate(model.channels):
        if channel.name in names:
            faults.append(
                Fault(file, f"channels[{index}].name", repr(channel.name), "the name is taken already")
            )
        names.add(channel.name)
    if any(channel.template or channel.template_html for channel in model.channels):
        from jobs.alerts.senders import template_faults  # noqa: PLC0415 - only operators' own templates need a check

        for name, key, reason in template_faults(model.channels, Path(file).resolve().parent):
            faults.append(Fault(file, f"channels.{name}.{key}", "", reason))


def _named_topics(data: dict[str, Any]) -> tuple[str, ...]:
    """The topics that a file names, else the shipped one, whatever else is wrong with the file."""
    include = data.get("include")
    named = include.get("topics") if isinstance(include, dict) else None
    if not isinstance(named, list):
        return Include().topics
    return tuple(reference for reference in named if isinstance(reference, str))


def _topic_faults(references: tuple[str, ...], base: Path) -> list[Fault]:
    """Faults of the topic files; the topics themselves are loaded again where they are used."""
    from jobs.topics.loader import load_topics  # noqa: PLC0415 - the topic room is heavy, and commands such as `config check` alone need it

    try:
        load_topics(references, base)
    except UsageError as fault:
        return [Fault("topics", "", "", line) for line in str(fault).splitlines() if line.strip()]
    return []
