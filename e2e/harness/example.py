"""The programs of `Examples/`, started for a test."""

import subprocess

from harness.server import BUILD


class Example:
    """One run of an example."""

    def __init__(self, server, name, room, *options):
        self.arguments = [
            str(BUILD / f"Example{name}"), "--server", server.url, "--room", room,
            *(str(option) for option in options),
        ]
        self.process = subprocess.Popen(
            self.arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"SWIFT_BACKTRACE": "enable=no"},
        )

    def line(self):
        """The next line that it prints."""
        return self.process.stdout.readline().strip()

    def finish(self, seconds=40):
        """Waits for its end, which must be a good one; gives the lines that it printed."""
        out, error = self.process.communicate(timeout=seconds)
        assert self.process.returncode == 0, f"{self.arguments}: {self.process.returncode}\n{out}\n{error}"
        assert error == "", error
        return out.splitlines()

    def interrupt(self):
        """Ends it as Ctrl-C does; gives the lines that it printed since they were last read."""
        self.process.send_signal(2)
        return self.finish()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
