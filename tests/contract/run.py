"""Checks openapi.json, and the API against it, with tools that others have written.

Usage: run.py <folder of the tools> [--fuzz] [--examples N] [--seed N]
"""

import argparse
import concurrent.futures
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PADRON = os.path.join(ROOT, "target", "debug", "padron")
MEMBER = "33333333-3333-4333-8333-333333333333"
STRANGER = "99999999-9999-4999-8999-999999999999"
EMAIL = "stranger@example.com"
# Those that an API key can have.
KEY_SCOPES = (
    "read:user,write:user,read:organization,write:organization,read:members,write:members,"
    "read:customers,write:customers,read:webhooks,write:webhooks,read:api-keys,read:oauth-apps,read:events"
)


PORTS = iter(random.sample(range(20000, 32000, 10), 1200))


def free_port():
    """Returns a port that is free, and whose next one is: the local stack's sign-in listens there."""
    for port in PORTS:
        with socket.socket() as one, socket.socket() as next_one:
            try:
                one.bind(("127.0.0.1", port))
                next_one.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue
    sys.exit("No port is free.")


class Api:
    """The API with fresh demo data, in a process of its own."""

    def __enter__(self):
        self.data = tempfile.mkdtemp(prefix="padron-contract-")
        self.port = free_port()
        self.url = f"http://localhost:{self.port}/api"
        self.log = open(os.path.join(self.data, "log"), "w")
        command = [PADRON, "--data", self.data, "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=5).read()
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    sys.exit(f"The API does not start: {open(self.log.name).read()}")
                time.sleep(0.2)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def print(self, *arguments):
        """Returns what a command of the local stack prints."""
        command = [PADRON, "--data", self.data, *arguments]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def run(*command, **options):
    """Runs a command, and ends with it if it fails."""
    done = subprocess.run(command, **options)
    if done.returncode != 0:
        sys.exit(f"Failed: {' '.join(command[:3])}")


def validate(tools):
    """Validates the description."""
    description = os.path.join(ROOT, "openapi.json")
    run(os.path.join(tools, "bin", "openapi-spec-validator"), description)
    redocly = os.path.join(tools, "node_modules", ".bin", "redocly")
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    configuration = os.path.join(HERE, "redocly.yaml")
    run(redocly, "lint", "--config", configuration, description, env=environment)


def use_client(tools):
    """Generates a client in TypeScript, compiles it strictly, and uses it."""
    binaries = os.path.join(tools, "node_modules", ".bin")
    for name in ["client.ts", "tsconfig.json"]:
        shutil.copy(os.path.join(HERE, name), tools)
    types = os.path.join(tools, "openapi.ts")
    run(os.path.join(binaries, "openapi-typescript"), os.path.join(ROOT, "openapi.json"), "--output", types)
    run(os.path.join(binaries, "tsc"), "--project", tools, cwd=tools)
    with Api() as api:
        invited = api.print("token", "--user", STRANGER, "--email", EMAIL)
        client = os.path.join(tools, "compiled", "client.js")
        run("node", client, api.url, api.print("token"), invited, EMAIL)


def check(tools, role, examples, seed):
    """Checks the API as one role with generated requests. Returns whether nothing was found."""
    with Api() as api:
        credential = {
            "owner": ["token"],
            "member": ["token", "--user", MEMBER],
            "key": ["key", "--role", "admin", "--scopes", KEY_SCOPES],
        }[role]
        token = api.print(*credential)
        done = subprocess.run(
            [
                os.path.join(tools, "bin", "schemathesis"), "run", "openapi.json", "--url", api.url, "--checks", "all",
                "--header", f"Authorization: Bearer {token}", "--max-examples", str(examples), "--seed", str(seed),
                # With several threads, Python 3.11's parser fails at times (python/cpython#106905).
                "--workers", "1",
            ],
            cwd=ROOT,
            env={**os.environ, "PADRON_TOKEN": token, "PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        lines = done.stdout.splitlines()
        summary = lines[lines.index("Test cases:") + 1].strip() if "Test cases:" in lines else "nothing was generated"
        print(f"schemathesis as {role}, {examples} examples an operation, seed {seed}: {summary}", flush=True)
        if done.returncode != 0:
            print(done.stdout, done.stderr, flush=True)
        return done.returncode == 0


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("tools")
    arguments.add_argument("--fuzz", action="store_true", help="only generated requests, more of them")
    arguments.add_argument("--examples", type=int)
    arguments.add_argument("--seed", type=int)
    arguments.add_argument("--roles", default="owner,member,key")
    given = arguments.parse_args()
    tools = os.path.abspath(given.tools)
    if not given.fuzz:
        validate(tools)
        use_client(tools)
    examples = given.examples or (200 if given.fuzz else 25)
    seed = given.seed if given.seed is not None else random.randrange(10**6) if given.fuzz else 1
    roles = given.roles.split(",")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        fine = list(pool.map(lambda role: check(tools, role, examples, seed), roles))
    found = [role for role, is_fine in zip(roles, fine) if not is_fine]
    if found:
        sys.exit(f"Something was found as {', '.join(found)}. Again: make fuzz SEED={seed} EXAMPLES={examples}")


if __name__ == "__main__":
    main()
