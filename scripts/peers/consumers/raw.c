/* The limit: librdkafka by batches of its queue, whose messages are counted and freed, and nothing else.
 * Arguments: brokers, topic, group, number of messages. With BENCH_STARTS=1 each message is told when it is at
 * hand, by the id that its JSON begins with and the time in milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rdkafka.h"

#define BATCH 1000

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char reason[256];
  if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
    fprintf(stderr, "%s\n", reason);
    exit(1);
  }
}

static void tell_start(const rd_kafka_message_t *message) {
  struct timespec now;
  long id = -1;
  clock_gettime(CLOCK_REALTIME, &now);
  sscanf(message->payload, "{\"id\":%ld", &id);
  printf("%ld %.6f\n", id, (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "Usage: raw BROKERS TOPIC GROUP COUNT\n");
    return 2;
  }
  char reason[256];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", argv[1]);
  set(conf, "group.id", argv[3]);
  set(conf, "auto.offset.reset", "earliest");
  set(conf, "auto.commit.interval.ms", "1000");
  set(conf, "fetch.queue.backoff.ms", "100");
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
  if (!client) {
    fprintf(stderr, "%s\n", reason);
    return 1;
  }
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, argv[2], RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client, topics);
  rd_kafka_topic_partition_list_destroy(topics);

  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
  rd_kafka_message_t *batch[BATCH];
  long wanted = atol(argv[4]), done = 0;
  int tells_starts = getenv("BENCH_STARTS") != NULL;
  /* A batch is waited for until it is full. */
  size_t batch_size = tells_starts ? 1 : BATCH;
  while (done < wanted) {
    ssize_t size = rd_kafka_consume_batch_queue(queue, 100, batch, batch_size);
    for (ssize_t i = 0; i < size; i++) {
      if (batch[i]->err) {
        fprintf(stderr, "%s\n", rd_kafka_message_errstr(batch[i]));
        return 1;
      }
      /* For whoever measures the start. */
      if (done++ == 0 && !tells_starts) {
        puts("first");
        fflush(stdout);
      }
      if (tells_starts) tell_start(batch[i]);
      rd_kafka_message_destroy(batch[i]);
    }
    if (tells_starts) fflush(stdout);
  }
  rd_kafka_queue_destroy(queue);
  /* Leaving commits what is left. */
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  printf("{\"done\":%ld}\n", done);
  return 0;
}
