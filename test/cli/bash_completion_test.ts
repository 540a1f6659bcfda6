/** The script in a real bash; the executable is a stand-in that answers from a file and notes its words. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { BASH_SCRIPT } from "../../src/cli/bash_completion.ts";

const folder = mkdtempSync(join(tmpdir(), "completion-"));
after(() => rmSync(folder, { recursive: true }));
const work = join(folder, "work");
mkdirSync(join(work, "src"), { recursive: true });
for (const name of ["tasks.ts", "my jobs.ts", "notes.md", "x$(touch made-by-name).ts"]) {
  writeFileSync(join(work, name), "");
}
writeFileSync(join(folder, "script.bash"), BASH_SCRIPT);
writeFileSync(
  join(folder, "taskc"),
  `#!/bin/bash\nprintf '%s\\n' "$@" > "${folder}/words"\ncat "${folder}/answer"\n`,
);
chmodSync(join(folder, "taskc"), 0o755);

/** Completes the line as bash would: words split at COMP_WORDBREAKS, the cursor at the end. */
function completeLine(line: string, answer: string): { words: string[]; replies: string[] } {
  writeFileSync(join(folder, "answer"), answer);
  const program = `
    source "$1/script.bash"; source "$1/script.bash"
    COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
    COMP_LINE=$2 COMP_POINT=\${#2}
    rest=$2 COMP_WORDS=()
    while [[ $rest =~ ^([[:space:]]*)([=:]+|[^=:[:space:]]+) ]]; do
      COMP_WORDS+=("\${BASH_REMATCH[2]}"); rest=\${rest:\${#BASH_REMATCH[0]}}
    done
    [[ $2 == *[[:space:]] ]] && COMP_WORDS+=("")
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _taskc_complete taskc
    ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", [
    "--norc",
    "-c",
    program,
    "bash",
    folder,
    line,
  ], {
    cwd: work,
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, BASH_ENV: "" },
    encoding: "utf8",
  });
  assert.equal(status === 0 || status === 1, true, stderr);
  assert.equal(stderr, "");
  const words = readFileSync(join(folder, "words"), "utf8").split("\n").slice(0, -1);
  return { words, replies: stdout.split("\n").slice(0, -1).sort() };
}

test("bash passes the words as typed and takes the answers without their descriptions", () => {
  const { words, replies } = completeLine(
    "taskc run --gr",
    "--grace\tHow long\n--group\tThe: group\n:4\n",
  );
  assert.deepEqual(words, ["complete", "--", "run", "--gr"]);
  assert.deepEqual(replies, ["--grace", "--group"]);
});

test("bash passes an empty last word", () => {
  assert.deepEqual(completeLine("taskc ", "run\n:4\n").words, ["complete", "--", ""]);
});

test("bash joins what it split at an equals sign, and completes what follows it", () => {
  const flag = completeLine("taskc run --stats=j", "json\n:4\n");
  assert.deepEqual(flag.words, ["complete", "--", "run", "--stats=j"]);
  assert.deepEqual(flag.replies, ["json"]);
  const property = completeLine("taskc run -X security.protocol=s", "security.protocol=ssl\n:4\n");
  assert.deepEqual(property.words.at(-1), "security.protocol=s");
  assert.deepEqual(property.replies, ["ssl"]);
  const open = completeLine("taskc run --stats=", "json\noff\n:4\n");
  assert.deepEqual(open.words.at(-1), "--stats=");
  assert.deepEqual(open.replies, ["json", "off"]);
});

test("bash offers modules and folders, whatever they are called, and runs none of their names", () => {
  const { replies } = completeLine("taskc run ", "ts\nmts\n:8\n");
  assert.deepEqual(replies, ["my jobs.ts", "src", "tasks.ts", "x$(touch made-by-name).ts"]);
  completeLine("taskc run $(touch made-by-word) ", "ts\n:8\n");
  const left = spawnSync("ls", [work], { encoding: "utf8" }).stdout;
  assert.doesNotMatch(left, /^made-by/m);
});
