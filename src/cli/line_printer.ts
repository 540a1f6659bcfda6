/**
 * Lines to a stream in large writes, at the pace of whoever reads them. When the stream has failed, a
 * reader that left or a full disk, they are dropped: what they tell of goes on all the same.
 */

const FLUSH_AT = 16_384;

export class LinePrinter {
  readonly #stream: NodeJS.WritableStream;
  #text = "";
  #timer: ReturnType<typeof setTimeout> | null = null;
  #failed = false;
  /** While the reader is slower: until it has caught up, or the stream has failed. */
  #draining: Promise<void> | null = null;
  #drained: () => void = () => {};

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
    stream.on("drain", () => this.#drained());
    stream.on("error", () => {
      this.#failed = true;
      this.#drained();
    });
  }

  /** Prints soon: at the latest when the event loop is idle. */
  async print(line: string): Promise<void> {
    this.#text += `${line}\n`;
    if (this.#draining || this.#text.length >= FLUSH_AT) await this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), 0);
  }

  async flush(): Promise<void> {
    // What is added meanwhile goes out in one write, by the first that comes through here.
    while (this.#draining) await this.#draining;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const text = this.#text;
    this.#text = "";
    if (text === "" || this.#failed || this.#stream.write(text) || this.#failed) return;
    this.#draining = new Promise((resolve) => {
      this.#drained = () => {
        this.#draining = null;
        resolve();
      };
    });
    await this.#draining;
  }
}
