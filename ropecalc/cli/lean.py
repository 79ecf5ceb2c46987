"""Commands whose parameters need no type adapter of Typer's.

From 0.29 on Typer reads every value through pydantic, which takes as long to load as all else. The
parsers here are our own, so each parameter is given a reader that calls them. Older versions of
Typer never request it.
"""

from __future__ import annotations

from itertools import pairwise
from textwrap import fill
from typing import Any

import typer
import typer.core

from ropecalc.cli.commands import GROUPS

OF_THE_FORM = ("--json", "--csv", "--tsv", "--markdown", "--get", "--all-fields", "--width")
THE_FORM = (
    "Output is text, or --json, --csv, --tsv or --markdown. --get FIELD,... prints only these "
    "fields of --json, --all-fields every column. --width N sets the width."
)


class Grouped(typer.core.TyperGroup):
    """The commands under the headings of ``GROUPS``."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, --help and what Typer adds among them."""
        return _relieved(super().get_params(ctx))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands for -h."""
        for heading, names in GROUPS.items():
            known = [(name, self.get_command(ctx, name)) for name in names.split()]
            rows = [(name, one.get_short_help_str(80)) for name, one in known if one is not None]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


class LeanCommand(typer.core.TyperCommand):
    """A command whose parameters read their values by their own parsers.

    An option that takes one value is refused where it is given twice: the last would win silently.
    So is one whose value is another option's name, which would name a file, or leave a word over.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of a command line."""
        words = args[: args.index("--")] if "--" in args else args
        given = [word.partition("=")[0] for word in words if word.startswith("-")]
        parameters: list[Any] = [*self.params]  # their class has another name from 0.29 on
        options = [one for one in parameters if one.param_type_name == "option"]
        names = {name for one in options for name in one.opts}
        after = {word: other for word, other in pairwise(words) if other in names}
        for one in options:
            if getattr(one, "is_flag", False):
                continue
            if not getattr(one, "multiple", False) and sum(map(given.count, one.opts)) > 1:
                raise typer.BadParameter("it is given more than once: give it once", ctx, one)
            for name in after.keys() & set(one.opts):
                text = f"its value is missing: {after[name]} is an option"
                raise typer.BadParameter(text, ctx, one)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, --help and what Typer adds among them."""
        return _relieved(super().get_params(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options for -h: those of every command, which are about form, as a sentence."""
        rows = [row for one in self.get_params(ctx) if (row := self._row(one, ctx))]
        with formatter.section("Options"):
            formatter.write_dl([row for row in rows if row[0].split()[0] not in OF_THE_FORM])
        if len(rows) > len(OF_THE_FORM):
            words = fill(THE_FORM, formatter.width, initial_indent="  ", subsequent_indent="  ")
            formatter.write(f"\n{words}\n")

    def _row(self, one: Any, ctx: Any) -> tuple[str, str] | None:
        """A parameter and its help, which Typer 0.20 loses of arguments beside click 8.5."""
        row: tuple[str, str] | None = one.get_help_record(ctx)
        if row is None or row[1] or self.callback is None:
            return row
        return row[0], self.callback.__annotations__[one.name].__metadata__[0].help


def _relieved(parameters: list[Any]) -> list[Any]:
    """Parameters with a reader of ours, where this version of Typer needs one."""
    for parameter in parameters:
        if hasattr(parameter, "get_runtime_param"):
            parameter.get_runtime_param = lambda: _Reader
            if parameter.param_type_name == "argument":
                parameter.display_type_rich = lambda *_, **__: None  # the metavar says it
    return parameters


class _Reader:
    """What Typer asks to make a parameter's value of what was typed."""

    @staticmethod
    def coerce(value: Any, param: Any, ctx: Any) -> Any:
        """The value, parsed; each of several."""
        if value is None:
            return None
        info = param.type_descriptor.parameter_info
        several = getattr(param, "multiple", False) or param.nargs == -1
        try:
            if info.parser is None:
                return list(value) if several else value
            return [info.parser(one) for one in value] if several else info.parser(value)
        except typer.BadParameter as error:
            error.param, error.ctx = param, ctx
            raise
