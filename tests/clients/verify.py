"""Lets the official libraries of npm and PyPI verify what the local stack sends: before, during and after a rotation of the secret.
Then libraries of OAuth get tokens from it.

Usage: verify.py <folder with node_modules> <Python with the libraries>
"""

import datetime
import http.server
import json
import os
import queue
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ORGANIZATION = "550e8400-e29b-41d4-a716-446655440000"


class Receiver:
    """A receiver in a process of its own."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(read_line(self.process))
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def set_keys(self, keys):
        url = f"http://127.0.0.1:{self.port}/keys"
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(keys).encode(), method="PUT")).read()

    def next(self, event_type):
        """Returns the next message of a type. The functions may have to be built first."""
        deadline = time.monotonic() + 300
        while True:
            message = self.lines.get(timeout=max(0.1, deadline - time.monotonic()))
            if message["type"] == event_type:
                return message


def read_line(process):
    """Returns the first line that a process prints, without the line break. Fails if there is none within a minute."""
    lines = queue.Queue()
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
    line = lines.get(timeout=60).strip()
    if not line:
        sys.exit(f"{process.args} ended")
    return line


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def main(node_modules, python):
    data = tempfile.mkdtemp(prefix="padron-clients-")
    node = os.path.join(node_modules, "receiver.mjs")
    shutil.copy(os.path.join(HERE, "receiver.mjs"), node)
    receivers = {
        "npm": Receiver(["node", node]),
        "PyPI": Receiver([python, os.path.join(HERE, "receiver.py")]),
    }
    document = DocumentServer(data)
    port = free_port()
    make = ["make", "--no-print-directory", f"DATA={data}"]
    log = open(os.path.join(data, "run.log"), "w+")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    # The functions trust what the system trusts, which this variable names.
    environment["SSL_CERT_FILE"] = document.authority
    stack = subprocess.Popen(
        [*make, "run", f"PORT={port}"], cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
    )
    try:
        deadline = time.monotonic() + 600
        while "Try it" not in open(log.name).read():
            if stack.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"The stack does not come up:\n{open(log.name).read()}")
            time.sleep(0.2)
        token = subprocess.run([*make, "token"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        run(receivers, port, token.stdout.strip())
        authorize(node_modules, python, port, token.stdout.strip(), document.url)
    finally:
        stack.send_signal(signal.SIGTERM)
        for receiver in receivers.values():
            receiver.process.terminate()
        stack.wait(timeout=60)
    shutil.rmtree(data)
    print("standardwebhooks and svix of npm and PyPI verify what is sent, and node:crypto does with public keys.")
    print("openid-client, oauth4webapi, authlib and the SDK of the Model Context Protocol get tokens, as they do from oidc-provider.")


def run(receivers, port, token):
    base = f"http://127.0.0.1:{port}/api/organizations/{ORGANIZATION}"

    def call(method, path, body):
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        request = urllib.request.Request(base + path, json.dumps(body).encode(), headers, method=method)
        return json.load(urllib.request.urlopen(request, timeout=300))

    webhooks = {
        name: call("POST", "/webhooks", {"url": f"http://127.0.0.1:{receiver.port}/hook", "events": ["organization.*"]})
        for name, receiver in receivers.items()
    }
    issued = {name: [webhook] for name, webhook in webhooks.items()}
    # After the first message, the secret is replaced with an overlap, and then without.
    for step, (overlap, expected) in enumerate([(None, [True]), (3600, [True, True]), (0, [False, False, True])]):
        for name, webhook in webhooks.items():
            if overlap is not None:
                issued[name].append(call("POST", f"/webhooks/{webhook['id']}/secret", {"overlapSeconds": overlap}))
            receivers[name].set_keys(
                {
                    "secrets": [one["secret"] for one in issued[name]],
                    "publicKeys": [one["publicKey"] for one in issued[name]],
                }
            )
        call("PUT", "", {"name": f"Acme Corp {step}"})
        for name, receiver in receivers.items():
            message = receiver.next("organization.updated")
            for library in ["standardwebhooks", "svix", *(["ed25519"] if name == "npm" else [])]:
                if message[library] != expected:
                    sys.exit(f"{library} of {name}, step {step}: {message[library]} instead of {expected}")


def authorize(node_modules, python, port, token, document):
    """Lets OAuth libraries get tokens for an app, and then from oidc-provider: the scripts are not bent to Padrón."""
    issuer = f"http://localhost:{port}/api"
    redirect_uri = "https://crm.acme.example/callback"
    app = {"name": "CRM", "redirectUri": redirect_uri, "scopes": ["read:organization", "read:customers"]}
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "x-organization-id": ORGANIZATION,
    }
    request = urllib.request.Request(f"{issuer}/oauth/apps", json.dumps(app).encode(), headers)
    app = json.load(urllib.request.urlopen(request, timeout=300))
    for name in ["browser.mjs", "oauth.mjs", "mcp.mjs", "provider.mjs"]:
        shutil.copy(os.path.join(HERE, name), node_modules)
    clients = [
        ["node", os.path.join(node_modules, "oauth.mjs")],
        [python, os.path.join(HERE, "oauth.py")],
        ["node", os.path.join(node_modules, "mcp.mjs")],
    ]
    credentials = [app["clientId"], app["clientSecret"], redirect_uri]
    for client in clients:
        of_mcp = [document] if client[-1].endswith("mcp.mjs") else []
        resource = f"{issuer}/organizations/{ORGANIZATION}"
        subprocess.run([*client, issuer, *credentials, resource, *of_mcp], check=True, timeout=900)
    provider = ["node", os.path.join(node_modules, "provider.mjs"), *credentials]
    provider = subprocess.Popen(provider, stdout=subprocess.PIPE, text=True)
    try:
        other = read_line(provider)
        for client in clients:
            subprocess.run([*client, other, *credentials, f"{other}/resource"], check=True, timeout=300)
    finally:
        provider.terminate()


class DocumentServer:
    """A server with the document of a client. Its certificate is of an authority of its own, because the document must come by https."""

    def __init__(self, folder):
        self.authority = os.path.join(folder, "authority.pem")
        chain = os.path.join(folder, "server.pem")
        make_certificates(self.authority, chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(handler):
                body = json.dumps(self.document).encode()
                handler.send_response(200)
                handler.send_header("content-type", "application/json")
                handler.send_header("content-length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        self.url = f"https://localhost:{server.server_port}/client.json"
        self.document = {
            "client_id": self.url,
            "client_name": "Assistant",
            "redirect_uris": ["http://127.0.0.1:33418/callback"],
            "token_endpoint_auth_method": "none",
        }
        threading.Thread(target=server.serve_forever, daemon=True).start()


def make_certificates(authority, chain):
    """Writes the certificate of an authority, and that of a server on this machine with its key."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def certificate(name, issuer, key, signer, extensions):
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ["A test", "localhost"]]
    basic = [(x509.BasicConstraints(ca=True, path_length=0), True)]
    host = [(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)]
    with open(authority, "wb") as file:
        file.write(certificate(names[0], names[0], keys[0], keys[0], basic))
    key = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(chain, "wb") as file:
        file.write(key + certificate(names[1], names[0], keys[1], keys[0], host))


main(*sys.argv[1:])
