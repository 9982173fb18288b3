"""Two people in a call while somebody else attacks the server, and a watch that knows whether they suffer."""

import contextlib
import json
import os
import subprocess
import sys
import time

from harness.bare import BarePage
from harness.figures import figure

# A process of its own: an attack in Python must not slow down the watch. It asks for /healthz by a new connection
# each time, until its standard input ends; and a server in itself that does nothing, to know when it was the machine
# that paused.
PROBE = """
import http.client, http.server, json, select, sys, threading, time

class Idle(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'ok\\n')
    def log_message(self, *arguments):
        pass

idle = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Idle)
threading.Thread(target=idle.serve_forever, daemon=True).start()
took, control, failed = [], [], 0

def ask(port, times):
    started = time.monotonic()
    try:
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=5)
        connection.request('GET', '/healthz')
        return connection.getresponse().read() == b'ok\\n'
    except OSError:
        return False
    finally:
        times.append((time.monotonic() - started) * 1000)

while not select.select([sys.stdin], [], [], 0.02)[0]:
    failed += not ask(int(sys.argv[1]), took)
    ask(idle.server_port, control)
slow = lambda times: sum(one > 100 for one in times)
print(json.dumps({'count': len(took), 'failed': failed, 'worst': max(took), 'slow': slow(took),
                  'paused': slow(control)}))
"""


class Bystanders:
    """Ada and Bob, in Chromium, who see and hear each other."""

    ROOM = "bystanders"

    def __init__(self, browser, server):
        self.server = server
        self.pages = {}
        for name in ["ada", "bob"]:
            page = BarePage(browser, server)
            page.join(name, self.ROOM, width=320, height=180)
            self.pages[name] = page
        for name, page in self.pages.items():
            page.wait_for_call(name, size=(320, 180))

    def received(self):
        """Packets received and lost, and frames decoded, of each stream of each."""
        streams = {}
        for name, page in self.pages.items():
            seen = page.look(name)
            assert seen["closed"] is None, f"{name} was thrown out: {seen['closed']}"
            for stream in seen["video"] + seen["audio"]:
                # A section without pictures may still be sent padding, when the path is probed.
                if stream["packets"] and (stream["frames"] or stream not in seen["video"]):
                    streams[name, stream["mid"]] = stream
        return streams

    @contextlib.contextmanager
    def unharmed(self, what):
        """Whatever happens inside: both streams of both flow on, less than 1 % is lost, and /healthz answers."""
        probe = subprocess.Popen(
            [sys.executable, "-c", PROBE, str(self.server.http_port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        before, started = self.received(), time.monotonic()
        try:
            yield
            # Long enough for a gap to show.
            time.sleep(max(0.3, 1 - (time.monotonic() - started)))
        finally:
            health = json.loads(probe.communicate("")[0])
        after, seconds = self.received(), time.monotonic() - started
        packets = lost = 0
        for stream, now in after.items():
            then = before[stream]
            came = now["packets"] - then["packets"]
            # Chromium sends 50 packets of sound a second and up to 30 pictures, fewer where it gets no processor.
            assert came > 5 * seconds, f"{stream} stalled: {came} packets in {seconds:.1f} s"
            packets += came
            lost += now["lost"] - then["lost"]
            if now["frames"]:
                assert now["frames"] - then["frames"] > 2 * seconds, f"{stream} froze"
        assert len(after) == 4
        assert lost <= 0.01 * packets, f"{lost} of {packets + lost} packets lost"
        assert self.server.is_running()
        assert health["failed"] == 0, health
        # A few in a hundred may be late; more only where the machine itself was, or has far more to do than this.
        share = 0.25 if os.getloadavg()[0] > 3 * os.cpu_count() else 0.05
        assert health["slow"] <= max(1, health["count"] * share) + 2 * health["paused"], health
        figure(
            f"during {what}: slowest /healthz",
            f"{health['worst']:.0f} ms of {health['count']}, {lost} of {packets + lost} packets lost",
            "",
        )

    def close(self):
        for page in self.pages.values():
            page.close()
