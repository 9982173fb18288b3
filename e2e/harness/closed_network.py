"""A client's network of its own, with a firewall before it: two network namespaces joined by a virtual cable."""

from harness.namespaced import Namespaced, cable, wait_until_up
from harness.server import Server

# RFC 5737: addresses that are nobody's.
SERVER, RELAY, CLIENT = "192.0.2.1", "192.0.2.2", "192.0.2.9"

# What the client's firewall lets out; nothing is let in that does not answer.
OPEN = "accept"
NO_UDP = "meta l4proto tcp accept"
HTTPS_ALONE = "tcp dport 443 accept"


class ClosedNetwork:
    """`outside` has the server's and the relay's address, `inside` the client's, and names for theirs."""

    def __init__(self, names):
        self.outside = Namespaced()
        self.inside = Namespaced(self.outside, names)
        cable("cable", (self.outside, SERVER, RELAY), (self.inside, CLIENT))
        # Browsers ask the routes which address is theirs.
        self.inside.run("ip", "route", "add", "default", "via", SERVER)
        wait_until_up(self.inside, "cable")
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
