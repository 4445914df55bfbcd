#!/bin/bash
# PyJWT 2.6.0: one fetch that fails makes PyJWKClient forget the keys that it has.
#
# One expects: PyJWKClient keeps a key set for its lifespan (300 s). While the issuer is away, tokens
# of the keys that it has are verified, and only a token of a key that it does not have is refused.
#
# Seen: that is so until the first token of a new key comes. The client then fetches, the fetch fails,
# and the client stores the result of the failure in its cache, which empties it. From then on it
# refuses the tokens of the old key as well, until the issuer answers. So a rotation of keys and a
# short outage of the issuer, each harmless alone, together sign everybody out of such a service.
#
# Output seen: "issuer away: old key good", then "new key PyJWKClientError", then "old key
# PyJWKClientError".
#
# Needs Debian 12 with Python 3, and takes three packages from there. Works on loopback and in a temporary
# folder only. Exits 0 while it is as described.
set -e -o pipefail

DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
cd "$DIR"
apt-get download -q python3-jwt=2.6.0-1+deb12u1 python3-cryptography python3-cffi-backend >/dev/null 2>&1 ||
  { apt-get update -q && apt-get download -q python3-jwt=2.6.0-1+deb12u1 python3-cryptography python3-cffi-backend; } >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >client.py <<'PY'
import base64
import http.server
import json
import threading

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

old, new = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
away = False


def coordinate(n):
    return base64.urlsafe_b64encode(n.to_bytes(32, "big")).rstrip(b"=").decode()


class Issuer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if away:
            self.send_error(503)
            return
        point = old.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "old",
               "x": coordinate(point.x), "y": coordinate(point.y)}
        body = json.dumps({"keys": [key]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


issuer = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
threading.Thread(target=issuer.serve_forever, daemon=True).start()
client = jwt.PyJWKClient(f"http://127.0.0.1:{issuer.server_port}/jwks.json")


def judge(kid, key):
    token = jwt.encode({"sub": "ada"}, key, "ES256", headers={"kid": kid})
    try:
        jwt.decode(token, client.get_signing_key_from_jwt(token).key, algorithms=["ES256"])
    except jwt.PyJWKClientError as e:
        return type(e).__name__
    return "good"


print("PyJWT", jwt.__version__)
print("issuer there: old key", judge("old", old))
away = True
print("issuer away: old key", judge("old", old))
print("issuer away: new key", judge("new", new))
print("issuer away: old key", judge("old", old))
PY
export PYTHONPATH="$DIR/root/usr/lib/python3/dist-packages"
python3 client.py | tee said
diff - said <<'SAID'
PyJWT 2.6.0
issuer there: old key good
issuer away: old key good
issuer away: new key PyJWKClientError
issuer away: old key PyJWKClientError
SAID
