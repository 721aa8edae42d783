import { isIPv6 } from 'node:net';

/** Groups of an IPv6 address that are the network's; the others are the client's own to choose. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** What a client's address is counted as: an IPv4 address itself, of an IPv6 one its /64, which one client may have whole. */
export function networkOf(address: string): string {
  const ipv4 = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (ipv4 !== undefined || !isIPv6(address)) return ipv4 ?? address;
  const [before = [], after = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(GROUPS - before.length - after.length).fill('0');
  const network = [...before, ...zeros, ...after].slice(0, NETWORK_GROUPS);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
