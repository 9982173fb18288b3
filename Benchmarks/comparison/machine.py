"""What the kernel says of processes and of the whole machine (proc(5), clock_getcpuclockid(3))."""
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid):
    """User and system time of all threads of a process, those that have ended too.

    The same as utime and stime of /proc/PID/stat, in nanoseconds instead of hundredths of a second.
    """
    return time.clock_gettime((~pid << 3) | 2)


def thread_cpu_seconds(pid, name):
    """CPU time of the threads of a process that bear this name."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def threads(pid):
    """How many threads a process has."""
    return len(list(pathlib.Path(f"/proc/{pid}/task").iterdir()))


def resident_bytes(pid):
    """The resident memory of a process."""
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def parse_busy(text):
    """Busy and idle seconds of the machine's CPUs together, from the text of /proc/stat."""
    user, nice, system, idle, wait, irq, softirq, steal = map(int, text.split("\n", 1)[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS, (idle + wait) / TICKS


def busy_and_idle():
    """Busy and idle seconds of the machine's CPUs together since it started."""
    return parse_busy(pathlib.Path("/proc/stat").read_text())


def description():
    """The machine in one line: processor, cores, kernel."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "?")
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}"
