/**
 * Where this process does not connect to, whatever address it is given by somebody who may name one: the metadata services of clouds,
 * which hand the keys of the machine to whoever asks.
 *
 * N1. What counts is the address of each connection that is begun, after every lookup and every redirect: a name that leads elsewhere the
 *     second time, or an address in another writing, does not help.
 * N2. It holds for everything that is begun by `work`, by whichever driver; for nothing else in the process.
 * N3. An IPv4 network is refused in its IPv6 forms, too: mapped (`::ffff:a.b.c.d`) and by NAT64 (`64:ff9b::a.b.c.d`).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { BlockList, isIPv4, type Socket } from 'node:net';

/** Does the work; a connection that it begins to a refused network fails with `ERR_IP_BLOCKED`. */
export type NetworkGuard = <T>(work: () => Promise<T>) => Promise<T>;

/** For people, of a connection that failed so. */
export const BLOCKED = 'its address is in a network that Headrace is not to connect to: see HEADRACE_REFUSED_NETWORKS';

/** Of the setting: nothing is refused. */
const NONE = 'none';
const NAT64 = '64:ff9b::';
const NAT64_BITS = 96;

const refusedHere = new AsyncLocalStorage<BlockList | undefined>();
let watching = false;

/** `networks`: addresses, or networks such as `10.0.0.0/8`; `none` alone refuses nothing. Throws RangeError or TypeError for what is neither. */
export function refuseNetworks(networks: readonly string[]): NetworkGuard {
  const refused = new BlockList();
  for (const network of networks) if (network !== NONE) add(refused, network);
  watch();
  return (work) => refusedHere.run(refused, work);
}

/** What is not asked for by whoever named the address: a cloud's own way to give this process its credentials. */
export function unguarded<T>(work: () => T): T {
  return refusedHere.run(undefined, work);
}

function add(refused: BlockList, network: string): void {
  const [address = '', prefix] = network.split('/');
  if (!isIPv4(address)) {
    refused.addSubnet(address, prefix === undefined ? 128 : Number(prefix), 'ipv6');
    return;
  }
  const bits = prefix === undefined ? 32 : Number(prefix);
  refused.addSubnet(address, bits, 'ipv4');
  refused.addSubnet(`${NAT64}${address}`, NAT64_BITS + bits, 'ipv6');
}

/** Node tells of each socket before it connects, and asks the socket's own list before each address that it tries. */
function watch(): void {
  if (watching) return;
  watching = true;
  subscribe('net.client.socket', (message) => {
    const refused = refusedHere.getStore();
    if (refused === undefined) return;
    const { socket } = message as { readonly socket: Socket };
    Object.assign(socket, { blockList: refused });
  });
}
