"""The load: martlet-benchmark's clients in a process of their own, told through a pipe what to do."""
# SPDX-License-Identifier: Apache-2.0

import subprocess

from .machine import cpu_seconds


class LoadError(Exception):
    """The load could not do what it was asked for."""


def parse_numbers(text):
    """The load's counters: `name=number`, separated by blanks."""
    numbers = {}
    for word in text.split():
        name, separator, value = word.partition("=")
        if not separator or not value.isdigit():
            raise LoadError(f"the report is garbled: {text!r}")
        numbers[name] = int(value)
    return numbers


class Load:
    """Clients that connect for real; who carries what they say to the server is the caller's business."""

    def __init__(self, program, publishers, receivers, *options):
        self.process = subprocess.Popen(
            [
                *(program, "--as-load"),
                *("--publishers", str(publishers), "--receivers", str(receivers), *options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    @property
    def pid(self):
        """The process to measure."""
        return self.process.pid

    def cpu_seconds(self):
        """What it has used so far."""
        return cpu_seconds(self.pid)

    def offer(self, sends):
        """The offer of the next client."""
        return self._ask("offer", "send" if sends else "receive")

    def take(self, answer):
        """Gives the client that has offered its answer."""
        self._ask("answer", answer)

    def accept(self, offer):
        """The next client's answer to an offer."""
        return self._ask("accept", offer)

    def dial(self):
        """Waits until all are connected."""
        self._ask("dial")

    def publish(self):
        """The publishers begin."""
        self._ask("publish")

    def reset(self):
        """All counters start anew."""
        self._ask("reset")

    def report(self):
        """The counters since then."""
        return parse_numbers(self._ask("report"))

    def stop(self):
        """Lets it end."""
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _ask(self, word, rest=""):
        message = f"{word}\n{rest}".encode()
        self.process.stdin.write(len(message).to_bytes(4, "big") + message)
        self.process.stdin.flush()
        count = int.from_bytes(self._read(4), "big")
        result, _, text = self._read(count).decode().partition("\n")
        if result != "ok":
            raise LoadError(f"{word}: {text}")
        return text

    def _read(self, count):
        data = self.process.stdout.read(count)
        if len(data) < count:
            raise LoadError(f"the load is gone ({self.process.poll()})")
        return data
