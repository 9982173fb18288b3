"""How a load's clients are brought into a room: by Janus's HTTP API, or by WHIP and WHEP."""
# SPDX-License-Identifier: Apache-2.0

import http.client
import itertools
import json
import threading
import time

ROOM = 1
TIMEOUT_SECONDS = 20


class SignalingError(Exception):
    """A server did not do what it was asked for."""


def exchange(port, method, path, body=None, kind="application/json", timeout=TIMEOUT_SECONDS):
    """One HTTP exchange with a server on this machine: (status, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        data = body.encode() if body is not None else None
        connection.request(method, path, data, {"Content-Type": kind} if data else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class MartletSignaling:
    """WHIP and WHEP at a development server."""

    def __init__(self, port):
        self.port = port

    def publish(self, load):
        """Lets the load's next client publish."""
        load.take(self._post("/whip/load", load.offer(sends=True)))
        load.dial()

    def subscribe(self, load):
        """Lets the load's next client receive."""
        load.take(self._post("/whep/load", load.offer(sends=False)))
        load.dial()

    def _post(self, path, offer):
        status, body = exchange(self.port, "POST", path, offer, "application/sdp")
        if status != 201:
            raise SignalingError(f"POST {path}: {status} {body}")
        return body

    def close(self):
        """Nothing is held open."""


class JanusSignaling:
    """One session of the video room; a handle for each client."""

    def __init__(self, port):
        self.port = port
        self.transactions = itertools.count(1)
        self.events = {}
        self.arrived = threading.Condition()
        self.feeds = []
        self.session = self._ask("/janus", "create")["data"]["id"]
        self.path = f"/janus/{self.session}"
        self.is_closed = False
        self.poller = threading.Thread(target=self._poll, daemon=True)
        self.poller.start()
        # No cap on the publisher's rate: the room tells it to send less otherwise.
        self._ask(
            f"{self.path}/{self._attach()}",
            "message",
            body={"request": "create", "room": ROOM, "publishers": 16, "bitrate": 0},
        )

    def publish(self, load):
        """Lets the load's next client publish."""
        handle = self._attach()
        offer = load.offer(sends=True)
        event = self._message(
            handle,
            {"request": "joinandconfigure", "room": ROOM, "ptype": "publisher"},
            {"type": "offer", "sdp": offer},
        )
        self.feeds.append(event["plugindata"]["data"]["id"])
        load.take(event["jsep"]["sdp"])
        load.dial()
        # Before that there is no such feed for subscribers.
        self._wait(("webrtcup", handle), "connecting a publisher")

    def subscribe(self, load):
        """Lets the load's next client receive everybody who publishes."""
        handle = self._attach()
        streams = [{"feed": feed} for feed in self.feeds]
        event = self._message(
            handle, {"request": "join", "room": ROOM, "ptype": "subscriber", "streams": streams}
        )
        answer = load.accept(event["jsep"]["sdp"])
        self._message(handle, {"request": "start"}, {"type": "answer", "sdp": answer})
        load.dial()

    def close(self):
        """Ends the session and with it all handles."""
        self.is_closed = True
        self._ask(self.path, "destroy")
        self.poller.join(TIMEOUT_SECONDS)

    def _attach(self):
        return self._ask(self.path, "attach", plugin="janus.plugin.videoroom")["data"]["id"]

    def _ask(self, path, what, **fields):
        request = {"janus": what, "transaction": str(next(self.transactions)), **fields}
        status, body = exchange(self.port, "POST", path, json.dumps(request))
        answer = json.loads(body) if status == 200 else {}
        failure = answer.get("plugindata", {}).get("data", {}).get("error")
        if answer.get("janus") not in ("success", "ack") or failure:
            raise SignalingError(f"{what}: {status} {body}")
        return answer

    def _message(self, handle, body, jsep=None):
        """Sends a message and waits for the event that answers it."""
        fields = {"body": body, **({"jsep": jsep} if jsep else {})}
        transaction = self._ask(f"{self.path}/{handle}", "message", **fields)["transaction"]
        event = self._wait(("event", transaction), body["request"])
        failure = event.get("plugindata", {}).get("data", {}).get("error")
        if failure:
            raise SignalingError(f"{body['request']}: {failure}")
        return event

    def _wait(self, key, what):
        """Waits for an event."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        with self.arrived:
            while key not in self.events:
                if not self.arrived.wait(deadline - time.monotonic()):
                    raise SignalingError(f"no event for {what}")
            return self.events.pop(key)

    def _poll(self):
        """Takes the session's events; Janus holds a request for up to 30 seconds."""
        while not self.is_closed:
            try:
                status, body = exchange(self.port, "GET", f"{self.path}?maxev=20", timeout=60)
            except (OSError, http.client.HTTPException):
                return
            if status != 200:
                return
            found = json.loads(body)
            with self.arrived:
                for event in found if isinstance(found, list) else [found]:
                    kind = event.get("janus")
                    if kind == "event" and "transaction" in event:
                        self.events[kind, event["transaction"]] = event
                    elif kind == "webrtcup":
                        self.events[kind, event.get("sender")] = event
                self.arrived.notify_all()
