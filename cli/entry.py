"""Where the installed command begins: an interrupt is one line even this early."""

from __future__ import annotations

import os


def main() -> None:
    """Run one command; see ``cli.main``."""
    try:
        from cli.main import main as run

        run()
    except KeyboardInterrupt:
        # Whatever was half imported is left as it is: there is nothing to undo.
        os.write(2, b"scr: interrupted\n")
        os._exit(130)
