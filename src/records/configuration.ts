/** Who signs in. Times are milliseconds since 1970, UTC, here and below. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly isAdmin: boolean;
  readonly createdAt: number;
}

/** A user's group of endpoints. */
export interface Application {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly description: string | null;
  readonly isActive: boolean;
  readonly createdAt: number;
}

/** A URL that events are delivered to, with the filters that choose them. `userId` is its application's. */
export interface Endpoint {
  readonly id: string;
  readonly applicationId: string;
  readonly userId: string;
  readonly name: string;
  readonly url: string;
  readonly chainIds: readonly number[];
  readonly contractAddresses: readonly string[];
  readonly eventTopics: readonly string[];
  readonly isActive: boolean;
  readonly createdAt: number;
}
