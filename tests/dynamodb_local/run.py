"""Runs the tests of storage and API with Amazon's DynamoDB Local instead of the embedded engine.

Usage: run.py <folder with node_modules> [<filter of tests>…]
"""

import os
import shutil
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TEST = ["cargo", "test", "--quiet", "--workspace", "--test", "it", "--"]


def differences():
    """Returns the names of the tests that are not run."""
    lines = open(os.path.join(HERE, "differences.txt")).read().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def check_names(names):
    """Fails if a name is that of no test, so that the list does not outlive the tests."""
    listed = subprocess.run([*TEST, "--list", "--format", "terse"], cwd=ROOT, check=True, capture_output=True, text=True)
    tests = [line.removesuffix(": test") for line in listed.stdout.splitlines() if line.endswith(": test")]
    for name in names:
        if not any(test.startswith(name) for test in tests):
            sys.exit(f"tests/dynamodb_local/differences.txt: no test is called {name}. Take it out.")


def main(tools, *filters):
    if not shutil.which("java"):
        sys.exit("Java is not installed. On Debian and Ubuntu: apt install default-jre-headless. Then try again.")
    names = differences()
    check_names(names)
    emulator = os.path.join(os.path.abspath(tools), "node_modules", "amplify-dynamodb-simulator", "emulator")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = ["java", "-Xmx2g", "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
    engine = subprocess.Popen(
        [*command, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)],
        cwd=emulator, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline or engine.poll() is not None:
                    sys.exit("DynamoDB Local does not start.")
                time.sleep(0.2)
        skipped = [argument for name in names for argument in ["--skip", name]]
        environment = {**os.environ, "PADRON_TEST_DYNAMODB": f"127.0.0.1:{port}"}
        sys.exit(subprocess.run([*TEST, *filters, *skipped], cwd=ROOT, env=environment).returncode)
    finally:
        engine.terminate()
        engine.wait(30)


if __name__ == "__main__":
    main(*sys.argv[1:])
