/**
 * Tells the observer of the article's table which jobs are done: one line of ids for each turn of the loop, as
 * report_done.py does for the workers in Python. A worker ends with its observer.
 */
import { connect } from "node:net";
import process from "node:process";

const [host, port] = process.env.ARTICLE_OBSERVER.split(":");
const socket = connect(Number(port), host).setNoDelay();
socket.on("close", () => process.exit());
socket.on("error", () => process.exit());
socket.resume();

let ids = [];

/** @param {number} id */
export function reportDone(id) {
  if (ids.length === 0) setImmediate(flush);
  ids.push(id);
}

function flush() {
  socket.write(`${ids.join(" ")}\n`);
  ids = [];
}
