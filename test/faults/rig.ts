/** A cluster behind proxies, with the observer on it. */
import { Cluster } from "./cluster.ts";
import { Observer } from "./observer.ts";
import { Proxies } from "./proxies.ts";
import type { Rig } from "./scene.ts";

export type OpenRig = Rig & AsyncDisposable;

/** `folder` is where scripts/kafka keeps the cluster. */
export async function openRig(folder: string, { brokers = 3 } = {}): Promise<OpenRig> {
  const stack = new AsyncDisposableStack();
  try {
    const cluster = stack.use(await Cluster.start(folder, brokers));
    const proxies = stack.use(await Proxies.start(cluster));
    const observer = stack.use(await Observer.connect(cluster));
    return { cluster, proxies, observer, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
