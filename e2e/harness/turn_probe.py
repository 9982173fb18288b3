"""Asks a TURN server for an allocation and for permissions (RFC 8656), and prints what it was answered, as JSON.

python turn_probe.py SERVER PORT USERNAME PASSWORD PEER ...
"""

import hashlib
import json
import socket
import sys

from aioice import stun


def main(server, port, username, password, *peers):
    connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connection.connect((server, int(port)))
    connection.settimeout(2)

    def ask(method, key=None, **attributes):
        request = stun.Message(method, stun.Class.REQUEST)
        for name, value in attributes.items():
            request.attributes[name.replace("_", "-")] = value
        if key:
            request.add_message_integrity(key)
        connection.send(bytes(request))
        return stun.parse_message(connection.recv(2048))

    def code(answer):
        return answer.attributes.get("ERROR-CODE", (0, ""))[0]

    challenge = ask(stun.Method.ALLOCATE, REQUESTED_TRANSPORT=0x11000000)
    realm, nonce = challenge.attributes["REALM"], challenge.attributes["NONCE"]
    key = hashlib.md5(f"{username}:{realm}:{password}".encode()).digest()
    who = {"USERNAME": username, "REALM": realm, "NONCE": nonce}
    allocated = ask(stun.Method.ALLOCATE, key, REQUESTED_TRANSPORT=0x11000000, **who)
    found = {"unauthorised": code(challenge), "allocate": code(allocated), "peers": {}}
    if not code(allocated):
        found["relayed"] = allocated.attributes["XOR-RELAYED-ADDRESS"][0]
        for peer in peers:
            answer = ask(stun.Method.CREATE_PERMISSION, key, XOR_PEER_ADDRESS=(peer, 9), **who)
            found["peers"][peer] = code(answer)
    print(json.dumps(found))


main(*sys.argv[1:])
