"""`automator token`: a token for a person or a program, and what the configuration has to know of it."""

import click

from automator.web.access.tokens import hash_token, make_token
from automator.yamltext.quote import double_quote


@click.command("token")
@click.argument("name")
@click.option("--email", default="", help="The author's address of commits for this person.")
@click.option(
    "--may",
    type=click.Choice(["act", "read"]),
    default="act",
    show_default=True,
    help="What the token is for.",
)
def command(name: str, *, email: str, may: str) -> None:
    """A new token for NAME, said this once: on standard output the token, on standard error the lines for `web.users`."""
    token = make_token()
    lines = ["web:", "  users:", f"    - name: {_quoted(name)}"]
    if email:
        lines.append(f"      email: {_quoted(email)}")
    lines += [f'      token_sha256: "{hash_token(token)}"', f"      may: {may}"]
    click.echo("\n".join(lines), err=True)
    click.echo(token)


def _quoted(text: str) -> str:
    """`$` stands for itself."""
    return double_quote(text).replace("${", "$${")
