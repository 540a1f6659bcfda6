/** What is sent to contenders. Pure. */

/** Three fields take some 30; smaller messages have one. */
export const LEAST_OF_THREE_FIELDS = 40;

/** JSON of so many bytes, at least 8: with three fields, or with the last digits of the id alone. */
export function messageOf(id: number, bytes: number): string {
  if (bytes < LEAST_OF_THREE_FIELDS) {
    return JSON.stringify({ id: id % 10 ** (bytes - '{"id":}'.length) }).padEnd(bytes);
  }
  const message = { id, name: "", ok: id % 2 === 0 };
  const room = bytes - JSON.stringify(message).length;
  // Each has a text of its own, as those of users have.
  message.name = `name-${id}-`.padEnd(room, "x").slice(0, room);
  return JSON.stringify(message);
}
