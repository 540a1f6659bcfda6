import assert from "node:assert/strict";
import { test } from "node:test";
import { EMBEDDED_BROKER_VARIABLE } from "../../src/cli/program.ts";
import { EXIT, KafkaError } from "../../src/errors.ts";
import { runTaskc } from "./program_harness.ts";

test("a command gets its arguments and typed settings", async () => {
  const { called, code } = await runTaskc([
    "send",
    "./tasks.ts",
    "resize",
    '{"id":1}',
    "--key=-k",
    "--header",
    "a=1",
    "--header",
    "b=2",
    "--json",
  ]);
  assert.equal(code, 0);
  assert.equal(called!.command, "send");
  assert.deepEqual(called!.invocation.args, {
    module: "./tasks.ts",
    task: "resize",
    json: '{"id":1}',
  });
  const settings = called!.invocation.settings as Record<string, unknown>;
  assert.deepEqual([settings.key, settings.headers, settings.json, settings.keepGoing], [
    "-k",
    [["a", "1"], ["b", "2"]],
    true,
    false,
  ]);
});

test("options stand before or after arguments; a dash and a negative number are payloads", async () => {
  const { called } = await runTaskc(["send", "--json", "t.ts", "n", "-5"]);
  assert.deepEqual(called!.invocation.args, { module: "t.ts", task: "n", json: "-5" });
  const stdin = await runTaskc(["send", "t.ts", "n", "-"]);
  assert.deepEqual(stdin.called!.invocation.args, { module: "t.ts", task: "n", json: "-" });
  const absent = await runTaskc(["send", "t.ts", "n"]);
  assert.deepEqual(absent.called!.invocation.args, { module: "t.ts", task: "n", json: null });
});

test("the last of several flags counts, also on against off", async () => {
  const argv = [
    "run",
    "t.ts",
    "--concurrency",
    "5",
    "--concurrency",
    "7",
    "--drain",
    "--no-drain",
    "--no-create",
  ];
  const { called } = await runTaskc(argv);
  const settings = called!.invocation.settings as Record<string, unknown>;
  assert.deepEqual([settings.concurrency, settings.drain, settings.create], [7, false, false]);
});

test("flags are handed on in words that taskc reads the same way", async () => {
  const argv = [
    "run",
    "t.ts",
    "--group",
    "g",
    "--no-create",
    "--drain",
    "-X",
    "client.id=-x",
    "--only=a",
    "--only=b",
  ];
  const first = (await runTaskc(argv)).called!.invocation;
  const again = (await runTaskc(["run", "t.ts", ...first.flags])).called!.invocation;
  assert.deepEqual(again, first);
  assert.equal(first.flags.length, 7);
});

test("all wrong settings are told at once on stderr, and the handler is not called", async () => {
  const { code, stderr, stdout, called } = await runTaskc(
    ["run", "t.ts", "--concurrency", "0", "--grace", "20"],
    { env: { TASKC_GROOP: "x" } },
  );
  assert.equal(code, 2);
  assert.equal(called, null);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    `error: 3 settings are wrong:
  - Unknown variable TASKC_GROOP; did you mean "TASKC_GROUP"?
  - Cannot use --concurrency "0": it must be a whole number from 1 to 1,000,000
  - Cannot use --grace "20": it needs a unit, such as "20s" or "20ms"
`,
  );
});

