"""The servers that are compared, each a process of its own with its usual settings."""
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import subprocess
import tempfile
import time

from . import machine
from .signaling import JanusSignaling, MartletSignaling, exchange

START_SECONDS = 20
# The namespace has no other users, so the ports need not be looked for.
MARTLET_PORT, JANUS_PORT = 7880, 8088
# Other plugins and transports would only be loaded and stay idle.
JANUS_KEPT = {"libjanus_videoroom.so", "libjanus_http.so"}


class Server:
    """A running server."""

    name = ""
    port = 0
    path = "/"
    # The thread that forwards, where there is one.
    loop_thread = None

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="martlet-compare-")
        self.process = None

    def start(self):
        """Starts it and waits until it answers."""
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+")
        self.process = subprocess.Popen(
            self.command(), stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if exchange(self.port, "GET", self.path)[0] == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        self.log.seek(0)
        text = self.log.read()
        self.stop()
        raise RuntimeError(f"{self.name} does not start:\n{text}")

    def cpu_seconds(self):
        """What the whole process has used so far."""
        return machine.cpu_seconds(self.process.pid)

    def loop_seconds(self):
        """What its forwarding thread alone has used so far; None if there is no such thread."""
        return self.loop_thread and machine.thread_cpu_seconds(self.process.pid, self.loop_thread)

    def stop(self):
        """Ends it, and waits for it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        self.folder.cleanup()


class Martlet(Server):
    """`martlet serve` with one media loop."""

    name = "Martlet"
    port = MARTLET_PORT
    path = "/healthz"
    loop_thread = "media-0"

    def __init__(self, program, *options):
        super().__init__()
        self.program = program
        self.options = options

    def command(self):
        """One loop; keys are not needed for development."""
        http = f"127.0.0.1:{self.port}"
        return [self.program, "serve", "--dev", "--loops", "1", "--http", http, *self.options]

    def signaling(self):
        """WHIP and WHEP."""
        return MartletSignaling(self.port)


class Janus(Server):
    """Janus with its video room, as it is configured by default."""

    name = "Janus"
    port = JANUS_PORT
    path = "/janus/info"
    libraries = pathlib.Path(f"/usr/lib/{os.uname().machine}-linux-gnu/janus")

    def __init__(self, address, event_loops=None):
        super().__init__()
        self.address = address
        self.event_loops = event_loops

    def command(self):
        """A folder of configuration that says only where things are."""
        loops = f"event_loops = {self.event_loops}" if self.event_loops else ""
        folders = "\n".join(
            f'{kind}_folder = "{self.libraries / kind}"'
            for kind in ("plugins", "transports", "events", "loggers")
        )
        self._write(
            "janus.jcfg",
            f'general: {{\nconfigs_folder = "{self.folder.name}"\n{folders}\n{loops}\n}}\n'
            f'nat: {{ ice_enforce_list = "{self.address}" }}\n'
            + "".join(
                f'{kind}: {{ disable = "{",".join(self._unused(kind))}" }}\n'
                for kind in ("plugins", "transports", "loggers")
            ),
        )
        self._write(
            "janus.transport.http.jcfg",
            f'general: {{ http = true\nport = {self.port}\nip = "127.0.0.1"\nhttps = false }}\n'
            "admin: { admin_http = false }\n",
        )
        self._write("janus.plugin.videoroom.jcfg", "")
        return ["janus", f"--configs-folder={self.folder.name}"]

    def signaling(self):
        """The video room's API."""
        return JanusSignaling(self.port)

    def _unused(self, kind):
        return sorted(
            library.name
            for library in (self.libraries / kind).glob("*.so")
            if library.name not in JANUS_KEPT
        )

    def _write(self, name, text):
        (pathlib.Path(self.folder.name) / name).write_text(text)
