"""The page as people use it: what it shows and what its buttons do. MARTLET_SCREENSHOTS names a folder for pictures."""

import json
import os
import pathlib
import re
import time

import pytest

from harness.backend import KEY, Backend, token
from harness.browser import wait_until
from harness.page import address, names, seen, state, wait_connected
from harness.portraits import give_portrait

HOSTILE = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"
SCREENSHOTS = os.environ.get("MARTLET_SCREENSHOTS")


def picture(one, name):
    if SCREENSHOTS:
        pathlib.Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        one.page.screenshot(path=str(pathlib.Path(SCREENSHOTS) / f"{name}.png"))


def open_panel(one, name):
    panel = one.page.locator(f"#{name}-panel")
    if not panel.is_visible():
        one.page.click(f"#{name}-button")
    panel.wait_for(state="visible")
    return panel


def say(one, text, to=None):
    """Writes into the chat, to everybody or to one of that name."""
    open_panel(one, "chat")
    one.page.select_option("#chat-recipient", label=to or "Everyone")
    one.page.fill("#chat-input", text)
    one.page.press("#chat-input", "Enter")


def texts(one, selector):
    return one.page.locator(selector).all_text_contents()


def messages(one):
    return texts(one, ".message .text")


def system_lines(one):
    return texts(one, ".line.is-system span")


def wait_text(one, selector, wanted, seconds=20):
    """Waits until an element is seen that says what is wanted."""
    one.page.locator(selector, has_text=wanted).first.wait_for(
        state="visible", timeout=seconds * 1000
    )


def row(one, name):
    return one.page.locator(".person", has=one.page.get_by_text(name, exact=True))


def moderate(one, name, button):
    open_panel(one, "people")
    row(one, name).locator(".person-more").click()
    row(one, name).locator(button).click()


@pytest.fixture
def pair(server, participant):
    """Two in a room, without cameras."""
    people = [
        participant(address(server, "pair", name, camera=0, participant=name.lower()))
        for name in ("Ada", "Bob")
    ]
    for one in people:
        wait_connected(one)
        wait_until(lambda one=one: len(names(one)) == 1, "the other is there")
    return people


def test_messages_go_to_all_or_to_one_and_are_counted_until_they_are_read(pair, server, participant):
    ada, bob = pair
    cy = participant(address(server, "pair", "Cy", camera=0, microphone=0))
    wait_connected(cy)
    say(ada, "Hello to all")
    for one in (bob, cy):
        wait_until(lambda one=one: one.page.locator("#chat-badge").text_content() == "1", "a badge")
        assert one.page.locator("#chat-button").get_attribute("aria-label") == "Chat, 1 unread"
    say(bob, "For Ada alone", to="Ada")
    wait_until(lambda: messages(ada) == ["Hello to all", "For Ada alone"], "Ada has both")
    assert bob.page.locator("#chat-badge").is_hidden(), "what is looked at is not unread"
    private = ada.page.locator(".message.is-private")
    assert private.locator(".sender").text_content() == "Bob"
    assert private.locator(".recipient").text_content() == "to you only"
    private.locator(".sender").click()
    assert ada.page.locator("#chat-recipient").input_value() == "bob", "a name answers its bearer"
    say(ada, "And back", to="Bob")
    wait_until(lambda: messages(bob)[-1] == "And back", "Bob has the answer")
    open_panel(cy, "chat")
    assert messages(cy) == ["Hello to all"]
    assert cy.page.locator(".message time").first.get_attribute("datetime")


def test_texts_and_names_of_others_stay_texts(server, participant):
    ada = participant(address(server, "text", "Ada", camera=0))
    eve = participant(address(server, "text", HOSTILE, camera=0, participant="eve"))
    for one in (ada, eve):
        wait_connected(one)
    open_panel(ada, "people")
    say(eve, HOSTILE)
    say(eve, HOSTILE, to="Ada")
    open_panel(ada, "chat")
    wait_until(lambda: messages(ada) == [HOSTILE, HOSTILE], "both messages came as they are")
    eve.page.evaluate(
        """name => window.martletRoom.updateSelf({
          name, metadata: name, attributes: {hand: name}})""",
        HOSTILE + "2",
    )
    wait_text(ada, ".person-name", HOSTILE + "2")
    wait_text(ada, ".tile .name", HOSTILE + "2")
    say(ada, "You are dull", to=HOSTILE + "2")
    wait_until(lambda: "You are dull" in messages(eve), "Eve can be written to")
    picture(ada, "hostile")
    eve.page.evaluate("() => window.martletRoom.leave()")
    wait_until(lambda: any("left." in line for line in system_lines(ada)), "Eve's going is told")
    for one in (ada, eve):
        assert one.page.evaluate("() => window.pwned") is None
        assert one.page.locator("img[src=x]").count() == 0
        # Even what got into the page as HTML would not run.
        one.page.evaluate(
            "text => document.body.insertAdjacentHTML('beforeend', text)", HOSTILE
        )
    time.sleep(0.5)
    assert ada.page.evaluate("() => window.pwned") is None