test("usage errors exit 2 and say what was most likely meant", async () => {
  const cases: [string[], string][] = [
    [["rum"], 'error: Unknown command "rum"\nhint:  Did you mean "run"?\n'],
    [
      ["tasks.ts"],
      'error: Unknown command "tasks.ts"\nhint:  To run a module: taskc run tasks.ts\n',
    ],
    [
      ["zzzz"],
      'error: Unknown command "zzzz"\nhint:  Commands: run, send, check, dev, broker, bench, completions\n',
    ],
    [
      ["zzzz", "--x"],
      'error: Unknown command "zzzz"\nhint:  Commands: run, send, check, dev, broker, bench, completions\n',
    ],
    [["help", "snd"], 'error: Unknown command "snd"\nhint:  Did you mean "send"?\n'],
    [
      ["--drain", "run", "t.ts"],
      'error: Unknown option "--drain" before a command\nhint:  Options follow the command: taskc run MODULE --drain\n',
    ],
    [
      ["--nonsense"],
      'error: Unknown option "--nonsense" before a command\nhint:  Run "taskc --help"\n',
    ],
    [
      ["run"],
      "error: Missing argument: taskc run MODULE\nhint:  For example: taskc run ./tasks.ts\n",
    ],
    [
      ["run", "a.ts", "b.ts"],
      'error: Unexpected argument "b.ts" of taskc run\nhint:  Usage: taskc run [options] MODULE\n',
    ],
    [
      ["send", "a.ts", "t", '{"id":', "1}"],
      'error: Unexpected argument "1}" of taskc send\nhint:  Put JSON in single quotes, so that the shell leaves it whole\n',
    ],
    [
      ["run", "a.ts", "--drian"],
      'error: Unknown option "--drian" of taskc run\nhint:  Did you mean --drain?\n',
    ],
    [
      ["run", "a.ts", "--header", "x=y"],
      'error: Unknown option "--header" of taskc run\nhint:  Only taskc send takes it\n',
    ],
    [
      ["send", "a.ts", "t", "--concurrency=5"],
      'error: Unknown option "--concurrency" of taskc send\nhint:  Only taskc run and taskc dev take it\n',
    ],
    [
      ["run", "a.ts", "--no-crate"],
      'error: Unknown option "--no-crate" of taskc run\nhint:  Did you mean --no-create?\n',
    ],
    [
      ["send", "a.ts", "t", "--no-create"],
      'error: Unknown option "--no-create" of taskc send\nhint:  Only taskc run takes it\n',
    ],
    [
      ["run", "a.ts", "--qqqqqqqq"],
      'error: Unknown option "--qqqqqqqq" of taskc run\nhint:  Run "taskc run --help" for its options\n',
    ],
    [
      ["run", "a.ts", "--drain=false"],
      'error: Option --drain takes no value, but has "false"\nhint:  Write --drain to turn it on, --no-drain to turn it off\n',
    ],
    [["run", "a.ts", "--group"], "error: Option --group needs a value: --group NAME\n"],
    [["run", "a.ts", "-X"], "error: Option -X needs a value: -X NAME=VALUE\n"],
    [
      ["run", "a.ts", "--group", "--drain"],
      "error: Option --group needs a value, but --drain follows\n",
    ],
    [
      ["broker", "a.ts", "x"],
      'error: Unexpected argument "x" of taskc broker\nhint:  Usage: taskc broker [MODULE]\n',
    ],
    [
      ["completions", "zs"],
      'error: No completions for the shell "zs"\nhint:  Did you mean "zsh"?\n',
    ],
    [
      ["completions", "cmd.exe"],
      'error: No completions for the shell "cmd.exe"\nhint:  Shells: bash, zsh, fish, powershell\n',
    ],
  ];
  for (const [argv, expected] of cases) {
    const { code, stderr, stdout, called } = await runTaskc(argv);
    assert.equal(stderr, expected, argv.join(" "));
    assert.equal(code, 2, argv.join(" "));
    assert.equal(stdout, "");
    assert.equal(called, null);
  }
});

test("--version asks for the version only then, and wrong variables do not stand in its way", async () => {
  for (const flag of ["--version", "-V"]) {
    const { stdout, code } = await runTaskc([flag], { env: { TASKC_GROOP: "x" } });
    assert.equal(stdout, "taskc 1.2.3\n");
    assert.equal(code, 0);
  }
});

test("--version beside a command shows the version and runs nothing", async () => {
  for (
    const argv of [["run", "t.ts", "--version"], ["broker", "-V"], ["-V", "broker"], ["dev", "-V"]]
  ) {
    const { stdout, stderr, code, called } = await runTaskc(argv);
    assert.deepEqual([stdout, stderr, code], ["taskc 1.2.3\n", "", 0], argv.join(" "));
    assert.equal(called, null, argv.join(" "));
  }
});

test("what a handler throws is reported, and its exit code is the program's", async () => {
  const kafka = await runTaskc(["run", "t.ts"], {
    handlers: {
      run: () => Promise.reject(new KafkaError("Cannot reach \x1b[31mkafka", { hint: "Start it" })),
    },
  });
  assert.equal(kafka.code, EXIT.kafka);
  assert.equal(kafka.stderr, "error: Cannot reach \\x1b[31mkafka\nhint:  Start it\n");
  const failed = await runTaskc(["run", "t.ts"], {
    handlers: { run: () => Promise.resolve(EXIT.failed) },
  });
  assert.equal(failed.code, EXIT.failed);
  const bug = await runTaskc(["run", "t.ts"], {
    handlers: { run: () => Promise.reject(new TypeError("x is undefined")) },
  });
  assert.equal(bug.code, EXIT.bug);
  assert.match(
    bug.stderr,
    /^error: TypeError: x is undefined\n +at .*\n[^]*hint: {2}This is a bug in taskc/,
  );
});

test("the values of secrets never reach stderr", async () => {
  const { stderr } = await runTaskc([
    "run",
    "t.ts",
    "-X",
    "sasl.pasword=hunter2",
    "-X",
    "sasl.password=hunter2\0",
    "-X",
    "ssl.key.pasword=hunter2",
  ]);
  assert.match(stderr, /3 settings are wrong/);
  assert.doesNotMatch(stderr, /hunter2/);
});

test("the variable that taskc dev sets for its child is no unknown one", async () => {
  const env = { [EMBEDDED_BROKER_VARIABLE]: "1", TASKC_BROKERS: "kafka:9092" };
  const { called, stderr } = await runTaskc(["run", "t.ts"], { env });
  assert.equal(stderr, "");
  assert.deepEqual((called!.invocation.settings as { brokers: string[] }).brokers, [
    "127.0.0.1:9092",
  ]);
});
