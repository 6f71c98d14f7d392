"""Lets authlib go through the authorization code flow, unmodified.

Usage: oauth.py <issuer> <client id> <client secret> <redirect URI> <API's path>
"""

import html
import os
import re
import sys
from urllib.parse import urljoin, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session

# The local stack has no TLS.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


def allow(url, redirect_uri):
    """A browser whose user signs in as the first one of the demo's, and allows everything."""
    browser = requests.Session()
    form = None
    for _ in range(12):
        if url.startswith(redirect_uri + "?"):
            return url
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if form:
            response = browser.post(url, form, headers={"origin": origin}, allow_redirects=False, timeout=300)
        else:
            response = browser.get(url, allow_redirects=False, timeout=300)
        form = None
        if "location" in response.headers:
            url = urljoin(url, response.headers["location"])
            continue
        assert response.status_code == 200, response.text
        if user := re.search(r'href="([^"]*sign_in_as=[^"]*)"', response.text):
            url = urljoin(url, html.unescape(user[1]))
            continue
        form = [("action", "allow")]
        for field in re.findall(r"<input ([^>]*)>", response.text.split("</form>")[0]):
            form.append((re.search('name="([^"]*)"', field)[1], re.search('value="([^"]*)"', field)[1]))
    sys.exit("the flow does not end")


def main(issuer, client_id, secret, redirect_uri, path):
    server = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=60).json()
    session = OAuth2Session(
        client_id,
        secret,
        scope="read:organization read:customers",
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        token_endpoint=server["token_endpoint"],
    )
    verifier = "a verifier of authlib, which is long enough for RFC 7636"
    url, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier)
    answer = allow(url, redirect_uri)
    token = session.fetch_token(authorization_response=answer, code_verifier=verifier, state=state)
    assert session.get(issuer + path).status_code == 200
    refreshed = session.refresh_token(server["token_endpoint"], token["refresh_token"])
    assert refreshed["refresh_token"] != token["refresh_token"]
    assert session.get(issuer + path).status_code == 200
    revoked = session.revoke_token(server["revocation_endpoint"], refreshed["refresh_token"], "refresh_token")
    assert revoked.status_code == 200
    gone = requests.get(issuer + path, headers={"authorization": f"Bearer {refreshed['access_token']}"}, timeout=60)
    assert gone.status_code == 401, gone.text


main(*sys.argv[1:])