def test_a_message_to_one_who_has_left_goes_to_nobody(pair, server, participant):
    ada, bob = pair
    cy = participant(address(server, "pair", "Cy", camera=0, microphone=0, participant="cy"))
    wait_connected(cy)
    say(ada, "Are you there?", to="Cy")
    wait_until(lambda: messages(cy) == ["Are you there?"], "Cy is there")
    cy.page.evaluate("() => window.martletRoom.leave()")
    wait_until(lambda: names(ada) == ["Bob"], "Cy has left")
    assert ada.page.locator("#chat-recipient").input_value() == "cy", "nobody else is chosen"
    ada.page.fill("#chat-input", "Between us")
    ada.page.press("#chat-input", "Enter")
    wait_text(ada, ".delivery", "Not sent: that person is not here any more.")
    say(ada, "To all")
    wait_until(lambda: messages(bob) == ["To all"], "Bob gets what is for all, and nothing else")


def test_what_cannot_be_sent_says_why_and_waits(pair):
    ada, bob = pair
    open_panel(ada, "chat")
    ada.page.fill("#chat-input", "é" * 2049)
    wait_text(ada, "#chat-hint", "Too long by 2 bytes")
    assert ada.page.locator("#chat-send").is_disabled()
    ada.page.press("#chat-input", "Enter")
    assert messages(ada) == []
    # More at once than the room allows: the rest waits, in order, and says so.
    ada.page.evaluate(
        """() => {
          const input = document.querySelector('#chat-input');
          window.testSeen = new Set();
          new MutationObserver(() => {
            for (const one of document.querySelectorAll('.delivery:not([hidden]) span')) {
              window.testSeen.add(one.textContent);
            }
          }).observe(document.querySelector('#chat-lines'),
            {subtree: true, childList: true, characterData: true, attributes: true});
          for (let number = 0; number < 40; number += 1) {
            input.value = `number ${number}`;
            document.querySelector('#chat-form').requestSubmit();
          }
        }"""
    )
    wait_until(lambda: len(messages(bob)) == 40, "all of them arrive")
    assert messages(bob) == [f"number {number}" for number in range(40)]
    wait_until(
        lambda: ada.page.locator(".delivery:visible").count() == 0, "nothing is left to wait"
    )
    said = ada.page.evaluate("() => [...window.testSeen]")
    assert "Waits a moment: you write faster than the room allows." in said


def test_a_chat_of_two_thousand_lines_stays_usable(start_server, participant):
    server = start_server("--key", KEY)
    ada = participant(address(server, "long", "Ada", camera=0, microphone=0))
    wait_connected(ada)
    open_panel(ada, "chat")
    backend = Backend(server)
    for number in range(2050):
        body = {"message": f"m{number}", "content": f"line {number} " + "word " * (number % 50)}
        assert backend.ask("POST", "/v1/rooms/long/messages", body)[0] == 200
    wait_until(lambda: messages(ada)[-1].startswith("line 2049"), "the last line is there")
    assert ada.page.locator(".line").count() == 2000, "the oldest have gone"
    assert not any("again" in line for line in system_lines(ada) + texts(ada, ".toast")), (
        "the flood did not keep the page from answering the server"
    )
    longest = ada.page.evaluate(
        """async () => {
          const input = document.querySelector('#chat-input');
          const started = performance.now();
          input.value = 'still here';
          document.querySelector('#chat-form').requestSubmit();
          await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
          return performance.now() - started;
        }"""
    )
    assert longest < 500, f"writing took {longest} ms"
    end = "() => { const l = document.querySelector('#chat-lines'); return l.scrollHeight - l.scrollTop - l.clientHeight; }"
    wait_until(lambda: ada.page.evaluate(end) < 2, "the newest is in sight")


