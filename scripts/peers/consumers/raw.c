/* The limit: librdkafka by batches of its queue, whose messages are counted and freed, and nothing else.
 * Arguments: brokers, topic, group, number of messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdkafka.h"

#define BATCH 1000

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char reason[256];
  if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
    fprintf(stderr, "%s\n", reason);
    exit(1);
  }
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
  while (done < wanted) {
    ssize_t size = rd_kafka_consume_batch_queue(queue, 100, batch, BATCH);
    for (ssize_t i = 0; i < size; i++) {
      if (batch[i]->err) {
        fprintf(stderr, "%s\n", rd_kafka_message_errstr(batch[i]));
        return 1;
      }
      done++;
      rd_kafka_message_destroy(batch[i]);
    }
  }
  rd_kafka_queue_destroy(queue);
  /* Leaving commits what is left. */
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  printf("{\"done\":%ld}\n", done);
  return 0;
}
