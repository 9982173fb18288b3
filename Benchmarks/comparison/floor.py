"""What sending alone takes: the same datagrams by bare sendmmsg(), without media, cipher and forwarding."""
# SPDX-License-Identifier: Apache-2.0

import pathlib
import re
import shutil
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "floor" / "floor.c"


class FloorError(Exception):
    """The bare sender could not be built or run."""


def parse(text):
    """Microseconds for a datagram, of what the program prints; what was lost makes them worthless."""
    found = re.fullmatch(r"([0-9.]+) us for each of [0-9]+ datagrams, (-?[0-9]+) lost\n", text)
    if not found:
        raise FloorError(f"the bare sender says {text!r}")
    if found[2] != "0":
        raise FloorError(f"of the bare sender's datagrams {found[2]} were lost")
    return float(found[1])


class Floor:
    """The program, built for this sitting."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.program = pathlib.Path(self.folder.name) / "floor"
        built = subprocess.run(
            [shutil.which("cc") or "clang", "-O2", "-o", self.program, SOURCE], capture_output=True, text=True, check=False
        )
        if built.returncode:
            raise FloorError(f"the bare sender does not compile:\n{built.stderr}")

    def us(self, address, receivers, seconds):
        """CPU time of the sending process for each datagram, in microseconds."""
        done = subprocess.run(
            [self.program, address, str(receivers), str(max(1, round(seconds)))],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise FloorError(f"the bare sender failed: {done.stderr.strip()}")
        return parse(done.stdout)

    def close(self):
        """Takes the program away."""
        self.folder.cleanup()
