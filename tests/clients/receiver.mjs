// Receives webhooks, and prints for each message which of the known secrets and public keys verify it: one line of JSON.
//
// `PUT /keys` sets the secrets and the public keys. The first line of the output is the port.

import { createPublicKey, verify as verifySignature } from "node:crypto";
import { createServer } from "node:http";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

let keys = { secrets: [], publicKeys: [] };

const isVerified = (verify) => {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
};

// Returns whether one of the signatures `v1a` is that of a public key: 32 bytes of Ed25519 in base64, after `whpk_`.
const isSignedBy = (publicKey, headers, body) => {
  const raw = Buffer.from(publicKey.slice("whpk_".length), "base64");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") }, format: "jwk" });
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const signatures = headers["webhook-signature"].split(" ").filter((signature) => signature.startsWith("v1a,"));
  return signatures.some((signature) => verifySignature(null, signed, key, Buffer.from(signature.slice(4), "base64")));
};

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString("utf8");
  if (request.method === "PUT") {
    keys = JSON.parse(body);
  } else {
    const { headers } = request;
    console.log(JSON.stringify({
      id: headers["webhook-id"],
      type: JSON.parse(body).type,
      standardwebhooks: keys.secrets.map((secret) => isVerified(() => new StandardWebhook(secret).verify(body, headers))),
      svix: keys.secrets.map((secret) => isVerified(() => new SvixWebhook(secret).verify(body, headers))),
      ed25519: keys.publicKeys.map((publicKey) => isSignedBy(publicKey, headers, body)),
    }));
  }
  response.end("ok");
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
