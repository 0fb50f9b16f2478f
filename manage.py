#!/usr/bin/env python3
"""TeamMCP's one command. `python3 manage.py up` makes its environment, then starts the company.

Every Python 3 can read this file, so that one too old says so in one line.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file is what finds an older one
    sys.exit(
        "TeamMCP needs Python 3.11 or newer; this is Python {}.{} ({}).".format(  # noqa: UP032
            sys.version_info[0], sys.version_info[1], sys.executable
        )
    )


def main() -> None:
    """Enter the environment, then do what any Django project's manage.py does."""
    if sys.argv[1:2] == ["hook"]:  # a client waits for it: no environment, no Django
        from mcp_bridge.client import hook

        hook.main(sys.argv[2:])
    from teammcp import bootstrap

    arguments = bootstrap.enter(sys.argv)
    if arguments[1:2] in (["approvals"], ["connect"], ["stdio"]):  # for any machine
        from mcp_bridge.client import entry

        entry.run(arguments[1:])
    bootstrap.prepare(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teammcp.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(arguments)
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