def test_raised_hands_are_seen(pair):
    ada, bob = pair
    open_panel(ada, "people")
    bob.page.keyboard.press("h")
    ada.page.locator('.tile[data-participant="bob"] .hand').wait_for(state="visible")
    row(ada, "Bob").locator(".mark-hand").wait_for(state="visible")
    assert "Bob raised a hand." in system_lines(ada)
    assert bob.page.locator("#hand-button").get_attribute("aria-pressed") == "true"
    bob.page.click("#hand-button")
    ada.page.locator('.tile[data-participant="bob"] .hand').wait_for(state="hidden")


def test_the_list_tells_of_everybody_oneself_first(server, participant):
    people = [
        participant(address(server, "list", name, camera=0, participant=name.lower()))
        for name in ("Zoe", "Ada", "Bob")
    ]
    zoe = people[0]
    wait_until(lambda: len(names(zoe)) == 2, "all are there")
    open_panel(zoe, "people")
    wait_until(lambda: texts(zoe, ".person-name") == ["Zoe", "Ada", "Bob"], "oneself, then by name")
    assert zoe.page.locator("#people-count").text_content() == "3"
    wait_text(zoe, '.person[data-participant="ada"] .person-state', "Speaking")
    assert row(zoe, "Bob").locator(".mark-no-camera").is_visible()
    people[2].page.click("#microphone-button")
    row(zoe, "Bob").locator(".mark-muted").wait_for(state="visible")
    bars = row(zoe, "Ada").locator(".bars")
    bars.wait_for(state="visible")
    assert bars.get_attribute("aria-label").startswith("Network: ")
    title = zoe.page.locator('.tile[data-participant="ada"] .bars').get_attribute("title")
    assert title.startswith("Network: ")
    # Escape closes the panel and gives the focus back to what opened it.
    row(zoe, "Ada").locator(".person-more").focus()
    zoe.page.keyboard.press("Escape")
    assert zoe.page.evaluate("() => document.activeElement.id") == "people-button"


def test_a_moderator_removes_and_keeps_out(pair):
    ada, bob = pair
    moderate(ada, "Bob", ".remove")
    wait_text(bob, "#farewell-title", "Removed by the host")
    picture(bob, "removed")
    wait_until(lambda: "Bob was removed." in system_lines(ada), "the chat tells it")
    bob.page.click("#rejoin-button")
    wait_connected(bob)
    wait_until(lambda: names(ada) == ["Bob"], "Bob is back")
    moderate(ada, "Bob", ".ban")
    wait_text(bob, "#farewell-title", "Removed by the host")
    bob.page.click("#rejoin-button")
    wait_text(bob, "#join-notice", "you may not come back yet")
    assert state(bob) == "disconnected"


def test_a_moderator_takes_and_gives_the_floor(pair):
    ada, bob = pair
    wait_until(lambda: bob.page.evaluate("() => window.martletRoom.localTracks.size") == 1, "sound")
    moderate(ada, "Bob", ".change-role")
    wait_text(ada, '.person[data-participant="bob"] .person-state', "Audience")
    assert "Bob is now in the audience." in system_lines(ada)
    microphone = bob.page.locator("#microphone-button")
    wait_until(lambda: microphone.get_attribute("aria-disabled") == "true", "Bob has no floor")
    bob.page.keyboard.press("m")
    wait_text(bob, ".toast", "only hosts are seen and heard")
    moderate(ada, "Bob", ".change-role")
    wait_until(lambda: microphone.get_attribute("aria-pressed") == "true", "Bob is heard again")


def test_who_has_no_right_is_offered_nothing(start_server, participant):
    server = start_server("--key", KEY)
    ticket = token("bob", room="rights", admin=False, updateSelf=False, changeRole=False)
    ada = participant(address(server, "rights", "Ada", camera=0))
    bob = participant(address(server, "rights", "Bob", camera=0, token=ticket))
    wait_connected(bob)
    open_panel(bob, "people")
    row(bob, "Ada").wait_for(state="visible")
    assert row(bob, "Ada").locator(".person-more").is_hidden()
    assert bob.page.locator("#hand-button").is_hidden()
    assert bob.page.locator("#own-role").is_hidden()
    open_panel(ada, "people")
    row(ada, "Bob").locator(".person-more").wait_for(state="visible")


