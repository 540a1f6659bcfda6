// Watches the event loop from a thread of its own, which needs no JavaScript to run.
//
// A task that never yields blocks the loop and all that is on it: timers, signals, Kafka's polls. This
// thread then says which task it is, before the group does without the worker, and ends the process at
// the deadline of a shutdown. It hears signals as soon as the runtime does: its handler is put before
// the runtime's own and passes each signal on.
//
// Shared cells. The loop writes plain 32-bit integers, a few stores a turn and a few an attempt, and the
// thread reads them when it wakes. They are never freed: the thread outlives the runtime's heap, and
// runs until the process has ended. src/worker/pulse.ts has the other side:
//
//   kBeat         turns of the loop so far; the loop is not watched before the first
//   kSleep        milliseconds that the loop meant to sleep after that turn; -1: no longer watched
//   kRunning      1 + the task whose code runs before it first awaits; 0: none
//   kLeaveWithin  milliseconds that the process may still take, once it leaves on its own account
//   kExitCode     of a process that is ended here
//   kBlamed       written here: 1 + the task that most of the present or last block was spent in
//   kBlamedBeat   written here: the turn that it is about
//   kInFlight…    attempts in flight of each task
#ifndef TASKC_WATCHDOG_H_
#define TASKC_WATCHDOG_H_

#include <node_api.h>
#include <stdint.h>

#include <string>
#include <vector>

namespace taskc {

enum Cell { kBeat, kSleep, kRunning, kLeaveWithin, kExitCode, kBlamed, kBlamedBeat, kInFlight };

// A line in three forms: for a task that is known, for tasks in flight of which it is one, and for
// neither. `{task}`, `{tasks}`, `{reason}`, `{at}`, `{clock}`, `{ms}` and `{seconds}` are replaced.
struct LineForms {
  std::string known;
  std::string candidates;
  std::string nobody;
};

struct WatchOptions {
  std::vector<int32_t> signals;
  // Milliseconds: from the first signal to the end, and from the second one.
  double leave_ms;
  double leave_at_once_ms;
  // Signals closer to each other than this are one.
  double together_ms;
  // A loop that has been blocked for so long is told.
  double report_after_ms;
  LineForms blocked;
  LineForms forced;
  // What `{reason}` is: the deadline has come, or a third signal.
  std::string deadline_reason;
  std::string third_signal_reason;
  // Of the tasks, by index, and what stands between two of them, as the lines have them.
  std::vector<std::string> tasks;
  std::string separator;
  // Written before the last line, and when the process crashes, to give a terminal back.
  std::string restore;
};

// Cells for so many tasks, zeroed. They stay for the life of the process.
int32_t* NewCells(size_t tasks);

// Puts the handlers in place and starts the thread, once for the process. False when it runs already,
// or the system refuses.
bool Watch(int32_t* cells, WatchOptions options);

void ExportWatchdog(napi_env env, napi_value exports);

}  // namespace taskc

#endif  // TASKC_WATCHDOG_H_
