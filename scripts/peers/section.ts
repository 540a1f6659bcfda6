/** What main.ts knows of each comparison that can be run. */
import type { Panel } from "./chart.ts";

export interface Settings {
  brokers: string;
  rounds: number;
  /** Of the smallest size; sections scale their other counts by it. */
  messages: number;
  /** Names of the contenders that take part; `null`: all. */
  only: readonly string[] | null;
  /** Receives the text of the result, and what is going on meanwhile. */
  print(text: string): void;
  progress(text: string): void;
}

export interface SectionOutcome {
  /** What stands under the section's name in the file of `--json`. */
  figures: unknown;
  panels: Panel[];
  /** Whether each contender has done all that it had to do. */
  complete: boolean;
}

export interface Section {
  contenders: readonly { name: string; title: string }[];
  /** What `--only` takes beside the contenders. */
  parts?: readonly string[];
  run(settings: Settings): Promise<SectionOutcome>;
}
