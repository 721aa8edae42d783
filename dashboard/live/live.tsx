import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { EVERYTHING, type Source } from '../api/source.js';
import { type LiveHour, LiveSocket, type LiveState } from './live-socket.js';
import { Refresher } from './refresher.js';

interface LiveContext {
  readonly socket: LiveSocket | null;
  readonly refresher: Refresher | null;
}

const Live = createContext<LiveContext>({ socket: null, refresher: null });

/** One socket for all that is shown. Whatever arrives on it also has the figures asked for anew, not too often. */
export function LiveProvider({ token, children }: { readonly token: string; readonly children: ReactNode }) {
  const queries = useQueryClient();
  const [context, setContext] = useState<LiveContext>({ socket: null, refresher: null });
  useEffect(() => {
    const socket = new LiveSocket(token);
    const refresher = new Refresher(() =>
      queries.invalidateQueries({ predicate: ({ meta }) => meta?.['live'] === true }, { cancelRefetch: false }),
    );
    const stop = socket.hours(EVERYTHING, () => refresher.ask());
    setContext({ socket, refresher });
    return () => {
      stop();
      refresher.close();
      socket.close();
    };
  }, [token, queries]);
  return <Live value={context}>{children}</Live>;
}

const never = (): (() => void) => () => undefined;

export function useLiveState(): LiveState {
  const { socket } = use(Live);
  return useSyncExternalStore<LiveState>(socket?.subscribe ?? never, socket?.state ?? (() => 'connecting'));
}

/** Hears of every hour of a source that changes, while this is shown and `isOn`. */
export function useLiveHours(source: Source, isOn: boolean, onHour: (hour: LiveHour) => void): void {
  const { applicationId, endpointId } = source;
  const { socket, refresher } = use(Live);
  const latest = useRef(onHour);
  latest.current = onHour;
  useEffect(() => {
    if (socket === null || !isOn) return;
    return socket.hours({ applicationId, endpointId }, (hour) => {
      latest.current(hour);
      refresher?.ask();
    });
  }, [socket, refresher, applicationId, endpointId, isOn]);
}
