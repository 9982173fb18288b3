"""Links break between real browsers and the real server, and sessions survive: judged by both sides and by pictures."""

import signal
import time

import pytest

from harness.browser import wait_until
from harness.figures import remark
from harness.person import Person


def call(person, server, room, **links):
    """Ada, whose links may be given, and Bob, who watches: both see each other move."""
    ada = person(server, "ada", **links).join(room).publish()
    bob = person(server, "bob").join(room).publish()
    ada.sees("bob")
    bob.sees("ada")
    # Packets are known to come regularly only after a while, and silence is noticed sooner then.
    time.sleep(3.5)
    return ada, bob


def both_see_again(fault, ada, bob, ended):
    """Notes how long after the end of a fault pictures moved, at either side."""
    there, here = bob.sees("ada", ended), ada.sees("bob", ended)
    remark(f"{fault}: pictures move {there:.2f} s after its end at the other, {here:.2f} s at oneself")
    return there, here


def test_B22_signalling_alone_breaks(server, person, signal_proxy):
    proxy = signal_proxy(server)
    ada, bob = call(person, server, "signal", signal=proxy)
    at, marks, began = time.time(), (ada.mark(), bob.mark()), time.time()
    proxy.cut()
    ada.wait_state("connected", "resumed", marks[0])
    ended = time.time()
    time.sleep(1)
    assert ada.moves(marks[0]) == ["reconnecting:signalLost", "connected:resumed"]
    bob.wait("participantResumed", marks[1])
    assert bob.told_of("ada", marks[1]) == ["interrupted", "resumed"]
    for one, who in ((ada, "bob"), (bob, "ada")):
        gap, frames = one.longest_gap(who, began, time.time())
        assert gap < 1, f"{who} stood still for {gap:.2f} s"
    remark(f"cut: {ended - at}, {gap} {frames}")
