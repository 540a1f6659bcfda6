#include "watchdog.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

namespace taskc {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// Often enough to tell in whose code a second was spent; each look costs some 50 us.
constexpr double kTickMs = 200;
// While the loop sleeps. A block that ends the sleep is looked at from 500 ms on at the latest; a deadline of
// the worker's own is heeded so much later. A signal wakes this thread in any case.
constexpr double kTickAsleepMs = 500;
// This thread wakes as late as that only when the whole process stood still, as after a SIGSTOP.
constexpr double kStoodStillMs = 1000;
// A third signal leaves the loop, if it turns, a moment to leave in good order.
constexpr double kMomentMs = 250;
// A reader that does not read holds up nothing.
constexpr int kWriteWaitMs = 200;
// What a pipe takes whole, without being mixed with the lines of others.
constexpr size_t kLongestLine = 4096;

int signal_event = -1;
struct sigaction previous[NSIG];

// Async-signal-safe, as are those below.
void Write(const std::string& text) {
  pollfd out = {STDERR_FILENO, POLLOUT, 0};
  if (poll(&out, 1, kWriteWaitMs) != 1) return;
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) {
    // There is nobody left to tell it to.
  }
}

// What gives the terminal back when the process crashes; never freed.
const std::string* last_words = nullptr;

void PassOn(int signal, siginfo_t* info, void* context) {
  const struct sigaction& before = previous[signal];
  if (before.sa_flags & SA_SIGINFO) {
    before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler == SIG_DFL) {
    // Of those that are handled here it ends the process, when this handler returns.
    sigaction(signal, &before, nullptr);
    raise(signal);
  } else if (before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
  }
}

void OnSignal(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const uint64_t one = 1;
  if (write(signal_event, &one, sizeof one) < 0) {
    // The counter is full only after 2^64 signals.
  }
  PassOn(signal, info, context);
  errno = error;
}

void OnCrash(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  Write(*last_words);
  PassOn(signal, info, context);
  errno = error;
}

void Handle(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action = previous[signal];
  action.sa_sigaction = handler;
  action.sa_flags |= SA_SIGINFO | SA_RESTART;
  sigaction(signal, &action, nullptr);
}

// Only where the runtime has a handler already: without one nobody heeds the signal.
void Chain(int signal) {
  if (signal < 1 || signal >= NSIG || sigaction(signal, nullptr, &previous[signal]) != 0) return;
  if (previous[signal].sa_handler == SIG_DFL || previous[signal].sa_handler == SIG_IGN) return;
  Handle(signal, OnSignal);
}

// The runtime may get over some of these, a fault in WebAssembly say: then the cursor shows, and no harm is done.
void RestoreOnCrash(const std::string& restore) {
  last_words = new std::string(restore);
  for (const int signal : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP}) {
    if (sigaction(signal, nullptr, &previous[signal]) != 0) continue;
    // It would be ignored here, too, and a fault come again and again.
    if (previous[signal].sa_handler != SIG_IGN) Handle(signal, OnCrash);
  }
}

double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

void ReplaceAll(std::string* text, const std::string& what, const std::string& by) {
  for (size_t at = text->find(what); at != std::string::npos;
       at = text->find(what, at + by.size())) {
    text->replace(at, what.size(), by);
  }
}

class Watchdog {
 public:
  Watchdog(int32_t* cells, WatchOptions options)
      : cells_(cells), options_(std::move(options)), blame_(options_.tasks.size() + 1) {}

  [[noreturn]] void Run() {
    for (;;) {
      tick_ms_ = Read(kSleep) > kTickMs ? kTickAsleepMs : kTickMs;
      const bool signalled = Wait(std::clamp(deadline_ - Now(), 0.0, tick_ms_));
      Tick(Now(), signalled);
    }
  }

 private:
  int32_t Read(size_t cell) const { return std::atomic_ref<int32_t>(cells_[cell]).load(); }
  void Store(size_t cell, int32_t value) {
    std::atomic_ref<int32_t>(cells_[cell]).store(value);
  }

  static bool Wait(double ms) {
    pollfd event = {signal_event, POLLIN, 0};
    if (poll(&event, 1, static_cast<int>(ms + 0.999)) != 1) return false;
    uint64_t count;
    return read(signal_event, &count, sizeof count) == sizeof count;
  }

  void Tick(double now, bool signalled) {
    if (signalled) NoteSignal(now);
    const int32_t leave_within = Read(kLeaveWithin);
    if (leave_within > 0 && !leaving_) {
      leaving_ = true;
      SetDeadline(now + leave_within, options_.deadline_reason);
    }
    LookAtLoop(now);
    last_tick_ = now;
    if (now >= deadline_) End();
  }

  void NoteSignal(double now) {
    const bool together = now - last_signal_ < options_.together_ms;
    last_signal_ = now;
    if (together) return;
    switch (++signals_) {
      case 1:
        return SetDeadline(now + options_.leave_ms, options_.deadline_reason);
      case 2:
        return SetDeadline(now + options_.leave_at_once_ms, options_.deadline_reason);
      case 3:
        return SetDeadline(now + kMomentMs, options_.third_signal_reason);
    }
  }

