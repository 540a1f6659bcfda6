/** What `import … from "taskc"` gives. */
export { z } from "zod";
export { task } from "./task.ts";
export type { SendOptions, Task } from "./task.ts";
export type { Context, Log } from "./context.ts";
export type { Decode, Duration, RawMessage, RetryOptions, TaskOptions } from "./options.ts";
export type { TaskMessage } from "./message.ts";
export { DeadLetter, Discard, RetryAfter, TimeoutError } from "./signals.ts";
