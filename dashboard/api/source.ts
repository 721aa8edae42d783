/** Whose deliveries: an endpoint's, an application's, or with neither all of the user's. */
export type Source = Readonly<Record<'applicationId' | 'endpointId', string | null>>;

export const EVERYTHING: Source = { applicationId: null, endpointId: null };
