#include <uv.h>

namespace napi_compat {

struct AsyncState {
  EventLoop* loop;
  uv_async_t* handle;
  uv_async_cb callback;
  uv_close_cb close_callback = nullptr;
  std::atomic<bool> pending = false;
  bool closed = false;  // JS thread only
  Reference owner;      // the JS object whose method opened the handle: it stays until the close
};

namespace {

struct AsyncTask : Task {
  std::shared_ptr<AsyncState> state;

  explicit AsyncTask(std::shared_ptr<AsyncState> async) : state(std::move(async)) {}

  void Run() override {
    state->pending.store(false);
    if (!state->closed) state->callback(state->handle);
  }
};

struct CloseTask : Task {
  std::shared_ptr<AsyncState> state;

  explicit CloseTask(std::shared_ptr<AsyncState> async) : state(std::move(async)) {}

  void Run() override {
    state->owner.Reset();
    state->close_callback(state->handle);  // frees the handle
    state->loop->Release();
  }
};

struct ThreadStart {
  uv_thread_cb entry;
  void* argument;
};

void* ThreadMain(void* data) {
  const std::unique_ptr<ThreadStart> start(static_cast<ThreadStart*>(data));
  start->entry(start->argument);
  return nullptr;
}

}  // namespace

}  // namespace napi_compat

int uv_async_init(uv_loop_t* loop, uv_async_t* async, uv_async_cb callback) {
  async->state = std::make_shared<napi_compat::AsyncState>();
  async->state->loop = loop;
  async->state->handle = async;
  async->state->callback = callback;
  if (napi_compat::thread_state.receiver != nullptr) {
    async->state->owner.Reset(napi_compat::thread_state.receiver);
  }
  loop->Hold();
  return 0;
}

int uv_async_send(uv_async_t* async) {
  // Sends before the callback has run are one, as in libuv.
  if (!async->state->pending.exchange(true)) {
    async->state->loop->Post(new napi_compat::AsyncTask(async->state));
  }
  return 0;
}

void uv_close(uv_handle_t* handle, uv_close_cb callback) {
  const std::shared_ptr<napi_compat::AsyncState> state = static_cast<uv_async_t*>(handle)->state;
  state->closed = true;
  state->close_callback = callback;
  state->loop->Post(new napi_compat::CloseTask(state));
}

int uv_thread_create(uv_thread_t* thread, uv_thread_cb entry, void* argument) {
  return -napi_compat::StartThread(thread, napi_compat::ThreadMain,
                                   new napi_compat::ThreadStart{entry, argument});
}
