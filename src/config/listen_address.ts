/** Where a server listens: `9464`, `:9464`, `127.0.0.1:9464`, `[::1]:9464`. */
import { isIPv4, isIPv6 } from "node:net";
import { BadValue } from "./bad_value.ts";

export interface ListenAddress {
  /** An IP address or a host name, without brackets. */
  host: string;
  /** 0: the system chooses one. */
  port: number;
}

/** Another address has to be named, since whoever reaches it can look in. */
const LOOPBACK = "127.0.0.1";
const HOST_NAME = /^(?=.{1,253}$)(?![\d.]+$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/;

/** Throws `BadValue`. */
export function parseListenAddress(text: string): ListenAddress {
  const trimmed = text.trim();
  if (trimmed.includes("://")) throw new BadValue("write host:port without a scheme");
  if (isIPv6(trimmed)) {
    throw new BadValue(`an IPv6 address stands in brackets: "[${trimmed}]:9464"`);
  }
  const match = /^(?:(\[[^\]]*\]|[^:]*):)?([^:]*)$/.exec(trimmed);
  if (!match) throw new BadValue("it must be host:port, :port or port");
  const host = (match[1] ?? "").replace(/^\[(.*)\]$/, "$1");
  const bracketed = match[1]?.startsWith("[") ?? false;
  if (bracketed ? !isIPv6(host) : host !== "" && !isIPv4(host) && !HOST_NAME.test(host)) {
    throw new BadValue(`"${match[1]}" is not a host name or address`);
  }
  const port = /^\d{1,5}$/.test(match[2]!) ? Number(match[2]) : NaN;
  if (!(port <= 65535)) {
    throw new BadValue(`"${match[2]}" is not a port; it must be a number from 0 to 65535`);
  }
  return { host: host === "" ? LOOPBACK : host, port };
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
