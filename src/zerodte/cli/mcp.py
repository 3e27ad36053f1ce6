"""`zerodte mcp`: the answers of a running server as tools for language models."""

import click


@click.command("mcp")
def mcp_command() -> None:
    """Offer a running server to a language model, over standard input and output.

    The server is that of ZERODTE_URL, by default http://127.0.0.1:8017, asked with the key in
    ZERODTE_KEY. A client of the Model Context Protocol starts this command.
    """
    try:
        from zerodte.mcp.stdio import serve_stdio  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise click.ClickException(
            f"zerodte mcp needs the package {package}; install the extra: pip install "
            '"zerodte[mcp]"'
        ) from error
    serve_stdio()
