"""What docs/deploy.md tells people to put around a server, run as it stands there but for addresses and files."""

import pathlib
import re
import subprocess
import time

from harness.server import ROOT

PAGE = (ROOT / "docs" / "deploy.md").read_text()
MEDIA_NAME, RELAY_NAME = "media.example.com", "turn.example.com"


def block(language):
    """The one block of the page in that language."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, f"{len(blocks)} blocks of {language}"
    return blocks[0]


def replaced(text, **values):
    """A block with each of these that stand in it replaced; each must."""
    for old, new in values.items():
        assert old in text, f"{old} does not stand in:\n{text}"
        text = text.replace(old, new)
    return text


class Service:
    """A program in a network namespace, with a folder of its own."""

    def __init__(self, namespace, folder, port, *command):
        self.folder = pathlib.Path(folder)
        self.log = open(self.folder / "log", "w+")
        self.process = subprocess.Popen(
            [*namespace.prefix, *command], stdout=self.log, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + 10
        while f":{port} " not in namespace.run("ss", "-Hltn"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{command[0]} does not listen on {port}:\n{self.output()}")
            time.sleep(0.05)

    def output(self):
        self.log.flush()
        return (self.folder / "log").read_text()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def certificate(folder):
    """A certificate of its own for both names: (certificate, key)."""
    files = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", "/CN=example.com"),
            *("-addext", f"subjectAltName=DNS:{MEDIA_NAME},DNS:{RELAY_NAME}"),
            *("-out", files[0], "-keyout", files[1]),
        ],
        check=True,
        capture_output=True,
    )
    return [str(file) for file in files]


def proxy(namespace, folder, address, port):
    """nginx with the page's `server` block, before a server at that address and port."""
    pem, key = certificate(folder)
    served = replaced(
        block("nginx"),
        **{
            "listen 443": f"listen {address}:443",
            "/etc/ssl/media.example.com.pem": pem,
            "/etc/ssl/media.example.com.key": key,
            "127.0.0.1:7880": f"{address}:{port}",
        },
    )
    scratch = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off;\n{scratch}{served}}}\n"
    )
    return Service(
        namespace, folder, 443, "nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")
    )


def relay(namespace, folder, address, media_address, secret):
    """coturn with the page's configuration."""
    pem, key = certificate(folder)
    configured = replaced(
        block("turnserver"),
        **{
            "203.0.113.8": address,
            "203.0.113.7": media_address,
            "/etc/ssl/turn.example.com.pem": pem,
            "/etc/ssl/turn.example.com.key": key,
            "THE-VALUE-OF-MARTLET_TURN_SECRET": secret,
            # Who got an allocation of it when.
            "\nsyslog\n": "\nlog-file=stdout\nverbose\n",
        },
    )
    (folder / "turnserver.conf").write_text(configured)
    return Service(
        *(namespace, folder, 443, "turnserver", "-c", str(folder / "turnserver.conf")),
        *("--pidfile", str(folder / "pid"), "--userdb", str(folder / "turndb")),
    )
