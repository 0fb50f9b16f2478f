"""The one ASGI application: pages, REST, MCP and the live socket in one process."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teammcp.settings")

import django

django.setup()

from teammcp.serving import Server

application = Server()

# Everything imported so far lives as long as the process: keep the collector from walking it, which
# takes over 100 ms each time and shows as the slowest pushes.
gc.collect()
gc.freeze()
