// oidc-provider, a certified server, for the same scripts: what passes here as well is not bent to one server.
//
// Usage: provider.mjs <client id> <client secret> <redirect URI>. Prints the issuer.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [client_id, client_secret, redirectUri] = process.argv.slice(2);
const server = createServer().listen(0, "127.0.0.1", () => {
  const issuer = `http://localhost:${server.address().port}`;
  const scopes = ["read:organization", "read:customers"];
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id,
        client_secret,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token", "client_credentials"],
        response_types: ["code"],
      },
    ],
    scopes,
    cookies: { keys: ["one of a test"] },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      registration: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => false,
        getResourceServerInfo: () => ({ scope: scopes.join(" "), audience: issuer, accessTokenFormat: "jwt" }),
      },
    },
  });
  // Something that tokens give access to.
  provider.use(async (context, next) => {
    if (context.path !== "/resource") return next();
    const token = context.get("authorization").slice("Bearer ".length);
    context.status = (await provider.AccessToken.find(token)) ? 200 : 401;
    if (context.status === 401) context.set("www-authenticate", 'Bearer error="invalid_token"');
    context.body = "";
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
