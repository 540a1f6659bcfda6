/** The table of commands: what help, the parser and completions know of them. */
import type { CommandName } from "../config/options.ts";

export interface CommandArgument {
  name: string;
  help: string;
  required: boolean;
  /** What the shell completes here. */
  completes: "module" | "task" | "shell" | "nothing";
}

export interface CommandSpec {
  /** One line, for the list of commands. */
  summary: string;
  /** What its own help says below the usage. */
  description: string;
  arguments: readonly CommandArgument[];
  examples: readonly (readonly [command: string, purpose: string])[];
}

export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof SHELLS)[number];

const MODULE: CommandArgument = {
  name: "MODULE",
  help: "TypeScript or JavaScript file that exports tasks",
  required: true,
  completes: "module",
};

export const COMMANDS: Readonly<Record<CommandName, CommandSpec>> = {
  run: {
    summary: "Run the tasks of a module",
    description:
      "Consumes the module's topics and runs its tasks, thousands at once, until it is " +
      "stopped. The first SIGINT or SIGTERM lets tasks in flight end, a second aborts them.",
    arguments: [MODULE],
    examples: [
      ["taskc run ./tasks.ts", "with a broker on this machine"],
      [
        "taskc run ./tasks.ts --brokers kafka-1:9092,kafka-2:9092 --group mailer",
        "in production; start it again elsewhere to scale out",
      ],
      ["taskc run ./tasks.ts --drain --max-time 10m", "for cron: do what is there, then stop"],
      ["taskc run ./tasks.ts -X security.protocol=sasl_ssl", "with any setting of librdkafka"],
    ],
  },
  send: {
    summary: "Send messages to a task",
    description: "Checks each payload against the task's schema, sends it, and prints topic, " +
      "partition and offset once the broker has it. Without JSON it reads NDJSON from stdin.",
    arguments: [
      MODULE,
      { name: "TASK", help: "Name of the task", required: true, completes: "task" },
      { name: "JSON", help: "The payload", required: false, completes: "nothing" },
    ],
    examples: [
      [`taskc send ./tasks.ts resizeImage '{"id":"a1","width":640}'`, "one message"],
      ["taskc send ./tasks.ts resizeImage --keep-going < jobs.ndjson", "one for each line"],
      [`taskc send ./tasks.ts resizeImage '{"id":"a1","width":640}' --key a1`, "with a key"],
    ],
  },
  check: {
    summary: "Check a module, the settings and the brokers",
    description: "Loads the module, lists its tasks and topics, and asks the brokers for them. " +
      "All problems are told at once.",
    arguments: [MODULE],
    examples: [
      ["taskc check ./tasks.ts", "before a deployment, or in CI"],
      ["taskc check ./tasks.ts --brokers kafka:9092 --group mailer", "against other brokers"],
    ],
  },
  dev: {
    summary: "Run a module with an embedded broker, again after each change",
    description: "Starts a broker inside this process, with the module's topics, and runs the " +
      "module. Each change of a source file starts it anew; tasks in flight end first.",
    arguments: [MODULE],
    examples: [["taskc dev ./tasks.ts", "no Kafka needed"]],
  },
  broker: {
    summary: "Run the embedded broker alone",
    description:
      "Starts a broker in memory, with the module's topics if one is given, prints its address, " +
      "and runs until it is stopped. For demos and scripts: it keeps 5 MiB of each partition, and " +
      "nothing after it ends.",
    arguments: [{ ...MODULE, help: "Module whose topics it makes", required: false }],
    examples: [["taskc broker ./tasks.ts", "prints 127.0.0.1:PORT once all is there"]],
  },
  bench: {
    summary: "Measure how fast jobs are done",
    description:
      "Sends jobs and runs them in a worker of its own, from the first send to the last " +
      "completion, with and without I/O. On your brokers it makes a topic and a group for it and " +
      "removes them in the end.",
    arguments: [],
    examples: [
      ["taskc bench --embedded", "no Kafka needed"],
      ["taskc bench --brokers kafka:9092 --row 1000x10@2s", "your jobs, on your brokers"],
      ["taskc bench --json > bench.json", "for scripts"],
    ],
  },
  completions: {
    summary: "Print the completion script of a shell",
    description: "Prints a script that completes commands, options, their values and modules.",
    arguments: [
      { name: "SHELL", help: SHELLS.join(", "), required: true, completes: "shell" },
    ],
    examples: [
      ["source <(taskc completions bash)", "in ~/.bashrc"],
      ["source <(taskc completions zsh)", "in ~/.zshrc"],
      ["taskc completions fish > ~/.config/fish/completions/taskc.fish", "for fish"],
    ],
  },
};

export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

/** What users see when they type `taskc` alone. */
export const PROGRAM = {
  description: "Runs the tasks of a TypeScript module from Apache Kafka, thousands at once.",
  examples: [
    ["taskc dev ./tasks.ts", "try a module without Kafka"],
    ["taskc run ./tasks.ts", "work"],
    [`taskc send ./tasks.ts resizeImage '{"id":"a1"}'`, "send a message"],
  ],
} as const satisfies Pick<CommandSpec, "description" | "examples">;

/** The arguments of each command, as its handler gets them. */
export interface CommandArguments {
  run: { module: string };
  send: { module: string; task: string; json: string | null };
  check: { module: string };
  dev: { module: string };
  broker: { module: string | null };
  bench: Record<never, never>;
  completions: { shell: string };
}