  void SetDeadline(double deadline, const std::string& reason) {
    if (deadline >= deadline_) return;
    deadline_ = deadline;
    reason_ = &reason;
  }

  void LookAtLoop(double now) {
    const int32_t beat = Read(kBeat);
    if (beat != beat_) {
      beat_ = beat;
      beat_since_ = now;
      reported_ = false;
      std::fill(blame_.begin(), blame_.end(), 0);
      // It may be half a second old by now.
      if (Read(kRunning) > 0) Blame();
      return;
    }
    const double stood_still = now - last_tick_ - tick_ms_;
    if (stood_still > kStoodStillMs) beat_since_ += stood_still;
    const int32_t sleep = Read(kSleep);
    if (beat == 0 || sleep < 0) return;
    blocked_ms_ = now - beat_since_ - sleep;
    if (blocked_ms_ <= 0) return;
    Blame();
    if (blocked_ms_ >= options_.report_after_ms && !reported_) {
      reported_ = true;
      Write(options_.restore + Fill(options_.blocked));
    }
  }

  void Blame() {
    const size_t running = static_cast<size_t>(Read(kRunning));
    if (running < blame_.size()) blame_[running]++;
    // Of equals the last, so that a task goes before none.
    size_t most = 0;
    for (size_t task = 1; task < blame_.size(); task++) {
      if (blame_[task] > 0 && blame_[task] >= blame_[most]) most = task;
    }
    Store(kBlamed, static_cast<int32_t>(most));
    Store(kBlamedBeat, beat_);
  }

  std::string Fill(const LineForms& forms) const {
    const size_t running = static_cast<size_t>(Read(kRunning));
    const bool known = running > 0 && running <= options_.tasks.size();
    std::string in_flight;
    for (size_t task = 0; task < options_.tasks.size() && in_flight.size() < 1000; task++) {
      if (Read(kInFlight + task) <= 0) continue;
      if (!in_flight.empty()) in_flight += options_.separator;
      in_flight += options_.tasks[task];
    }
    timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    tm utc;
    gmtime_r(&wall.tv_sec, &utc);
    char at[64], clock[16], ms[32], seconds[32];
    const size_t length = strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(at + length, sizeof at - length, ".%03dZ", static_cast<int>(wall.tv_nsec / 1000000));
    strftime(clock, sizeof clock, "%H:%M:%SZ", &utc);
    snprintf(ms, sizeof ms, "%.0f", std::max(0.0, blocked_ms_));
    snprintf(seconds, sizeof seconds, "%.1f s", std::max(0.0, blocked_ms_) / 1000);

    std::string line = known ? forms.known : in_flight.empty() ? forms.nobody : forms.candidates;
    ReplaceAll(&line, "{at}", at);
    ReplaceAll(&line, "{clock}", clock);
    ReplaceAll(&line, "{ms}", ms);
    ReplaceAll(&line, "{seconds}", seconds);
    if (reason_ != nullptr) ReplaceAll(&line, "{reason}", *reason_);
    ReplaceAll(&line, "{tasks}", in_flight);
    if (known) ReplaceAll(&line, "{task}", options_.tasks[running - 1]);
    if (line.size() > kLongestLine - 2) line.resize(kLongestLine - 2);
    return line + "\n";
  }

  [[noreturn]] void End() {
    Write(options_.restore + Fill(options_.forced));
    // No handlers of the process's exit: they would run beside the loop that is blocked.
    _exit(Read(kExitCode));
  }

  int32_t* const cells_;
  const WatchOptions options_;
  // Looks at the present block that found each task running; the first counts those that found none.
  std::vector<uint32_t> blame_;
  int32_t beat_ = 0;
  double beat_since_ = 0;
  double blocked_ms_ = 0;
  bool reported_ = false;
  double last_tick_ = Now();
  double tick_ms_ = kTickMs;
  int signals_ = 0;
  double last_signal_ = -kNever;
  bool leaving_ = false;
  double deadline_ = kNever;
  const std::string* reason_ = nullptr;
};

}  // namespace

int32_t* NewCells(size_t tasks) {
  return static_cast<int32_t*>(calloc(kInFlight + tasks, sizeof(int32_t)));
}

bool Watch(int32_t* cells, WatchOptions options) {
  if (signal_event >= 0) return false;
  signal_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signal_event < 0) return false;
  const std::vector<int32_t> signals = options.signals;
  if (!options.restore.empty()) RestoreOnCrash(options.restore);
  auto* watchdog = new Watchdog(cells, std::move(options));
  // Signals are for the threads of the runtime; a new thread has the mask of its maker.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([watchdog] { watchdog->Run(); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (const int32_t signal : signals) Chain(signal);
  return true;
}

}  // namespace taskc
