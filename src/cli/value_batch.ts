/** The values of a batch, as they are added: encoded in the end, all by one call. */

const encoder = new TextEncoder();

export class ValueBatch {
  #texts: string[] = [];
  #characters = 0;

  get count(): number {
    return this.#texts.length;
  }

  /** In UTF-16; bytes there are as many, or up to three times as many. */
  get characters(): number {
    return this.#characters;
  }

  add(text: string): void {
    this.#texts.push(text);
    this.#characters += text.length;
  }

  /** All that was added, as UTF-8; begins anew. */
  take(): { count: number; bytes: Uint8Array; lengths: Int32Array } {
    const texts = this.#texts;
    const bytes = encoder.encode(texts.join(""));
    const lengths = new Int32Array(texts.length);
    // Where all is ASCII, no text needs a look of its own.
    const ascii = bytes.length === this.#characters;
    for (let i = 0; i < texts.length; i++) {
      lengths[i] = ascii ? texts[i]!.length : encoder.encode(texts[i]!).length;
    }
    this.#texts = [];
    this.#characters = 0;
    return { count: texts.length, bytes, lengths };
  }
}
