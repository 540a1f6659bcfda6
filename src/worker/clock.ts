/** Time, as the worker's parts receive it. */
export interface Clock {
  /** Milliseconds that only rise, for waits and run times. */
  now(): number;
  /** Milliseconds since the epoch, for records and events. */
  wall(): number;
}