def test_in_a_broadcast_one_goes_on_stage_and_back(server, participant):
    host = participant(address(server, "show", "Hedy", profile="broadcast", role="host", camera=0))
    wait_connected(host)
    wait_text(host, ".alone h2", "You are the only host")
    fan = participant(address(server, "show", "Fay", camera=0, microphone=0))
    wait_connected(fan)
    assert fan.page.evaluate("() => window.martletRoom.localParticipant.role") == "audience"
    assert fan.page.locator(".tile").count() == 1 and names(host) == []
    say(fan, "Well said!")
    open_panel(host, "chat")
    wait_until(lambda: messages(host) == ["Well said!"], "the audience may write")
    open_panel(fan, "people")
    fan.page.click("#role-button")
    wait_until(lambda: names(host) == ["Fay"], "Fay is on stage")
    picture(fan, "broadcast")
    assert "Fay came in." in system_lines(host)
    moderate(host, "Fay", ".change-role")
    wait_until(lambda: names(host) == [], "Fay is off stage")
    assert "Fay is now in the audience." in system_lines(host)
    wait_text(fan, "#own-role-text", "You are in the audience.")


def test_a_broken_media_path_is_shown_on_both_sides(server, participant, impaired):
    network = impaired(server)
    ada = participant(address(server, "break", "Ada", participant="ada", width=320, height=180))
    bob = participant(
        address(server, "break", "Bob", participant="bob", width=320, height=180), network.port
    )
    seen(ada, 1)
    seen(bob, 1)
    assert bob.page.locator("#connection-state").text_content() == "Connected"
    network.set("blackout-for-s", "12")
    wait_text(bob, "#connection-text", "Reconnecting: sound and picture no longer get through")
    assert bob.page.locator("#connection-state").text_content() == "Reconnecting…"
    seconds = bob.page.locator("#connection-seconds")
    first = int(seconds.text_content().split()[0])
    wait_until(lambda: int(seconds.text_content().split()[0]) > first, "the seconds are counted")
    picture(bob, "reconnecting")
    say(bob, "Only sound and picture are broken")
    tile = ada.page.locator('.tile[data-participant="bob"]')
    tile.locator(".interrupted").wait_for(state="visible")
    assert tile.locator(".interrupted").inner_text().strip() == "Connection interrupted"
    open_panel(ada, "people")
    wait_text(ada, '.person[data-participant="bob"] .person-state', "Connection interrupted")
    picture(ada, "interrupted")
    wait_until(lambda: state(bob) == "connected", "Bob is back", 30)
    assert bob.page.locator("#connection-banner").is_hidden()
    wait_text(bob, ".toast", "Connected again after")
    tile.locator(".interrupted").wait_for(state="hidden")
    lines = system_lines(ada)
    assert "The connection of Bob was interrupted." in lines and "Bob is back." in lines


def test_a_lost_server_is_counted_and_what_one_writes_waits(pair):
    ada, bob = pair
    bob.context.set_offline(True)
    wait_text(bob, "#connection-text", "your connection to the server was lost")
    wait_text(bob, "#connection-text", re.compile(r", (2nd|3rd|\dth) try…$"))
    say(bob, "Written meanwhile")
    wait_text(bob, ".delivery", "Waits for the connection…")
    bob.context.set_offline(False)
    wait_until(lambda: messages(ada) == ["Written meanwhile"], "it arrives once", 30)
    wait_connected(bob)
    bob.page.locator(".delivery").wait_for(state="hidden")


def test_the_end_of_a_room_is_told_with_its_reason(start_server, participant):
    server = start_server("--key", KEY)
    ada = participant(address(server, "end", "Ada", camera=0))
    wait_connected(ada)
    assert Backend(server).ask("DELETE", "/v1/rooms/end")[0] in (200, 204)
    wait_text(ada, "#farewell-title", "The room was closed")
    ada.page.click("#rejoin-button")
    wait_connected(ada)
    assert ada.page.locator("#farewell-dialog").is_hidden()


def test_a_token_is_renewed_where_the_page_may_and_ends_where_it_may_not(start_server, participant):
    server = start_server("--key", KEY)
    ticket = token("ada", room="token", seconds=24)
    ada = participant(address(server, "token", "Ada", camera=0, token=ticket))
    bob = participant()
    asked = []

    def answer(route):
        asked.append(route.request.url)
        ticket = token("bob", room="token", seconds=24 if len(asked) == 1 else 600)
        route.fulfill(status=200, content_type="application/json", body=json.dumps({"token": ticket}))

    bob.page.route("**/my-token*", answer)
    bob.open(address(server, "token", "Bob", camera=0, tokenUrl="/my-token"))
    for one in (ada, bob):
        wait_connected(one)
    wait_text(ada, "#token-text", "Ask for a new link to stay.")
    picture(ada, "token")
    wait_text(bob, ".toast", "Your access was renewed.")
    assert len(asked) == 2 and "room=token" in asked[1] and "participant=bob" in asked[1]
    # The server allows ten seconds for clocks that differ.
    wait_text(ada, "#farewell-title", "Your token has expired", 45)
    assert ada.page.locator("#rejoin-button").is_hidden(), "the same token opens nothing"
    assert state(bob) == "connected" and bob.page.locator("#token-banner").is_hidden()


