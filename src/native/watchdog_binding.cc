// What JavaScript sees of the watchdog; src/kafka/addon.ts has its types.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "export_functions.h"
#include "watchdog.h"

namespace taskc {

namespace {

// Reads the properties of one object. A missing or wrong one leaves `ok()` false.
class Fields {
 public:
  Fields(napi_env env, napi_value object) : env_(env), object_(object) {}

  bool ok() const { return ok_; }

  double Number(const char* name) { return ToNumber(Get(name)); }
  std::string Text(const char* name) { return ToText(Get(name)); }

  std::vector<int32_t> Numbers(const char* name) {
    std::vector<int32_t> numbers;
    for (napi_value item : Items(name)) numbers.push_back(static_cast<int32_t>(ToNumber(item)));
    return numbers;
  }

  std::vector<std::string> Texts(const char* name) {
    std::vector<std::string> texts;
    for (napi_value item : Items(name)) texts.push_back(ToText(item));
    return texts;
  }

  LineForms Forms(const char* name) {
    Fields forms(env_, Get(name));
    LineForms read = {forms.Text("known"), forms.Text("candidates"), forms.Text("nobody")};
    ok_ = ok_ && forms.ok_;
    return read;
  }

 private:
  napi_value Get(const char* name) {
    napi_value value = nullptr;
    Check(napi_get_named_property(env_, object_, name, &value));
    return value;
  }

  double ToNumber(napi_value value) {
    double number = 0;
    Check(napi_get_value_double(env_, value, &number));
    return number;
  }

  std::string ToText(napi_value value) {
    size_t length = 0;
    if (!Check(napi_get_value_string_utf8(env_, value, nullptr, 0, &length))) return "";
    std::string text(length + 1, '\0');
    Check(napi_get_value_string_utf8(env_, value, text.data(), text.size(), &length));
    text.resize(length);
    return text;
  }

  std::vector<napi_value> Items(const char* name) {
    napi_value array = Get(name);
    uint32_t length = 0;
    std::vector<napi_value> items;
    if (!Check(napi_get_array_length(env_, array, &length))) return items;
    for (uint32_t index = 0; index < length; index++) {
      napi_value item = nullptr;
      if (Check(napi_get_element(env_, array, index, &item))) items.push_back(item);
    }
    return items;
  }

  bool Check(napi_status status) {
    ok_ = ok_ && status == napi_ok;
    return status == napi_ok;
  }

  napi_env env_;
  napi_value object_;
  bool ok_ = true;
};

napi_value CellsForTasks(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  napi_value buffer = nullptr;
  double tasks = 0;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  if (count < 1 || napi_get_value_double(env, argument, &tasks) != napi_ok || !(tasks >= 0) ||
      tasks > 1e6) {
    napi_throw_type_error(env, nullptr, "cells takes the number of tasks");
    return nullptr;
  }
  const auto size = static_cast<size_t>(tasks);
  napi_create_external_arraybuffer(env, NewCells(size), (kInFlight + size) * sizeof(int32_t),
                                   nullptr, nullptr, &buffer);
  return buffer;
}

napi_value StartWatch(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2] = {};
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  void* cells = nullptr;
  size_t bytes = 0;
  napi_get_arraybuffer_info(env, arguments[0], &cells, &bytes);
  Fields fields(env, arguments[1]);
  WatchOptions options = {
      .signals = fields.Numbers("signals"),
      .leave_ms = fields.Number("leaveMs"),
      .leave_at_once_ms = fields.Number("leaveAtOnceMs"),
      .together_ms = fields.Number("togetherMs"),
      .report_after_ms = fields.Number("reportAfterMs"),
      .blocked = fields.Forms("blocked"),
      .forced = fields.Forms("forced"),
      .deadline_reason = fields.Text("deadlineReason"),
      .third_signal_reason = fields.Text("thirdSignalReason"),
      .tasks = fields.Texts("tasks"),
      .separator = fields.Text("separator"),
      .restore = fields.Text("restore"),
  };
  const size_t needed = (kInFlight + options.tasks.size()) * sizeof(int32_t);
  if (count < 2 || !fields.ok() || cells == nullptr || bytes < needed) {
    napi_throw_type_error(env, nullptr, "watch takes cells and what to do with them");
    return nullptr;
  }
  napi_value watching = nullptr;
  napi_get_boolean(env, Watch(static_cast<int32_t*>(cells), std::move(options)), &watching);
  return watching;
}

// Ends this process by SIGTERM when the one that started it is gone, whatever the loop does meanwhile.
// prctl(2): the parent is the thread that has started this process, which is the event loop of the parent.
napi_value FollowParent(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  int32_t parent = 0;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  if (count < 1 || napi_get_value_int32(env, argument, &parent) != napi_ok) {
    napi_throw_type_error(env, nullptr, "followParent takes the process id of the parent");
    return nullptr;
  }
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  // It may have gone before.
  if (getppid() != parent) raise(SIGTERM);
  return nullptr;
}

}  // namespace

void ExportWatchdog(napi_env env, napi_value exports) {
  ExportFunctions(env, exports, "watchdog", {{"cells", CellsForTasks}, {"watch", StartWatch}, {"followParent", FollowParent}});
}

}  // namespace taskc
