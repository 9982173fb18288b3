"""A backend of one's own: it signs tokens without any of Martlet's code, and asks the admin interface."""

import base64
import functools
import hashlib
import hmac
import json
import time
import urllib.parse

from jsonschema import Draft202012Validator

SECRET = "a-secret-of-the-backend-of-many-bytes"
KEY = f"main={SECRET}"


def sign(claims, secret=SECRET, header=None):
    """A JWT with HS256 (RFC 7515), by the standard library alone."""

    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    parts = [header or {"alg": "HS256", "typ": "JWT"}, claims]
    signed = b".".join(encode(json.dumps(part).encode()) for part in parts)
    code = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + encode(code)).decode()


def token(participant="backend", room=None, seconds=600, secret=SECRET, iss="main", **grants):
    """A token of the key `main`."""
    claims = {"iss": iss, "sub": participant, "exp": int(time.time()) + seconds, "grants": grants}
    return sign(claims | ({"room": room} if room else {}), secret)


def sorted_object(pairs):
    """Builds an object of JSON, and insists on sorted keys."""
    keys = [key for key, _ in pairs]
    assert keys == sorted(keys) and len(set(keys)) == len(keys), keys
    return dict(pairs)


def quoted(name):
    return urllib.parse.quote(name, safe="")


class Backend:
    """Asks one server; every answer is held against the description that the server gives of itself."""

    def __init__(self, server, bearer=None, is_lenient=False):
        self.server = server
        self.bearer = bearer or token(admin=True)
        # Whether bodies may be sent that the description forbids.
        self.is_lenient = is_lenient

    @functools.cached_property
    def description(self):
        status, _, body = self.server.request("GET", "/v1/openapi.json")
        assert status == 200
        return json.loads(body, object_pairs_hook=sorted_object)

    def ask(self, method, path, body=None):
        """One request: (status, value of the answer or None)."""
        headers = {"Authorization": f"Bearer {self.bearer}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
            self.check(method, path, "requestBody", body)
        status, answered, data = self.server.request(
            method, path, None if body is None else json.dumps(body), headers
        )
        if not data:
            assert status == 204, (status, path)
            self.check(method, path, str(status), None)
            return status, None
        assert answered["Content-Type"] == "application/json"
        value = json.loads(data, object_pairs_hook=sorted_object)
        self.check(method, path, str(status), value)
        return status, value

    def operation(self, method, path):
        """What the description says of a request."""
        asked = path.partition("?")[0].split("/")
        for template, operations in self.description["paths"].items():
            parts = template.split("/")
            if len(parts) == len(asked) and all(
                part == other or part.startswith("{") for part, other in zip(parts, asked)
            ):
                return operations[method.lower()]
        raise AssertionError(f"{path} is not described")

    def check(self, method, path, what, value):
        """Holds a body, of the request or of an answer, against its schema."""
        operation = self.operation(method, path)
        if what == "requestBody" and self.is_lenient:
            return
        if what == "requestBody":
            described = operation["requestBody"]
        else:
            assert what in operation["responses"], f"{method} {path} may not answer {what}"
            described = operation["responses"][what]
            if "$ref" in described:
                described = self.description["components"]["responses"][
                    described["$ref"].rpartition("/")[2]
                ]
        content = described.get("content")
        assert (content is None) == (value is None), (method, path, what)
        if content:
            schema = content["application/json"]["schema"]
            Draft202012Validator(self.whole(schema)).validate(value)

    def whole(self, schema):
        """A schema with all that it may refer to."""
        return schema | {"components": self.description["components"]}
