/** What is sent to contenders. Pure. */

/** JSON of so many bytes, with three fields; of the fewest that there can be if that is more. */
export function messageOf(id: number, bytes: number): string {
  const message = { id, name: "", ok: id % 2 === 0 };
  message.name = "x".repeat(Math.max(0, bytes - JSON.stringify(message).length));
  return JSON.stringify(message);
}
