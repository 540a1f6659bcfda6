/**
 * Takes over what the program writes to the terminal, so that the panel's owner can put it above the
 * panel: `write` of the streams, and the methods of `console`, which do not go through them in Bun.
 */
import { Console } from "node:console";
import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

type Write = NodeJS.WriteStream["write"];

export interface CaptureOptions {
  /** Streams that end at the panel's terminal. */
  streams: readonly NodeJS.WriteStream[];
  /** Whether standard output is one of them; otherwise `console.log` is left as it is. */
  stdout: boolean;
  colours: boolean;
  /** Receives everything written, in order. */
  onText: (text: string) => void;
}

/** Methods that write to standard error. */
const ERROR_METHODS: ReadonlySet<string> = new Set(["error", "warn", "trace", "assert"]);

/** Starts the capture; the function returned ends it and puts everything back. */
export function captureOutput({ streams, stdout, colours, onText }: CaptureOptions): () => void {
  const undo = streams.map((stream) => captureStream(stream, onText));
  undo.push(captureConsole({ stdout, colours, onText }));
  return () => undo.forEach((restore) => restore());
}

function captureStream(stream: NodeJS.WriteStream, onText: (text: string) => void): () => void {
  const decoder = new StringDecoder("utf8");
  const own = Object.getOwnPropertyDescriptor(stream, "write");
  const write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean => {
    const done = typeof encoding === "function" ? encoding : callback;
    const text = typeof chunk !== "string"
      ? decoder.write(chunk as Buffer)
      : typeof encoding === "string" && !/^utf-?8$/i.test(encoding)
      ? decoder.write(Buffer.from(chunk, encoding))
      : chunk;
    onText(text);
    if (done !== undefined) queueMicrotask(() => done(null));
    return true;
  };
  Object.defineProperty(stream, "write", {
    value: write as Write,
    configurable: true,
    writable: true,
  });
  return () => {
    if (own === undefined) Reflect.deleteProperty(stream, "write");
    else Object.defineProperty(stream, "write", own);
  };
}

function captureConsole(
  { stdout, colours, onText }: Omit<CaptureOptions, "streams">,
): () => void {
  const sink = new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      onText(typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk));
      done();
    },
  });
  const captured = new Console({ stdout: sink, stderr: sink, colorMode: colours });
  const target = console as unknown as Record<string, unknown>;
  const replaced = new Map<string, unknown>();
  for (const [name, method] of Object.entries(captured)) {
    if (typeof method !== "function" || typeof target[name] !== "function") continue;
    if (!stdout && !ERROR_METHODS.has(name)) continue;
    replaced.set(name, target[name]);
    target[name] = method.bind(captured);
  }
  return () => {
    for (const [name, method] of replaced) target[name] = method;
  };
}
