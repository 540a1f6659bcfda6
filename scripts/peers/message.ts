/** What is sent to contenders. Pure. */

/** JSON of so many bytes, at least 8: three fields, or one with the id's last digits where three take more. */
export function messageOf(id: number, bytes: number): string {
  const message = { id, name: "", ok: id % 2 === 0 };
  const room = bytes - JSON.stringify(message).length;
  if (room < 0) return JSON.stringify({ id: id % 10 ** (bytes - '{"id":}'.length) }).padEnd(bytes);
  // Each has a text of its own, as those of users have.
  message.name = `name-${id}-`.padEnd(room, "x").slice(0, room);
  return JSON.stringify(message);
}
