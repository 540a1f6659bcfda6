/** What is sent to contenders. Pure. */

/** JSON of so many bytes, with three fields; of the fewest that there can be if that is more. */
export function messageOf(id: number, bytes: number): string {
  const message = { id, name: "", ok: id % 2 === 0 };
  const room = Math.max(0, bytes - JSON.stringify(message).length);
  // Each has a text of its own, as those of users have.
  message.name = `name-${id}-`.padEnd(room, "x").slice(0, room);
  return JSON.stringify(message);
}
