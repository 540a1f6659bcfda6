/**
 * librdkafka properties that taskc does not hand on, each with the reason: those that would lose
 * messages, those that break the worker, and those that have an option of their own. Names are
 * librdkafka's own, not its aliases.
 */

export interface PropertyRule {
  /** Values that say what taskc does anyway, and are let through. */
  except?: readonly string[];
  /** Continues "Cannot use -X name: …". */
  reason: string;
}

const COMMITS =
  "taskc commits an offset only when its task has finished; anything else loses messages";
const OFFSET_FILES = "offsets are kept by the brokers";
const SHARE = "it is for share consumers, and taskc is none";
const INTERNAL = "taskc sets it itself";

export const PROPERTY_RULES: Readonly<Record<string, PropertyRule>> = {
  "enable.auto.commit": { except: ["false"], reason: COMMITS },
  "auto.commit.enable": { except: ["false"], reason: COMMITS },
  "enable.auto.offset.store": { except: ["false"], reason: COMMITS },
  "auto.commit.interval.ms": { reason: "use --commit-interval" },
  "offset.store.method": { except: ["broker"], reason: OFFSET_FILES },
  "offset.store.path": { reason: OFFSET_FILES },
  "offset.store.sync.interval.ms": { reason: OFFSET_FILES },

  "request.required.acks": {
    except: ["-1"],
    reason:
      'a message counts as sent when all in-sync replicas have it; less than "all" loses messages',
  },
  "delivery.report.only.error": {
    except: ["false"],
    reason: "taskc waits for the acknowledgement of each message",
  },
  "enable.gapless.guarantee": {
    except: ["false"],
    reason: "one failed message would stop the producer for good",
  },
  "queuing.strategy": { except: ["fifo"], reason: "messages of one key must keep their order" },
  "transactional.id": { reason: "taskc does not send in transactions" },
  "transaction.timeout.ms": { reason: "taskc does not send in transactions" },

  "metadata.broker.list": { reason: "use --brokers" },
  "group.id": { reason: "use --group" },
  "group.instance.id": { reason: "use --instance-id" },
  "group.protocol": { reason: "use --group-protocol" },
  "auto.offset.reset": { reason: "use --from" },
  "queued.min.messages": { reason: "use --max-bytes, which bounds all that is fetched ahead" },
  "queued.max.messages.kbytes": {
    reason: "use --max-bytes, which bounds all that is fetched ahead",
  },
  "allow.auto.create.topics": { except: ["false"], reason: "use --create-topics" },

  "partition.assignment.strategy": {
    except: ["cooperative-sticky"],
    reason: 'only "cooperative-sticky" lets kept partitions flow during a rebalance',
  },
  "isolation.level": {
    except: ["read_committed"],
    reason: "tasks of aborted transactions would run",
  },
  "enable.partition.eof": { reason: INTERNAL },
  "statistics.interval.ms": { reason: `${INTERNAL}; its figures are in --stats` },
  "enabled_events": { reason: INTERNAL },
  "log.queue": { reason: INTERNAL },
  "api.version.request": { except: ["true"], reason: "brokers before 0.10 are not supported" },
  "enable.random.seed": { except: ["true"], reason: INTERNAL },
  "internal.termination.signal": { reason: "taskc owns the signals of its process" },
  "builtin.features": { reason: "it tells what was built in, and cannot be chosen" },
  "max.poll.records": { reason: SHARE },
  "share.acknowledgement.mode": { reason: SHARE },
};

/** What a group protocol does not know, with what stands in its place. */
export const PROTOCOL_RULES: Readonly<Record<"consumer" | "classic", Record<string, string>>> = {
  consumer: {
    "session.timeout.ms": "the brokers set it (group.consumer.session.timeout.ms)",
    "heartbeat.interval.ms": "the brokers set it (group.consumer.heartbeat.interval.ms)",
    "partition.assignment.strategy": "the brokers assign; group.remote.assignor chooses how",
    "group.protocol.type": "the classic protocol alone has it",
  },
  classic: {
    "group.remote.assignor": "members assign, and the brokers do not",
  },
};

/** Names that users of the Java client know, and what they are called here. */
export const JAVA_NAMES: Readonly<Record<string, string>> = {
  "sasl.jaas.config": "use sasl.username and sasl.password",
  "ssl.truststore.location": "use ssl.ca.location, a file of PEM certificates",
  "ssl.truststore.password": "use ssl.ca.location, a file of PEM certificates",
  "ssl.truststore.certificates": "use ssl.ca.pem",
  "ssl.keystore.certificate.chain": "use ssl.certificate.pem",
  "ssl.keystore.key": "use ssl.key.pem",
  "buffer.memory": "use queue.buffering.max.kbytes",
  "max.block.ms": "use --timeout where a command has it",
  "default.api.timeout.ms": "use --timeout where a command has it",
  "key.serializer": "taskc writes keys as they are",
  "value.serializer": "the task's schema and decode say how values are read",
  "key.deserializer": "taskc hands keys over as they are",
  "value.deserializer": "the task's schema and decode say how values are read",
};
