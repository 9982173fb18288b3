"""A client's network behind a router with a NAT: whoever is outside cannot reach it, and sees the router's address alone."""

import re

from harness.closed_network import RELAY, SERVER
from harness.namespaced import Namespaced, cable, wait_until_up

# The router's public address, the one it gets when it dials anew, and addresses of nobody's behind it.
PUBLIC, OTHER_PUBLIC = "192.0.2.8", "192.0.2.7"
GATEWAY, PRIVATE = "10.0.0.1", "10.0.0.9"

# How the router chooses the port by which a flow leaves: the client's own, or another for each.
KEEPS_PORTS = "masquerade"
CHANGES_PORTS = "meta l4proto udp masquerade fully-random; masquerade"


class TranslatedNetwork:
    """`outside` has the server's and the relay's address, `router` a public and a private one, `inside` a private one."""

    def __init__(self):
        self.outside = Namespaced()
        self.router = Namespaced(self.outside)
        self.inside = Namespaced(self.outside)
        cable("outer", (self.outside, SERVER, RELAY), (self.router, PUBLIC))
        cable("inner", (self.router, GATEWAY), (self.inside, PRIVATE))
        self.inside.run("ip", "route", "add", "default", "via", GATEWAY)
        try:
            self.router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
            self.translate(KEEPS_PORTS)
        except RuntimeError as error:
            self.close()
            raise PermissionError(f"no NAT here: {error}") from error
        wait_until_up(self.inside, "inner")

    def translate(self, rule):
        """New flows leave as the rule says; nothing comes in that does not answer."""
        self.router.run(
            "nft", "-f", "-", input=f"""
            table ip router
            delete table ip router
            table ip router {{
                chain leaving {{
                    type nat hook postrouting priority srcnat;
                    oifname "outer" jump translated
                }}
                chain translated {{
                    {rule}
                }}
                chain forwarded {{
                    type filter hook forward priority 0; policy drop;
                    iifname "inner" accept
                    ct state established,related accept
                }}
                chain own {{
                    type filter hook input priority 0; policy drop;
                    iifname != "outer" accept
                    ct state established,related accept
                }}
            }}
            """,
        )

    def mappings(self, port):
        """As whom the UDP of clients reaches that port of the server: {own port: "address:port"}."""
        flows = self.router.run("conntrack", "-L", "-p", "udp", "--orig-dst", SERVER, "--dport", str(port))
        pattern = rf"src={PRIVATE} \S+ sport=(\d+) .*src={SERVER} dst=(\S+) sport={port} dport=(\d+)"
        return {int(own): f"{address}:{seen}" for own, address, seen in re.findall(pattern, flows)}

    def forget_udp(self):
        """The router forgets all its mappings of UDP, as one does that has started anew or has too many."""
        self.router.run("conntrack", "-D", "-p", "udp")

    def dial(self, address):
        """The router's line comes back with that address; what went by the one before is forgotten."""
        self.router.run("ip", "address", "flush", "dev", "outer")
        self.router.run("ip", "address", "add", f"{address}/24", "dev", "outer")

    def close(self):
        for side in (self.inside, self.router, self.outside):
            side.close()
