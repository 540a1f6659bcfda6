import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";
import { LinePrinter } from "../../src/cli/line_printer.ts";

/** A stream that keeps what is written, and is full when a test says so. */
class Sink extends EventEmitter {
  readonly writes: string[] = [];
  full = false;

  write(text: string): boolean {
    this.writes.push(text);
    return !this.full;
  }

  get text(): string {
    return this.writes.join("");
  }
}

function printer() {
  const sink = new Sink();
  return { sink, printer: new LinePrinter(sink as unknown as NodeJS.WritableStream) };
}

describe("LinePrinter", () => {
  test("writes many lines at once, soon", async () => {
    const { sink, printer: it } = printer();
    await it.print("a");
    await it.print("b");
    assert.deepEqual(sink.writes, []);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(sink.writes, ["a\nb\n"]);
    await it.print("c");
    await it.flush();
    assert.equal(sink.text, "a\nb\nc\n");
  });

  test("flushes what is long without waiting, and keeps every line in order", async () => {
    const { sink, printer: it } = printer();
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}`);
    for (const line of lines) await it.print(line);
    assert.ok(sink.writes.length >= 2 && sink.writes.length < 10);
    await it.flush();
    assert.equal(sink.text, lines.map((line) => `${line}\n`).join(""));
  });

  test("waits while its reader is slower", async () => {
    const { sink, printer: it } = printer();
    sink.full = true;
    let done = false;
    const printing = it.print("x".repeat(20_000)).then(() => done = true);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(done, false);
    sink.emit("drain");
    await printing;
  });

  test("lets nobody wait for a stream that has failed, and writes no more to it", async () => {
    const { sink, printer: it } = printer();
    sink.full = true;
    const printing = it.print("x".repeat(20_000));
    await new Promise((resolve) => setImmediate(resolve));
    sink.emit("error", new Error("EPIPE: broken pipe, write"));
    await printing;
    await it.print("y".repeat(20_000));
    await it.flush();
    assert.equal(sink.writes.length, 1);
  });

  test("writes nothing while its reader is slower, and all of it afterwards", async () => {
    const { sink, printer: it } = printer();
    sink.full = true;
    const printing = it.print("x".repeat(20_000));
    const others = ["a", "b", "c"].map((line) => it.print(line));
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(sink.writes.length, 1);
    sink.full = false;
    sink.emit("drain");
    await Promise.all([printing, ...others]);
    assert.deepEqual(sink.writes.slice(1), ["a\nb\nc\n"]);
  });

  test("with nothing to say writes nothing", async () => {
    const { sink, printer: it } = printer();
    await it.flush();
    assert.deepEqual(sink.writes, []);
  });
});
