/** Lines to a stream in large writes, at the pace of whoever reads them. */
import { once } from "node:events";

const FLUSH_AT = 16_384;

export class LinePrinter {
  readonly #stream: NodeJS.WritableStream;
  #text = "";
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  /** Prints soon: at the latest when the event loop is idle. */
  async print(line: string): Promise<void> {
    this.#text += `${line}\n`;
    if (this.#text.length >= FLUSH_AT) await this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), 0);
  }

  async flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const text = this.#text;
    this.#text = "";
    if (text !== "" && !this.#stream.write(text)) await once(this.#stream, "drain");
  }
}
