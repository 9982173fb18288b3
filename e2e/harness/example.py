"""The programs of `Examples/`, started for a test."""

import queue
import signal
import subprocess
import threading

from harness.server import BUILD


class Example:
    """One run of an example."""

    def __init__(self, server, name, room, *options):
        self.arguments = [
            str(BUILD / f"Example{name}"), "--server", server.url, "--room", room,
            *(str(option) for option in options),
        ]
        self.process = subprocess.Popen(
            self.arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"SWIFT_BACKTRACE": "enable=no"},
        )
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self, seconds=15):
        """The next line that it prints; `None` at its end."""
        try:
            return self.lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"{self.arguments} printed nothing for {seconds} s") from None

    def finish(self):
        """Waits for its end, which must be a good one; gives the lines that were not read yet."""
        rest = list(iter(self.line, None))
        status = self.process.wait(10)
        assert status == 0, f"{self.arguments}: {status}\n" + "\n".join(rest)
        return rest

    def interrupt(self):
        """Ends it as Ctrl-C does; gives the lines that were not read yet."""
        self.process.send_signal(signal.SIGINT)
        return self.finish()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
