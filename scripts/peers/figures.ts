/** Rounds of one contender, and what is made of them. Pure. */
import { type Spread, spreadOf } from "../../src/stats/spread.ts";

/** What one process has done in one round. */
export interface Round {
  done: number;
  seconds: number;
  perSecond: number;
  cpuSecondsPerMillion: number;
  peakBytes: number;
}

export interface Failure {
  /** Why the round does not count, as one line. */
  failure: string;
}

export interface Standing {
  name: string;
  title: string;
  rounds: (Round | Failure)[];
  /** Of the rounds that did not fail; `null`: all of them did. */
  summary: {
    perSecond: Spread;
    cpuSecondsPerMillion: Spread;
    peakBytes: number;
    /** The median rate of taskc divided by this one's; `null`: taskc did not take part, or failed. */
    taskcRatio: number | null;
  } | null;
}

export function isFailure(round: object): round is Failure {
  return "failure" in round;
}

function isMeasured(round: Round | Failure): round is Round {
  return !isFailure(round);
}

/** Sums the rounds of all contenders up; the ratios refer to the one of the given name. */
export function summarize(
  entries: readonly {
    name: string;
    title: string;
    rounds: (Round | Failure)[];
  }[],
  reference: string,
): Standing[] {
  const spreads = entries.map((entry) => {
    const good = entry.rounds.filter(isMeasured);
    return good.length === 0 ? null : {
      perSecond: spreadOf(good.map(({ perSecond }) => perSecond)),
      cpuSecondsPerMillion: spreadOf(
        good.map((round) => round.cpuSecondsPerMillion),
      ),
      peakBytes: Math.max(...good.map(({ peakBytes }) => peakBytes)),
    };
  });
  const at = entries.findIndex(({ name }) => name === reference);
  const own = at < 0 ? null : spreads[at]?.perSecond.median ?? null;
  return entries.map((entry, index) => {
    const spread = spreads[index];
    const taskcRatio = own === null || !spread ? null : own / spread.perSecond.median;
    return { ...entry, summary: spread ? { ...spread, taskcRatio } : null };
  });
}
