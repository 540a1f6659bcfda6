/* What the machine itself takes: a chain of threads that wake one another and do nothing else, as a message's way
 * from a client through the broker to another client is one of at least so many. A processor that has gone to sleep
 * may take milliseconds to come back, on a virtual machine most of all.
 * Arguments: number of wake-ups of the whole chain, microseconds between them. Prints the milliseconds of each. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* The sender's thread of librdkafka, the broker's that reads, that appends and that writes, the receiver's of
 * librdkafka, and the receiver. */
#define THREADS 6

static int events[THREADS], finished;
static double woken_at;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int new_event(void) {
  const int event = eventfd(0, 0);
  if (event < 0) {
    perror("eventfd");
    exit(1);
  }
  return event;
}

static void wake(int event) {
  const uint64_t one = 1;
  if (write(event, &one, sizeof one) < 0) abort();
}

static void wait_for(int event) {
  uint64_t count;
  while (read(event, &count, sizeof count) < 0) {
    if (errno != EINTR) abort();
  }
}

static void *pass_on(void *argument) {
  const long own = (long)argument;
  for (;;) {
    wait_for(events[own]);
    if (own + 1 < THREADS) {
      wake(events[own + 1]);
    } else {
      woken_at = now();
      wake(finished);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "Usage: wake-ups COUNT MICROSECONDS\n");
    return 2;
  }
  finished = new_event();
  for (long i = 0; i < THREADS; i++) events[i] = new_event();
  for (long i = 0; i < THREADS; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, pass_on, (void *)i) != 0) return 1;
  }
  const long count = atol(argv[1]);
  const useconds_t between = (useconds_t)atol(argv[2]);
  for (long i = 0; i < count; i++) {
    usleep(between);
    const double began = now();
    wake(events[0]);
    wait_for(finished);
    printf("%.4f\n", woken_at - began);
  }
  return 0;
}
