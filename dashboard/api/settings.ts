import { useQuery } from '@tanstack/react-query';

/** What the gateway tells a page before anybody has signed in. */
interface Settings {
  /** In the demo only. */
  readonly demoToken: string | null;
  /** Older attempts are not kept. */
  readonly attemptsRetentionDays: number;
  /** Whether there is a playground. */
  readonly playground: boolean;
}

async function readSettings(): Promise<Settings> {
  const response = await fetch('/dashboard/settings.json');
  if (!response.ok) throw new Error(`The gateway answered ${response.status} where its settings should be.`);
  return response.json();
}

export const useSettings = () => useQuery({ queryKey: ['settings'], queryFn: readSettings, staleTime: 60_000 });
