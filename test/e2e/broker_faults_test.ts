/** Brokers that end and networks that fail under load: scripts/faults in its quick form. */
import { BROKER_FAULTS } from "../faults/faults.ts";
import { faultTests } from "../faults/quick.ts";

// The coordinator leads partitions too, so its end is the end of a leader.
faultTests(BROKER_FAULTS.filter(({ name }) => name !== "leader"));
