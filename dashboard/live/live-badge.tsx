import { useEffect, useState } from 'react';
import { useLiveState } from './live.js';
import type { LiveState } from './live-socket.js';

const SAID: Record<LiveState, string> = { connecting: 'Connecting', live: 'Live', interrupted: 'Reconnecting' };
/** A connection that is back sooner was never worth a word, milliseconds. */
const PATIENCE_MS = 1_500;

export function LiveBadge() {
  const state = useLiveState();
  return (
    <output className="live" data-state={state} title="Whether numbers arrive as they change">
      {SAID[state]}
    </output>
  );
}

export function ReconnectNotice() {
  const isInterrupted = useLiveState() === 'interrupted';
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    if (!isInterrupted) return setIsLong(false);
    const timer = setTimeout(() => setIsLong(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isInterrupted]);
  if (!isLong) return null;
  return (
    <p className="reconnect" role="status">
      The connection to the gateway is lost. Numbers stand still until it is back; this page keeps trying.
    </p>
  );
}
