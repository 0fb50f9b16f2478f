"""The one ASGI application: pages, REST, MCP and the live socket in one process."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teammcp.settings")

# Everything that is imported here lives as long as the process. Keep the collector from walking it:
# now, where that is a sixth of the start, and later, where it takes over 100 ms each time and shows
# as the slowest pushes.
gc.disable()

import django

django.setup()

from teammcp.serving import Server

application = Server()

gc.collect()
gc.freeze()
gc.enable()
