"""What every command shares: where configuration and data are, and how results are printed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import click

from jobs.config.load import data_dir, find_config, load_config
from jobs.config.models import Config
from storage.database import DATABASE_NAME, Database, open_database
from storage.model import BorderwatchError, UsageError


@dataclass
class App:
    """The context of a command: configuration and data directory, opened when first asked for."""

    config_option: Path | None = None
    data_dir_option: Path | None = None
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    @cached_property
    def config_path(self) -> Path | None:
        """The configuration file that holds here, or None for the shipped defaults."""
        return find_config(self.config_option, self.environment, Path.cwd())

    @cached_property
    def config(self) -> Config:
        """The checked configuration; raises ConfigurationError with every fault."""
        return load_config(self.config_path)

    @cached_property
    def data_dir(self) -> Path:
        """The data directory (not created yet)."""
        return data_dir(self.config, self.data_dir_option)

    @property
    def database_path(self) -> Path:
        """The database file."""
        return self.data_dir / DATABASE_NAME

    @property
    def archive_dir(self) -> Path:
        """The folder of the WARC files."""
        return self.data_dir / "archive"

    def open_database(self, *, readonly: bool = False) -> Database:
        """Open the database of this data directory, creating it unless `readonly`."""
        return open_database(self.database_path, readonly=readonly)

    def emit(self, value: Any, *, as_json: bool) -> None:
        """Print a result: one JSON document, or text as it is."""
        if as_json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
        elif isinstance(value, str):
            click.echo(value)
        else:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


pass_app = click.make_pass_decorator(App, ensure=True)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def utf8_lines(stream: IO[str], name: str) -> Iterator[str]:
    """The lines of a text file; raises UsageError where it is no UTF-8."""
    try:
        yield from stream
    except UnicodeDecodeError as fault:
        raise UsageError(f"{name}: not UTF-8 text ({fault.reason}); save it as UTF-8.") from None


def note(message: str) -> None:
    """Say something to the person, on standard error."""
    click.echo(message, err=True)


def places_first(arguments: list[str]) -> list[str]:
    """Move --config and --data-dir to the front, so that they may stand behind the command as well."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in {"--config", "--data-dir"}:
            front += [argument, *([value] if (value := next(waiting, None)) is not None else [])]
        elif argument.startswith(("--config=", "--data-dir=")):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


class Commands(click.Group):
    """A group that imports a command's module only when it is called, and turns faults into sentences."""

    def __init__(self, *args: Any, lazy: dict[str, tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = self.lazy.get(cmd_name)
        if target is None:
            return super().get_command(ctx, cmd_name)
        from importlib import import_module  # noqa: PLC0415

        module, attribute = target[0].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by the line that stands beside each, so that help imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.lazy.items()])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run; a BorderwatchError becomes its sentence on standard error and its exit code."""
        given = kwargs.pop("args", None) or (args[0] if args else None) or sys.argv[1:]
        try:
            return super().main(places_first(list(given)), *args[1:], **kwargs)
        except BorderwatchError as fault:
            click.echo(f"borderwatch: {fault}", err=True)
            sys.exit(fault.exit_code)
        except BrokenPipeError:
            # The reader of the pipe has seen enough (`| head`): not an error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
