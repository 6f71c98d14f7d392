"""Receives webhooks, and prints for each message which of the known secrets verify it: one line of JSON.

`PUT /keys` sets the secrets. The first line of the output is the port.
"""

import http.server
import json

import standardwebhooks
import svix

secrets = []


def is_verified(library, secret, body, headers):
    try:
        library.Webhook(secret).verify(body, headers)
        return True
    except Exception:
        return False


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        secrets[:] = json.loads(self.body())["secrets"]
        self.answer()

    def do_POST(self):
        body = self.body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        libraries = {"standardwebhooks": standardwebhooks, "svix": svix}
        verified = {
            name: [is_verified(library, secret, body, headers) for secret in secrets]
            for name, library in libraries.items()
        }
        print(json.dumps({"id": headers["webhook-id"], "type": json.loads(body)["type"], **verified}), flush=True)
        self.answer()

    def body(self):
        return self.rfile.read(int(self.headers["content-length"]))

    def answer(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
