"""`martlet-media`, started for a test: participants without a browser."""

import json
import subprocess

from harness.server import BUILD


class MediaTool:
    """One run of a verb of `martlet-media`."""

    def __init__(self, server, verb, room, *options, environment=None, inside=None):
        self.arguments = [
            *(inside.prefix if inside else []), str(BUILD / "martlet-media"), verb, *(str(option) for option in options),
            "--server", server.url, "--room", room,
        ]
        # What it printed, once it was stopped.
        self.output = ""
        self.process = subprocess.Popen(
            self.arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"SWIFT_BACKTRACE": "enable=no", **(environment or {})},
        )

    def finish(self, seconds=60):
        """Waits for its end; gives the status and all it printed."""
        out, error = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, error

    def summary(self, seconds=60):
        """Waits for its end, which must be a good one; gives the line of JSON that it printed last."""
        status, out, error = self.finish(seconds)
        assert status == 0, f"{self.arguments}: {status}\n{out}\n{error}"
        return json.loads(out.strip().splitlines()[-1])

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.output = self.process.communicate(timeout=5)[0]
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()
