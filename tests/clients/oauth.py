"""Lets authlib get tokens for a user and for itself, refresh and revoke them, unmodified.

Usage: oauth.py <issuer> <client id> <client secret> <redirect URI> <URL of something that the tokens give access to>
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
    """A browser whose user signs in as the first one whom the page offers, and allows everything."""
    browser = requests.Session()
    form = None
    for _ in range(16):
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
        head, rest = response.text.split("<form")[1].split(">", 1)
        form = [("action", "allow")]
        for field in re.findall(r"<input ([^>]*)>", rest.split("</form>")[0]):
            value = re.search('value="([^"]*)"', field)
            form.append((re.search('name="([^"]*)"', field)[1], value[1] if value else "anyone"))
        if action := re.search('action="([^"]*)"', head):
            url = urljoin(url, html.unescape(action[1]))
    sys.exit("the flow does not end")


def main(issuer, client_id, secret, redirect_uri, resource_url):
    server = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=60).json()
    scope = "read:organization read:customers"
    session = OAuth2Session(
        client_id,
        secret,
        scope=scope,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        token_endpoint=server["token_endpoint"],
    )
    verifier = "averifierofauthlib-whichislongenough-forRFC7636"
    url, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier)
    answer = allow(url, redirect_uri)
    token = session.fetch_token(authorization_response=answer, code_verifier=verifier, state=state)
    assert session.get(resource_url).status_code == 200
    refreshed = session.refresh_token(server["token_endpoint"], token["refresh_token"])
    assert refreshed["refresh_token"] != token["refresh_token"]
    assert session.get(resource_url).status_code == 200
    revoked = session.revoke_token(server["revocation_endpoint"], refreshed["refresh_token"], "refresh_token")
    assert revoked.status_code == 200
    gone = requests.get(resource_url, headers={"authorization": f"Bearer {refreshed['access_token']}"}, timeout=60)
    assert gone.status_code == 401, gone.text
    own = OAuth2Session(client_id, secret, scope="read:customers", token_endpoint=server["token_endpoint"])
    assert own.fetch_token(grant_type="client_credentials")["scope"] == "read:customers"


main(*sys.argv[1:])
