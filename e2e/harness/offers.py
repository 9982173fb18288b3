"""Offers made by hand, for clients that never mean to talk."""

FINGERPRINT = ":".join(["AB"] * 32)
CODECS = {
    "audio": ("111", ["rtpmap:111 opus/48000/2", "fmtp:111 minptime=10;useinbandfec=1"]),
    "video": (
        "96 97",
        [
            *("rtpmap:96 VP8/90000", "rtcp-fb:96 nack", "rtcp-fb:96 nack pli"),
            *("rtpmap:97 rtx/90000", "fmtp:97 apt=96"),
        ],
    ),
}


def offer(sections=(("audio", "sendonly"), ("video", "sendonly")), ufrag="abcd", password="p" * 24):
    """An offer with these sections, each a kind and a direction."""
    mids = " ".join(str(index) for index in range(len(sections)))
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
    for index, (kind, direction) in enumerate(sections):
        formats, attributes = CODECS[kind]
        lines += [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {formats}",
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{ufrag}",
            f"a=ice-pwd:{password}",
            f"a=fingerprint:sha-256 {FINGERPRINT}",
            "a=setup:actpass",
            f"a=mid:{index}",
            f"a={direction}",
            "a=rtcp-mux",
            "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
            *(f"a={attribute}" for attribute in attributes),
        ]
    return "\r\n".join(lines) + "\r\n"


def attribute(description, name):
    """The first value of an attribute in a description."""
    for line in description.splitlines():
        if line.startswith(f"a={name}:"):
            return line.split(":", 1)[1]
    return None
