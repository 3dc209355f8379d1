"""The command line, one module a group of commands."""

from importlib import import_module

import click

# name: the module that has the command, and what it does. Some take seconds to import, so a module
# is imported when one of its commands is named.
COMMANDS = {
    "attack": (
        "images",
        "Attack images of a data set; successful images are saved by their true class.",
    ),
    "baseline": ("baseline", "Baselines: what traffic looks like when all is well."),
    "captures": ("captures", "Captures from SageMaker's files, and to them; care of the log."),
    "evaluate": (
        "models",
        "Measure a model: accuracy, macro F1, calibration error, figures per class.",
    ),
    "explain": ("images", "Heat maps as PNG, on one scale where two images are given."),
    "model": ("models", "Import weights, calibrate suspicion, measure the detection of attacks."),
    "monitor": ("monitor", "Run the monitor."),
    "replay": ("traffic", "Send images over HTTP as a real client would, clean or attacked."),
    "samples": ("images", "Draw the sample signs."),
    "train": ("models", "Train the classifier, calibrate it, measure it on held-out tracks."),
    "triage": ("triage", "Export what was decided in triage."),
}


class Commands(click.Group):
    """COMMANDS; each is imported when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        found: click.Command = getattr(import_module(f"core.cli.{module}"), cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each does, without an import."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Signwatch: monitoring for image classifiers, shown on traffic signs."""
