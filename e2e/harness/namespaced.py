"""Network namespaces of a test's own, joined by virtual cables.

None has a way out of the machine. They belong to processes of the test and vanish with them; where the test is not
root, a user namespace around them gives the rights.
"""

import os
import pathlib
import stat
import subprocess
import tempfile

from harness.browser import CHROMIUM, launch, wait_until


class Namespaced:
    """A network namespace, with names of its own for addresses, held by a process that ends with this one."""

    def __init__(self, outer=None, names=None):
        enter = outer.prefix if outer else []
        own_user = ["--user", "--map-root-user"] if not outer and os.geteuid() != 0 else []
        self.has_user = bool(own_user) or bool(outer and outer.has_user)
        self.folder = tempfile.TemporaryDirectory()
        self.holder = subprocess.Popen(
            [*enter, "unshare", *own_user, "--net", "--mount", "sh", "-c", "echo ready; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if self.holder.stdout.readline() != b"ready\n":
            reason = self.holder.stderr.read().decode()
            self.close()
            raise PermissionError(f"no network namespaces here: {reason}")
        self.run("ip", "link", "set", "lo", "up")
        if names:
            lines = [f"{address} {name}" for name, address in names.items()]
            self.replace("/etc/hosts", "\n".join(["127.0.0.1 localhost", *lines, ""]))
            # No name is asked of anybody.
            self.replace("/etc/resolv.conf", "")

    def replace(self, path, text):
        """Puts a file of its own in the place of one of the machine's."""
        file = pathlib.Path(self.folder.name) / pathlib.Path(path).name
        file.write_text(text)
        self.run("mount", "--bind", str(file), path)

    @property
    def prefix(self):
        """What runs a command in it."""
        user = ["--user", "--preserve-credentials"] if self.has_user else []
        return ["nsenter", "--target", str(self.holder.pid), *user, "--net", "--mount"]

    def run(self, *command, **options):
        """Runs a command in it to its end; gives what it printed."""
        done = subprocess.run(
            [*self.prefix, *command], capture_output=True, text=True, timeout=20, **options
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout

    def launch(self, playwright, *arguments):
        """A browser in it."""
        with tempfile.NamedTemporaryFile("w", suffix=".sh", delete=False) as script:
            script.write(f'#!/bin/sh\nexec {" ".join(self.prefix)} {CHROMIUM} "$@"\n')
        path = pathlib.Path(script.name)
        path.chmod(stat.S_IRWXU)
        try:
            return launch(playwright, *arguments, executable=script.name)
        finally:
            path.unlink()

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(10)
        self.folder.cleanup()


def cable(name, *ends):
    """Joins two namespaces by a virtual cable of that name; each end is (namespace, addresses …)."""
    (first, *_), (second, *_) = ends
    peer = str(second.holder.pid)
    first.run(*f"ip link add {name} type veth peer name {name} netns {peer}".split())
    for side, *addresses in ends:
        for address in addresses:
            side.run("ip", "address", "add", f"{address}/24", "dev", name)
        side.run("ip", "link", "set", name, "up")


def wait_until_up(namespace, name):
    """The kernel tells of a cable a second after it was plugged in, and browsers leave out what is not up."""
    wait_until(lambda: "state UP" in namespace.run("ip", "link", "show", name), f"{name} is up")