def test_why_joining_failed_is_told_in_words(start_server, participant):
    server = start_server(dev=False, environment={"MARTLET_KEYS": KEY})
    ada = participant(address(server, "words", "Ada"))
    wait_text(ada, "#join-notice", "Open the link that was sent to you.")
    bob = participant(address(server, "words", "Bob", token=token("bob", room="other")))
    wait_text(bob, "#join-notice", "Your link is for another room.")


@pytest.mark.parametrize("width,height", [(360, 740), (390, 844), (1280, 800), (1600, 900)])
def test_nothing_is_wider_than_the_window(pair, width, height):
    ada, bob = pair
    bob.page.evaluate("() => window.martletRoom.updateSelf({name: 'W'.repeat(200)})")
    say(ada, "x" * 900)
    for name in ("people", "chat"):
        ada.page.set_viewport_size({"width": width, "height": height})
        open_panel(ada, name)
        ada.page.wait_for_timeout(200)
        picture(ada, f"{name}-{width}")
        spill = ada.page.evaluate(
            """() => [...document.querySelectorAll('body, .bar, .controls, .side, .panel, .control,'
              + ' .tile, .person, .message, .chat-form, .chat-form *')]
              .filter(one => one.checkVisibility())
              .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
              .map(one => one.className || one.id || one.tagName)"""
        )
        assert spill == [] and ada.page.evaluate("() => document.documentElement.scrollWidth") <= width
        small = ada.page.evaluate(
            """() => [...document.querySelectorAll('.controls button, .tools button')]
              .filter(one => one.checkVisibility())
              .filter(one => one.clientWidth < 40 || one.clientHeight < 40).map(one => one.id)"""
        )
        assert small == [], "fingers need room"


def wait_calm(*people):
    """Pictures are of an ordinary network; a busy machine is none."""
    bars = "() => [...document.querySelectorAll('.tile .bars')].every(one => one.dataset.bars >= 3)"
    wait_until(lambda: all(one.page.evaluate(bars) for one in people), "a good network", 120)


@pytest.mark.skipif(not SCREENSHOTS, reason="MARTLET_SCREENSHOTS names no folder")
def test_pictures_for_the_readme(server, participant, impaired):
    network = impaired(server)

    def person(number, name, size, port=None):
        one = participant(
            proxy_port=port,
            viewport=dict(zip(("width", "height"), size)),
            color_scheme="dark",
            device_scale_factor=1.5 if size[0] < 500 else 1,
        )
        give_portrait(one, number)
        return one.open(address(server, "daily", name, participant=name.lower()))

    ada = person(0, "Ada", (1280, 800))
    grace = person(1, "Grace", (390, 780), network.port)
    linus = person(2, "Linus", (1280, 800))
    margaret = person(3, "Margaret", (1280, 800))
    for one in (ada, grace, linus, margaret):
        seen(one, 3, seconds=60)
    linus.page.click("#microphone-button")
    time.sleep(5)
    for one, name in ((ada, "call"), (grace, "phone")):
        wait_calm(one)
        picture(one, name)
    margaret.page.click("#hand-button")
    open_panel(ada, "people")
    say(margaret, "Shall we begin?")
    say(ada, "Yes. Who has the figures?")
    say(grace, "I do. One moment, please: the train is in a tunnel.")
    say(ada, "Your microphone is off, Linus.", to="Linus")
    say(linus, "Thank you!", to="Ada")
    wait_until(lambda: len(messages(ada)) == 5, "all is said")
    ada.page.select_option("#chat-recipient", label="Everyone")
    time.sleep(5)
    wait_calm(ada)
    picture(ada, "panels")
    grace.page.click("#chat-close")
    network.set("blackout-for-s", "14")
    ada.page.locator('.tile[data-participant="grace"] .interrupted').wait_for(state="visible")
    picture(grace, "reconnecting-phone")
    picture(ada, "interrupted-call")
    wait_until(lambda: state(grace) == "connected", "Grace is back", 40)
