/** What an end-to-end test needs, under one name: the executable, a folder, the broker, a terminal. */
export * from "./harness/broker.ts";
export * from "./harness/cluster.ts";
export * from "./harness/commits.ts";
export * from "./harness/executable.ts";
export * from "./harness/payloads.ts";
export * from "./harness/project.ts";
export * from "./harness/terminal.ts";
export * from "./harness/waiting.ts";
export * from "./harness/modules.ts";
export * from "./harness/worker.ts";
export * from "./harness/wire.ts";
