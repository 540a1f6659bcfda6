import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BadValue } from "../../src/config/bad_value.ts";
import { formatListenAddress, parseListenAddress } from "../../src/config/listen_address.ts";

describe("parseListenAddress", () => {
  for (
    const [text, full] of [
      ["9464", "127.0.0.1:9464"],
      [":9464", "127.0.0.1:9464"],
      ["127.0.0.1:0", "127.0.0.1:0"],
      ["0.0.0.0:80", "0.0.0.0:80"],
      ["[::1]:9464", "[::1]:9464"],
      [" localhost:9464 ", "localhost:9464"],
      ["metrics.internal:65535", "metrics.internal:65535"],
    ] as const
  ) {
    test(`reads "${text}"`, () => {
      const address = parseListenAddress(text);
      assert.equal(formatListenAddress(address), full);
      assert.deepEqual(parseListenAddress(full), address);
    });
  }

  for (
    const [text, reason] of [
      ["", /not a port/],
      ["here", /"here" is not a port/],
      ["localhost", /not a port/],
      ["localhost:", /not a port/],
      ["127.0.0.1:65536", /0 to 65535/],
      ["-1", /not a port/],
      ["1e3", /not a port/],
      ["::1", /in brackets: "\[::1\]:9464"/],
      ["[::g]:1", /not a host name/],
      ["1.2.3:80", /"1\.2\.3" is not a host name/],
      ["a b:80", /not a host name/],
      ["a:b:80", /host:port, :port or port/],
      ["http://127.0.0.1:80", /without a scheme/],
    ] as const
  ) {
    test(`refuses "${text}"`, () => {
      assert.throws(
        () => parseListenAddress(text),
        (error) => error instanceof BadValue && reason.test(error.message),
      );
    });
  }
});
