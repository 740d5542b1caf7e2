"""``scr demo``: placeholder until the fixture lands."""

import click


@click.command("demo")
def demo_command() -> None:
    """."""
