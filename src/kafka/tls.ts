/** Where TLS clients find the certificate authorities they trust. */
import process from "node:process";

type Properties = Readonly<Record<string, string | undefined>>;

/**
 * librdkafka's properties for the system's certificate authorities, unless `own` names others.
 *
 * The OpenSSL in the addon only knows where its own build would have kept them. So the usual places of
 * the distributions are probed (Debian, Fedora, SUSE, Alpine), after `SSL_CERT_FILE` and
 * `SSL_CERT_DIR`, which win as they do for other programs.
 */
export function defaultTlsProperties(
  own: Properties = {},
  env: Properties = process.env,
): Record<string, string> {
  if (own["ssl.ca.location"] || own["ssl.ca.pem"]) return {};
  // OpenSSL takes several folders here, librdkafka one.
  const folder = env.SSL_CERT_DIR?.split(":")[0];
  return { "ssl.ca.location": env.SSL_CERT_FILE || folder || "probe" };
}
