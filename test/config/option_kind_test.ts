import assert from "node:assert/strict";
import { test } from "node:test";
import { BadValue } from "../../src/config/bad_value.ts";
import { type Kind, orOff, share, whole } from "../../src/config/option_kind.ts";

const CONTEXT = { now: 0 };

function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof BadValue, String(error));
    return error.message;
  }
  return "";
}

test("share takes numbers above 0 and up to 1, and nothing like them", () => {
  const read = (text: string) => share().fromText([text], CONTEXT);
  assert.deepEqual(["0.5", ".25", "1", " 0.01 "].map(read), [0.5, 0.25, 1, 0.01]);
  for (const text of ["0", "1.01", "-0.5", "50%", "0,5", "1e-1", "", "."]) {
    assert.match(complaint(() => read(text)), /above 0 and up to 1, such as 0\.5/, text);
  }
  assert.equal(share().fromJson(0.5, CONTEXT), 0.5);
  for (const value of ["0.5", NaN, 2, null]) {
    assert.match(complaint(() => share().fromJson(value, CONTEXT)), /above 0 and up to 1/);
  }
});

test('orOff takes "off" as none, and names it where it refuses', () => {
  const kind: Kind<number | null> = orOff(whole(1, 9));
  assert.deepEqual(["off", " off", "7"].map((text) => kind.fromText([text], CONTEXT)), [
    null,
    null,
    7,
  ]);
  assert.deepEqual(["off", 7].map((value) => kind.fromJson(value, CONTEXT)), [null, 7]);
  assert.equal(
    complaint(() => kind.fromText(["none"], CONTEXT)),
    'it must be a whole number from 1 to 9, or "off"',
  );
  assert.match(complaint(() => kind.fromJson(null, CONTEXT)), /, or "off"$/);
  assert.deepEqual([kind.format(null), kind.format(7)], ["off", "7"]);
  assert.equal(kind.placeholder, "N|off");
});
