"""What the supervisor starts: `python -m teammcp.child web` and `... jobs`.

Standard input is the lifeline that `supervisor` describes. A thread reads it from the first moment
on, before Django is imported, so that no child can be left behind while it starts.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import sys
import threading
import time

GRACE_SECONDS = 3  # for requests in progress, when the server stops
RELEASE_SECONDS = 0.3  # for the last answers under daphne, which breaks off all it serves
KEEP_ALIVE_SECONDS = 75  # longer than clients pause between calls
LARGEST_SOCKET_MESSAGE = 1 << 20


def main(name: str) -> None:
    """Be the child of this name."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the supervisor decides
    threading.Thread(target=hold_lifeline, name="lifeline", daemon=True).start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teammcp.settings")
    {"web": serve_web, "jobs": run_jobs}[name]()


def hold_lifeline() -> None:
    """A byte asks for an orderly end. The end of the pipe means that the supervisor is gone."""
    while os.read(0, 1):
        _ask_main_thread_to_stop()
    os._exit(1)  # what was accepted is committed; there is nothing that must be tidied


def _ask_main_thread_to_stop() -> None:
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGTERM)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


# web


def serve_web() -> None:
    """The ASGI application under uvicorn, or under daphne where TEAMMCP_SERVER says so."""
    if os.environ.get("TEAMMCP_SERVER") == "daphne":
        _serve_with_daphne()
    else:
        _serve_with_uvicorn()


def _serve_with_uvicorn() -> None:
    import uvicorn

    from teammcp.asgi import application
    from teammcp.joined import JoinedProtocol

    class WebServer(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            application.release()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        application,
        http=JoinedProtocol,
        access_log=False,
        log_config=None,  # Django's settings say what is logged
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        ws_max_size=LARGEST_SOCKET_MESSAGE,
    )
    WebServer(config).run(sockets=[inherited_listener()])


def _serve_with_daphne() -> None:
    from daphne.server import Server, reactor  # first: it chooses Twisted's reactor

    from teammcp.asgi import application

    def stop() -> None:
        application.release()
        reactor.callLater(RELEASE_SECONDS, reactor.stop)

    server = Server(
        application,
        endpoints=[f"fd:fileno={inherited_listener().detach()}"],
        signal_handlers=False,
        application_close_timeout=GRACE_SECONDS,
        websocket_max_message_size=LARGEST_SOCKET_MESSAGE,
    )
    signal.signal(signal.SIGTERM, lambda number, frame: reactor.callFromThread(stop))
    server.run()


def inherited_listener() -> socket.socket:
    """The supervisor's listening socket; where none can be inherited, one of our own."""
    if descriptor := os.environ.get("TEAMMCP_LISTEN_FD"):
        return socket.socket(fileno=int(descriptor))
    from teammcp.claims import listen

    return listen(os.environ["TEAMMCP_HOST"], int(os.environ["TEAMMCP_PORT"]))


# jobs


def run_jobs() -> None:
    """The job cluster. It forks workers that would outlive it, so each is bound to its parent."""
    if sys.platform == "linux":
        os.register_at_fork(after_in_child=_die_with_parent_on_linux)
    elif sys.platform != "win32":
        os.register_at_fork(after_in_child=_die_with_parent)

    os.environ["TEAMMCP_DATABASE_CONNECTIONS"] = "0"  # a pool's threads would not survive the fork
    import django
    from django.core.management import call_command

    gc.disable()
    django.setup()
    gc.freeze()  # as in `asgi`; and memory that the workers share stays shared
    gc.enable()
    call_command("qcluster")


def _die_with_parent_on_linux() -> None:
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _die_with_parent() -> None:
    """Where the kernel offers nothing: look once a second."""
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1])
