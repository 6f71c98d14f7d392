"""Lets the official libraries of npm and PyPI verify what the local stack sends: before, during and after a rotation of the secret.
Then libraries of OAuth get tokens from it.

Usage: verify.py <folder with node_modules> <Python with the libraries>
"""

import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ORGANIZATION = "550e8400-e29b-41d4-a716-446655440000"


class Receiver:
    """A receiver in a process of its own."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
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
    port = free_port()
    make = ["make", "--no-print-directory", f"DATA={data}"]
    log = open(os.path.join(data, "run.log"), "w+")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
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
        authorize(node_modules, python, port, token.stdout.strip())
    finally:
        stack.send_signal(signal.SIGTERM)
        for receiver in receivers.values():
            receiver.process.terminate()
        stack.wait()
    shutil.rmtree(data)
    print("standardwebhooks and svix of npm and PyPI verify what is sent, and node:crypto does with public keys.")
    print("openid-client, oauth4webapi and authlib are authorized.")


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


def authorize(node_modules, python, port, token):
    """Lets OAuth libraries get tokens for an app."""
    issuer = f"http://localhost:{port}/api"
    redirect_uri = "https://crm.acme.example/callback"
    app = {"name": "CRM", "redirectUri": redirect_uri, "scopes": ["read:organization", "read:customers"]}
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(f"{issuer}/oauth/apps", json.dumps(app).encode(), headers)
    app = json.load(urllib.request.urlopen(request, timeout=300))
    arguments = [issuer, app["clientId"], app["clientSecret"], redirect_uri, f"/organizations/{ORGANIZATION}"]
    node = os.path.join(node_modules, "oauth.mjs")
    shutil.copy(os.path.join(HERE, "oauth.mjs"), node)
    for command in [["node", node], [python, os.path.join(HERE, "oauth.py")]]:
        subprocess.run([*command, *arguments], check=True, timeout=900)


main(*sys.argv[1:])
