"""Where the installed command begins: an interrupt is one line even this early."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run one command; see ``cli.main``, and ``cli.plain`` for the plainest."""
    try:
        from cli.plain import plain

        code = plain(sys.argv[1:])
        if code is None:
            from cli.main import main as run

            run()
        sys.exit(code)
    except KeyboardInterrupt:
        # Whatever was half imported is left as it is: there is nothing to undo.
        os.write(2, b"scr: interrupted\n")
        os._exit(130)
