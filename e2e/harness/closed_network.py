"""A client's network of its own, with a firewall before it: two network namespaces joined by a virtual cable.

Neither has a way out of the machine. They belong to processes of the test and vanish with them; where the test is not
root, a user namespace around both gives the rights.
"""

import os
import pathlib
import stat
import subprocess
import tempfile

from harness.browser import CHROMIUM, launch, wait_until
from harness.server import Server

# RFC 5737: addresses that are nobody's.
SERVER, RELAY, CLIENT = "192.0.2.1", "192.0.2.2", "192.0.2.9"

# What the client's firewall lets out; nothing is let in that does not answer.
OPEN = "accept"
NO_UDP = "meta l4proto tcp accept"
HTTPS_ALONE = "tcp dport 443 accept"


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

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(10)
        self.folder.cleanup()


class ClosedNetwork:
    """`outside` has the server's and the relay's address, `inside` the client's, and names for theirs."""

    def __init__(self, names):
        self.outside = Namespaced()
        self.inside = Namespaced(self.outside, names)
        peer = str(self.inside.holder.pid)
        self.outside.run(*f"ip link add cable type veth peer name cable netns {peer}".split())
        for side, *addresses in ((self.outside, SERVER, RELAY), (self.inside, CLIENT)):
            for address in addresses:
                side.run("ip", "address", "add", f"{address}/24", "dev", "cable")
            side.run("ip", "link", "set", "cable", "up")
        # Browsers ask the routes which address is theirs.
        self.inside.run("ip", "route", "add", "default", "via", SERVER)
        # The kernel tells of a cable a second after it was plugged in, and browsers leave out what is not up.
        wait_until(
            lambda: "state UP" in self.inside.run("ip", "link", "show", "cable"), "the cable is up"
        )
        self.let(OPEN)

    def let(self, rule):
        """Lets out of the client's network what the rule says, and its answers in; all else is dropped."""
        rules = f"""
            table inet firewall
            delete table inet firewall
            table inet firewall {{
                chain out {{
                    type filter hook output priority 0; policy drop;
                    oifname "lo" accept
                    {rule}
                }}
                chain in {{
                    type filter hook input priority 0; policy drop;
                    iifname "lo" accept
                    {rule.replace("dport", "sport")}
                }}
            }}
        """
        self.inside.run("nft", "-f", "-", input=rules)

    def let_in(self, rule):
        """Lets in from the client's network what the rule says, and drops all else without a word, as a firewall far
        away does; of the client's own its programs are told."""
        self.outside.run(
            "nft", "-f", "-", input=f"""
            table inet border
            delete table inet border
            table inet border {{
                chain client {{
                    {rule}
                    drop
                }}
                chain in {{
                    type filter hook input priority 0; policy accept;
                    ip saddr {CLIENT} jump client
                }}
            }}
            """,
        )

    def launch(self, playwright, *arguments):
        """A browser in the client's network."""
        with tempfile.NamedTemporaryFile("w", suffix=".sh", delete=False) as script:
            script.write(f'#!/bin/sh\nexec {" ".join(self.inside.prefix)} {CHROMIUM} "$@"\n')
        path = pathlib.Path(script.name)
        path.chmod(stat.S_IRWXU)
        try:
            return launch(playwright, *arguments, executable=script.name)
        finally:
            path.unlink()

    def close(self):
        self.inside.close()
        self.outside.close()


class OutsideServer(Server):
    """A server in the outer network."""

    def __init__(self, network, *options, **settings):
        super().__init__(*options, **settings)
        self.network = network
        self.host = SERVER

    def is_healthy(self):
        try:
            return self.network.outside.run("curl", "-fsm", "1", self.url + "/healthz").strip() == "ok"
        except RuntimeError:
            return False

    def command(self):
        return [*self.network.outside.prefix, *super().command()]
