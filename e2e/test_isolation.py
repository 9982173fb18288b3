"""Rooms in a process of their own: whatever happens to that, the application lives, is told, and goes on."""

import os
import pathlib
import signal
import subprocess
import threading
import time

from harness.figures import remark
from harness.server import BUILD


class Errors:
    """Lines that a tool writes on stderr, as they come."""

    def __init__(self, tool):
        self.lines = []
        self.arrived = threading.Condition()
        threading.Thread(target=self.read, args=(tool.process.stderr,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            with self.arrived:
                self.lines.append((time.monotonic(), line.strip()))
                self.arrived.notify_all()

    def wait(self, beginning, count=1, seconds=15):
        """The time and the rest of the n-th line that begins so."""
        deadline = time.monotonic() + seconds
        with self.arrived:
            while True:
                found = [(at, line[len(beginning):].strip()) for at, line in self.lines if line.startswith(beginning)]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                assert left > 0, f"no {beginning} number {count}: {self.lines}"
                self.arrived.wait(left)


def output(tool, seconds=30):
    """What a tool that was followed by `Errors` printed, once it has ended well."""
    out = tool.process.stdout.read()
    assert tool.process.wait(seconds) == 0
    return out


def is_gone(process):
    """Whether a process has ended; one that nobody has asked for its status has."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def numbers(line):
    """How many pictures a line of `play` tells of all tracks together."""
    return sum(int(part.split()[-2]) for part in line.split(";") if "pictures" in part)


def test_E34_G01_G04_G06_a_killed_engine_is_told_and_another_goes_on(server, media_tool, tmp_path):
    logs = tmp_path / "logs"
    options = ("--isolated", "--restarts", "--log-directory", logs)
    bot = media_tool(server, "beep", "crash", "--as", "bot", "--seconds", 60, *options)
    viewer = media_tool(server, "play", "crash", "--as", "viewer", "--seconds", 12, *options)
    bot_says, viewer_says = Errors(bot), Errors(viewer)
    _, sender = bot_says.wait("engine")
    _, receiver = viewer_says.wait("engine")
    time.sleep(3)

    back = []
    for says, process in ((viewer_says, receiver), (bot_says, sender)):
        killed = time.monotonic()
        os.kill(int(process), signal.SIGKILL)
        told, why = says.wait("disconnected")
        assert why.startswith("engineCrashed: ") and "SIGKILL" in why and "6011" in why, why
        again, other = says.wait("engine", 2)
        assert other != process and is_gone(process)
        assert told - killed < 1
        back.append(again - killed)
        time.sleep(3)
        assert (logs / f"engine-{process}.log").exists()
        assert "joined" in (logs / f"engine-{other}.log").read_text()

    assert bot.process.poll() is None
    lines = output(viewer).strip().splitlines()
    pictures = [numbers(line) for line in lines if "pictures" in line]
    # Pictures came before, between and after: each second that is not one of a crash has its 25.
    growth = [after - before for before, after in zip(pictures, pictures[1:])]
    assert growth[-1] > 15 and growth[-2] > 15, lines
    assert sum(growth) > 150, lines
    remark(f"an engine was killed and another had joined after {back[0]:.2f} s (receiving), {back[1]:.2f} s (sending)")
    # A log says nothing of who is where.
    text = "".join(file.read_text() for file in logs.iterdir())
    assert "127.0.0.1" not in text and "crash" not in text, text
    bot.stop()


def test_G06_an_application_that_is_killed_leaves_no_engine(server, media_tool):
    bot = media_tool(server, "beep", "orphan", "--as", "bot", "--seconds", 60, "--isolated")
    _, process = Errors(bot).wait("engine")
    viewer = media_tool(server, "play", "orphan", "--seconds", 6)
    time.sleep(1)
    bot.process.kill()
    started = time.monotonic()
    while not is_gone(process):
        assert time.monotonic() - started < 2, "the engine is still there"
        time.sleep(0.02)
    remark(f"an engine was gone {time.monotonic() - started:.2f} s after its application was killed")
    viewer.stop()


def test_G06_without_restarts_the_application_goes_on_alone(server, media_tool):
    viewer = media_tool(server, "play", "alone", "--seconds", 4, "--isolated")
    says = Errors(viewer)
    _, process = says.wait("engine")
    time.sleep(1)
    os.kill(int(process), signal.SIGSEGV)
    _, why = says.wait("disconnected")
    assert "SIGSEGV" in why, why
    output(viewer)


def udp_ports(process):
    """The UDP ports that a process is bound to."""
    inodes = {os.readlink(entry) for entry in pathlib.Path(f"/proc/{process}/fd").iterdir()}
    ports = set()
    for table in ("udp", "udp6"):
        for line in pathlib.Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[9]}]" in inodes:
                ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return ports


def test_G03_an_engine_keeps_to_its_media_ports(server, media_tool):
    viewer = media_tool(server, "play", "ports", "--seconds", 3, "--isolated", "--ports", "42000-42063")
    says = Errors(viewer)
    _, process = says.wait("engine")
    ports = udp_ports(process)
    assert ports and all(42_000 <= port <= 42_063 for port in ports), ports
    assert not udp_ports(viewer.process.pid), "the application has no media of its own"
    output(viewer)


def test_G02_G04_what_an_engine_cannot_be_is_said(server, media_tool, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    status, _, error = media_tool(
        server, "play", "room", "--seconds", 1, "--isolated", "--log-directory", file / "logs"
    ).finish()
    assert status != 0 and "1004" in error and "log directory" in error, error
    by_hand = subprocess.run([BUILD / "martlet-media", "engine"], capture_output=True, text=True, timeout=10)
    assert by_hand.returncode != 0 and "started by a room" in by_hand.stderr, by_hand.stderr
