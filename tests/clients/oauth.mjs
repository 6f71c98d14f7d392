// Lets openid-client and oauth4webapi go through the authorization code flow, unmodified.
//
// Usage: oauth.mjs <issuer> <client id> <client secret> <redirect URI> <API's path>
import assert from "node:assert";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

const [issuer, clientId, secret, redirectUri, path] = process.argv.slice(2);
const scope = "read:organization read:customers";

/** A browser whose user signs in as the first one of the demo's, and allows everything. */
async function allow(start) {
  const cookies = new Map();
  let [url, body] = [new URL(start), undefined];
  for (let steps = 0; steps < 12; steps += 1) {
    if (url.href.startsWith(`${redirectUri}?`)) return url;
    const headers = { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") };
    if (body) headers.origin = url.origin;
    const response = await fetch(url, { method: body ? "POST" : "GET", body, headers, redirect: "manual" });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = cookie.split(";")[0].split(/=(.*)/s);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    const location = response.headers.get("location");
    body = undefined;
    if (location) {
      url = new URL(location, url);
      continue;
    }
    const page = await response.text();
    assert.equal(response.status, 200, page);
    const user = page.match(/href="([^"]*sign_in_as=[^"]*)"/);
    if (user) {
      url = new URL(user[1].replaceAll("&amp;", "&"), url);
      continue;
    }
    body = new URLSearchParams({ action: "allow" });
    for (const [, rest] of page.split("</form>")[0].matchAll(/<input ([^>]*)>/g)) {
      const [, name] = rest.match(/name="([^"]*)"/);
      body.append(name, rest.match(/value="([^"]*)"/)[1]);
    }
  }
  throw new Error("the flow does not end");
}

for (const algorithm of ["oauth2", "oidc"]) {
  const config = await openid.discovery(new URL(issuer), clientId, secret, undefined, {
    algorithm,
    execute: [openid.allowInsecureRequests],
  });
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
  });
  const answer = await allow(url);
  const first = await openid.authorizationCodeGrant(config, answer, { pkceCodeVerifier, expectedState });
  const second = await openid.refreshTokenGrant(config, first.refresh_token);
  assert.notEqual(first.refresh_token, second.refresh_token);
  const organization = await openid.fetchProtectedResource(
    config,
    second.access_token,
    new URL(`${issuer}${path}`),
    "GET",
  );
  assert.equal(organization.status, 200);
  assert.equal((await openid.tokenIntrospection(config, second.access_token)).active, true);
  await openid.tokenRevocation(config, second.refresh_token);
  assert.equal((await openid.tokenIntrospection(config, second.access_token)).active, false);
  await assert.rejects(openid.refreshTokenGrant(config, second.refresh_token));
  const own = await openid.clientCredentialsGrant(config, { scope: "read:customers" });
  assert.equal(own.scope, "read:customers");
}

for (const algorithm of ["oauth2", "oidc"]) {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const url = new URL(issuer);
  const server = await oauth.processDiscoveryResponse(
    url,
    await oauth.discoveryRequest(url, { algorithm, ...insecure }),
  );
  const [client, authentication] = [{ client_id: clientId }, oauth.ClientSecretBasic(secret)];
  const verifier = oauth.generateRandomCodeVerifier();
  const target = new URL(server.authorization_endpoint);
  target.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const parameters = oauth.validateAuthResponse(server, client, await allow(target), oauth.expectNoState);
  const tokens = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      parameters,
      redirectUri,
      verifier,
      insecure,
    ),
  );
  const request = new Request(`${issuer}${path}`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(server, request, issuer, insecure);
  assert.equal(claims.client_id, clientId);
  assert.equal(claims.scope, scope);
  const response = await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, insecure);
  await oauth.processRefreshTokenResponse(server, client, response);
}
