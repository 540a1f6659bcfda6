/**
 * The stream of @platformatic/kafka, taken by its events. Offsets are committed each second by the client. A fetch
 * is of 1 MiB at most: of the default of 10 MiB, all messages become objects at once, and the garbage collector
 * takes longer than all else.
 */
// @ts-ignore: installed by scripts/peers/install, unknown to the project itself
import { Consumer, MessagesStreamModes } from "@platformatic/kafka";
import { allDone, brokers, group, leave, longestFetchMs, topic, work } from "./work.mjs";

const AT_ONCE = 1000;

const consumer = new Consumer({
  clientId: "bench",
  groupId: group,
  bootstrapBrokers: brokers.split(","),
  autocommit: 1000,
  maxWaitTime: longestFetchMs,
  maxBytes: 2 ** 20,
});
const stream = await consumer.consume({
  topics: [topic],
  mode: MessagesStreamModes.EARLIEST,
});
let inFlight = 0;
const settled = () => {
  if (--inFlight === AT_ONCE / 2 && stream.isPaused()) stream.resume();
};
stream.on("data", (message) => {
  if (++inFlight === AT_ONCE) stream.pause();
  work(message.value).then(settled, (error) => stream.destroy(error));
});
await allDone;
// Closing the stream commits what is left.
await stream.close();
await consumer.close();
leave();
