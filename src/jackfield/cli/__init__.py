"""The `jackfield` command. One file per group of commands; what they do is in the services."""

import signal
import sys

import typer

from jackfield import __version__
from jackfield.cli.console import fail
from jackfield.cli.console_link import console_link
from jackfield.cli.definitions import definitions
from jackfield.cli.demo import demo
from jackfield.cli.doctor import doctor
from jackfield.cli.keys import keys
from jackfield.cli.migrate import migrate
from jackfield.cli.organisations import organisations
from jackfield.cli.providers import providers
from jackfield.cli.serve import serve
from jackfield.cli.vault import vault
from jackfield.cli.worker import worker
from jackfield.domain.errors import JackfieldError

app = typer.Typer(
    name="jackfield",
    help="A self-hosted integrations service. Settings are environment variables JACKFIELD_*; see docs/settings.md.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serve)
app.command()(worker)
app.command()(migrate)
app.command()(doctor)
app.command()(demo)
app.command("console-link")(console_link)
app.add_typer(organisations, name="organisations")
app.add_typer(keys, name="keys")
app.add_typer(providers, name="providers")
app.add_typer(definitions, name="definitions")
app.add_typer(vault, name="vault")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Runs the command line; what a person can mend is one line on standard error and exit status 1."""
    # a stop goes the way of an exception, which closes what is open; 128 + SIGTERM is what a shell expects
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app()
    except JackfieldError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
