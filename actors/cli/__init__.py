"""The `mixmode` command. Needs the extra `mixmode[cli]`."""

from actors.cli.command import main

__all__ = ["main"]
