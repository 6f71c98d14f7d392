// Lets the SDK of the Model Context Protocol get tokens, unmodified: as a client that registers itself, as one that a document describes, and
// as one that was created before.
//
// Usage: mcp.mjs <issuer> <client id> <client secret> <redirect URI> <URL of something that the tokens give access to>
//                <URL of the client's document, or nothing>
import assert from "node:assert";
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { ClientCredentialsProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { allow } from "./browser.mjs";

const [issuer, clientId, secret, redirectUri, resourceUrl, documentUrl] = process.argv.slice(2);

/** What a host of the protocol keeps of a server. */
class Provider {
  constructor({ information, metadata, url, redirectUrl = "http://127.0.0.1:33418/callback" }) {
    this.information = information;
    this.clientMetadata = {
      client_name: "Assistant",
      redirect_uris: [redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      ...metadata,
    };
    this.clientMetadataUrl = url;
    this.redirectUrl = redirectUrl;
  }
  clientInformation() {
    return this.information;
  }
  saveClientInformation(information) {
    this.information = information;
  }
  tokens() {
    return this.saved;
  }
  saveTokens(tokens) {
    this.saved = tokens;
  }
  redirectToAuthorization(url) {
    this.authorizationUrl = url;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
}

const get = (tokens) => fetch(resourceUrl, { headers: { authorization: `Bearer ${tokens.access_token}` } });

const providers = [
  new Provider({ metadata: { token_endpoint_auth_method: "none" } }),
  new Provider({ metadata: { token_endpoint_auth_method: "client_secret_post" } }),
  new Provider({
    information: { client_id: clientId, client_secret: secret },
    metadata: { token_endpoint_auth_method: "client_secret_basic" },
    redirectUrl: redirectUri,
  }),
  ...(documentUrl ? [new Provider({ url: documentUrl })] : []),
];
for (const provider of providers) {
  // The scope is what the answer to a request without a token names.
  const scope = "read:organization read:customers";
  assert.equal(await auth(provider, { serverUrl: issuer, scope }), "REDIRECT");
  const answer = await allow(provider.authorizationUrl, provider.redirectUrl);
  const authorizationCode = answer.searchParams.get("code");
  assert.equal(await auth(provider, { serverUrl: issuer, scope, authorizationCode }), "AUTHORIZED");
  const first = provider.saved;
  assert.equal((await get(first)).status, 200);
  assert.equal(await auth(provider, { serverUrl: issuer, scope }), "AUTHORIZED");
  assert.notEqual(provider.saved.refresh_token, first.refresh_token);
  assert.equal((await get(provider.saved)).status, 200);
  if (provider.clientMetadataUrl) assert.equal(provider.information.client_id, documentUrl);
}

const own = new ClientCredentialsProvider({
  clientId,
  clientSecret: secret,
  scope: "read:customers",
  expectedIssuer: issuer,
});
assert.equal(await auth(own, { serverUrl: issuer, scope: "read:customers" }), "AUTHORIZED");
assert.equal(own.tokens().scope, "read:customers");
