import { isIPv4, isIPv6 } from "node:net";
import { BadValue } from "./bad_value.ts";

const DEFAULT_PORT = 9092;

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

/**
 * Reads one broker, `host:port`, `host` (port 9092) or `[IPv6]:port`, and writes it in full.
 * Throws `BadValue`.
 */
export function parseBroker(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") throw new BadValue("a broker is empty; write host:port, separated by commas");
  if (trimmed.includes("://")) {
    throw new BadValue(
      "write host:port without a scheme; TLS and SASL are chosen by -X security.protocol=…",
    );
  }
  if (isIPv6(trimmed)) {
    throw new BadValue(`an IPv6 address stands in brackets: "[${trimmed}]:${DEFAULT_PORT}"`);
  }
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s.exec(trimmed);
  if (match === null) throw new BadValue(`"${trimmed}" is not host:port`);
  const host = match[1]!;
  return `${checkHost(host)}:${match[2] === undefined ? DEFAULT_PORT : parsePort(match[2])}`;
}

/** True when every broker is on this machine by its very name, without asking DNS. */
export function areOnLoopback(brokers: readonly string[]): boolean {
  return brokers.length > 0 && brokers.every(isOnLoopback);
}

function isOnLoopback(broker: string): boolean {
  const host = broker.slice(0, broker.lastIndexOf(":")).toLowerCase().replace(/\.$/, "");
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  if (isIPv4(host)) return host.startsWith("127.");
  if (!host.startsWith("[") || !URL.canParse(`http://${host}`)) return false;
  // The URL parser writes every spelling of an IPv6 address in one way.
  const { hostname } = new URL(`http://${host}`);
  return hostname === "[::1]" || /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]+\]$/.test(hostname);
}

function checkHost(host: string): string {
  if (host.startsWith("[")) {
    const address = host.slice(1, -1);
    if (!isIPv6(address)) throw new BadValue(`"${address}" is not an IPv6 address`);
    return host;
  }
  // All-numeric labels are addresses, and a wrong one must not be looked up as a name.
  const looksNumeric = /^[\d.]+$/.test(host);
  if (looksNumeric ? isIPv4(host) : HOST_NAME.test(host)) return host;
  throw new BadValue(`"${host}" is not a host name or address`);
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) {
    throw new BadValue(`"${text}" is not a port; it must be a number from 1 to 65535`);
  }
  return port;
}
