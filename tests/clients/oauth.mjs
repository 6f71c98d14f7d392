// Lets openid-client and oauth4webapi discover a server, get tokens for a user and for themselves, refresh and revoke them, unmodified.
//
// Usage: oauth.mjs <issuer> <client id> <client secret> <redirect URI> <URL of something that the tokens give access to>
import assert from "node:assert";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { allow } from "./browser.mjs";

const [issuer, clientId, secret, redirectUri, resourceUrl] = process.argv.slice(2);
const scope = "read:organization read:customers";

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
  const answer = await allow(url, redirectUri);
  const first = await openid.authorizationCodeGrant(config, answer, { pkceCodeVerifier, expectedState });
  const second = await openid.refreshTokenGrant(config, first.refresh_token);
  assert.notEqual(first.refresh_token, second.refresh_token);
  const get = (token) => openid.fetchProtectedResource(config, token, new URL(resourceUrl), "GET");
  assert.equal((await get(second.access_token)).status, 200);
  assert.equal((await openid.tokenIntrospection(config, second.access_token)).active, true);
  assert.equal((await openid.tokenIntrospection(config, second.refresh_token)).active, true);
  await openid.tokenRevocation(config, second.refresh_token);
  assert.equal((await openid.tokenIntrospection(config, second.access_token)).active, false);
  assert.equal((await openid.tokenIntrospection(config, second.refresh_token)).active, false);
  await assert.rejects(get(second.access_token));
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
    resource: issuer,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const answer = await allow(target, redirectUri);
  const parameters = oauth.validateAuthResponse(server, client, answer, oauth.expectNoState);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    parameters,
    redirectUri,
    verifier,
    { additionalParameters: { resource: issuer }, ...insecure },
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response);
  const validate = async (token) => {
    const request = new Request(resourceUrl, { headers: { authorization: `Bearer ${token}` } });
    return oauth.validateJwtAccessToken(server, request, issuer, insecure);
  };
  const claims = await validate(tokens.access_token);
  assert.equal(claims.client_id, clientId);
  assert.equal(claims.scope, scope);
  const refreshed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, {
      additionalParameters: { resource: issuer },
      ...insecure,
    }),
  );
  assert.equal((await validate(refreshed.access_token)).sub, claims.sub);
  const revoked = await oauth.revocationRequest(server, client, authentication, refreshed.refresh_token, insecure);
  assert.equal(await oauth.processRevocationResponse(revoked), undefined);
  const again = await oauth.refreshTokenGrantRequest(server, client, authentication, refreshed.refresh_token, insecure);
  await assert.rejects(oauth.processRefreshTokenResponse(server, client, again), { error: "invalid_grant" });
  const own = await oauth.processClientCredentialsResponse(
    server,
    client,
    await oauth.clientCredentialsGrantRequest(
      server,
      client,
      authentication,
      { scope: "read:customers", resource: issuer },
      insecure,
    ),
  );
  assert.equal((await validate(own.access_token)).scope, "read:customers");
}
