"""The real executable, started for a test and stopped after it."""

import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MARTLET_BUILD", ROOT / ".build" / "debug"))


def free_port(kind=socket.SOCK_STREAM):
    """A port of 127.0.0.1 that nobody holds at the moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def media_port():
    """A port that is free for UDP and TCP and that the system gives to nobody's own connections."""
    while True:
        port = random.randrange(12_000, 32_000)
        with contextlib.suppress(OSError):
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
            return port


class Server:
    """`martlet serve --dev` on ports of its own."""

    def __init__(self, *options, dev=True, environment=None):
        self.host = "127.0.0.1"
        self.http_port = free_port()
        self.udp_port = media_port()
        self.options = list(options)
        self.dev = dev
        self.environment = environment or {}
        self.process = None
        self.log = None

    @property
    def url(self):
        return f"http://{self.host}:{self.http_port}"

    def command(self):
        """What starts it."""
        arguments = [str(BUILD / "martlet"), "serve"]
        if self.dev:
            arguments.append("--dev")
        arguments += ["--http", f"{self.host}:{self.http_port}", "--udp-port", str(self.udp_port)]
        if not BUILD.resolve().is_relative_to(ROOT):
            # An executable of this tree finds the page by itself.
            arguments += ["--web-root", str(ROOT / "web" / "dist")]
        return arguments + self.options

    def start(self):
        self.log = tempfile.NamedTemporaryFile("w+", prefix="martlet-", suffix=".log", delete=False)
        self.process = subprocess.Popen(
            self.command(),
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SWIFT_BACKTRACE": "enable=no", **self.environment},
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended at once:\n{self.output()}")
            if self.is_healthy():
                return self
            time.sleep(0.05)
        raise RuntimeError(f"the server is not healthy:\n{self.output()}")

    def is_healthy(self):
        try:
            with urllib.request.urlopen(self.url + "/healthz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGTERM):
        """Ends the server and gives its exit code and how long it took."""
        started = time.monotonic()
        if self.is_running():
            self.process.send_signal(how)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        return self.process.returncode, time.monotonic() - started

    def output(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text()

    def metrics(self):
        """The counters of /metrics: {name or name{labels}: value}."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=5) as answer:
            text = answer.read().decode()
        values = {}
        for line in text.splitlines():
            match = re.fullmatch(r"(\S+(?:\{.*\})?) ([-+0-9.eE]+)", line)
            if match and not line.startswith("#"):
                values[match[1]] = float(match[2])
        return values

    def request(self, method, path, body=None, headers=None):
        """One HTTP exchange: (status, headers, body), whatever the status."""
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers=headers or {}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()


class ImpairedNetwork:
    """The seeded UDP proxy between browsers and the server's media port."""

    def __init__(self, server_port, *options, seed=1, listen="127.0.0.1:0"):
        self.target = server_port
        self.listen = listen
        self.options = list(options)
        self.seed = seed
        self.port = None
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [
                str(BUILD / "martlet-impair"),
                *("--listen", self.listen, "--target", f"127.0.0.1:{self.target}"),
                *("--seed", str(self.seed), "--seconds", "300", "--control"),
                *self.options,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "SWIFT_BACKTRACE": "enable=no"},
        )
        ready = json.loads(self.process.stdout.readline())
        self.port = int(ready["listen"].rsplit(":", 1)[1])
        return self

    def set(self, name, value=""):
        """Changes a setting while traffic flows."""
        self.process.stdin.write(f"{name} {value}".strip() + "\n")
        self.process.stdin.flush()

    def stop(self):
        """Ends the proxy and gives its counters."""
        self.process.terminate()
        text = self.process.communicate(timeout=10)[0].strip()
        return json.loads(text.splitlines()[-1]) if text else {}
