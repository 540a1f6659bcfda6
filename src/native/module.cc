// The addon's entry: the package's own exports, and beside them ours.
#include "napi_compat/module.h"

#include <malloc.h>
#include <nan.h>
#include <openssl/crypto.h>

#include "batch_produce.h"
#include "exact_produce.h"
#include "fatal_error.h"
#include "partition_poll.h"
#include "watchdog.h"

namespace {

// Larger blocks go back to the system when they are freed. These are answers to fetches, allocated on
// one thread and freed on another, which otherwise leave holes: glibc raises the limit with each such
// block that it sees, unless it is set.
constexpr int kLargestKeptBlock = 128 * 1024;

void ExportOpensslVersion(napi_env env, napi_value exports) {
  napi_value version = nullptr;
  napi_create_string_utf8(env, OpenSSL_version(OPENSSL_VERSION_STRING), NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "opensslVersion", version);
}

}  // namespace

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  // librdkafka never ends OpenSSL, and OpenSSL must not end itself at exit: the broker threads of a
  // client that was not disconnected still use it then.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  mallopt(M_MMAP_THRESHOLD, kLargestKeptBlock);
  napi_compat::InitPackage(env, exports);
  taskc::ExportPartitionPoll(env, exports);
  taskc::ExportExactProduce(env, exports);
  taskc::ExportBatchProduce(env, exports);
  taskc::ExportFatalError(env, exports);
  taskc::ExportWatchdog(env, exports);
  ExportOpensslVersion(env, exports);
  return exports;
}
