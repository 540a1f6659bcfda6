/* The limit of sending: lines from standard input through librdkafka, counted when they are acknowledged.
 * Arguments: brokers, topic, number of lines, and "headers" for those that taskc sends too. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rdkafka.h"

static atomic_long acknowledged;
static atomic_int finished;

static void fail(const char *reason) {
  fprintf(stderr, "%s\n", reason);
  exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char reason[256];
  if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) fail(reason);
}

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  (void)opaque;
  if (message->err) fail(rd_kafka_err2str(message->err));
  acknowledged++;
}

static void *poll_reports(void *client) {
  while (!finished) rd_kafka_poll(client, 100);
  return NULL;
}

static void add(rd_kafka_headers_t *headers, const char *name, const char *value) {
  rd_kafka_header_add(headers, name, -1, value, -1);
}

static rd_kafka_headers_t *make_headers(long id, const char *time) {
  char uuid[64];
  rd_kafka_headers_t *headers = rd_kafka_headers_new(6);
  snprintf(uuid, sizeof uuid, "0f8fad5b-d9cb-469f-a165-%012ld", id);
  add(headers, "ce_specversion", "1.0");
  add(headers, "ce_id", uuid);
  add(headers, "ce_source", "taskc");
  add(headers, "ce_type", "work");
  add(headers, "ce_time", time);
  add(headers, "content-type", "application/json");
  return headers;
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "Usage: raw-send BROKERS TOPIC COUNT values|headers\n");
    return 2;
  }
  const int with_headers = strcmp(argv[4], "headers") == 0;
  char reason[256];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", argv[1]);
  set(conf, "enable.idempotence", "true");
  set(conf, "linger.ms", "5");
  set(conf, "queue.buffering.max.messages", "500000");
  rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (!client) fail(reason);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, argv[2], NULL);
  pthread_t poller;
  pthread_create(&poller, NULL, poll_reports, client);

  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  long sent = 0;
  while ((length = getline(&line, &capacity, stdin)) > 1) {
    for (;;) {
      rd_kafka_headers_t *headers =
          with_headers ? make_headers(sent, "2026-05-01T08:00:00.000Z") : NULL;
      rd_kafka_vu_t parts[4] = {
          {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic},
          {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
          {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {line, (size_t)length - 1}},
          {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
      };
      rd_kafka_error_t *error = rd_kafka_produceva(client, parts, with_headers ? 4 : 3);
      if (!error) break;
      if (headers) rd_kafka_headers_destroy(headers);
      if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        fail(rd_kafka_error_string(error));
      }
      rd_kafka_error_destroy(error);
      nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    sent++;
  }
  while (acknowledged < sent) rd_kafka_flush(client, 1000);
  finished = 1;
  pthread_join(poller, NULL);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  printf("{\"done\":%ld}\n", sent);
  return 0;
}
